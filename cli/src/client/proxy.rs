//! The proxy on the way to a server, by the same rules as the transport's own.

use home::ServerUrl;
use hyper_util::client::proxy::matcher::Matcher;

/// A proxy, as it may be shown: without the user and password that its URL may hold.
pub(crate) struct Proxy {
    scheme: String,
    /// Host and port.
    pub(crate) authority: String,
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The proxy that requests to `server` go through, by HTTP_PROXY and its kin.
pub(crate) fn of(server: &ServerUrl) -> Option<Proxy> {
    by(&Matcher::from_env(), server)
}

/// The same by these rules. A server on this machine is reached without.
pub(crate) fn by(rules: &Matcher, server: &ServerUrl) -> Option<Proxy> {
    if server.is_loopback() {
        return None;
    }
    let through = rules.intercept(&server.as_str().parse().ok()?)?;
    let uri = through.uri();
    let whole = uri.authority().map_or("", |authority| authority.as_str());
    let authority = whole.rsplit_once('@').map_or(whole, |(_, host)| host);
    Some(Proxy {
        scheme: uri.scheme_str().unwrap_or("http").to_owned(),
        authority: authority.to_owned(),
    })
}
