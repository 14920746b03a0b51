//! The proxy on the way to a server, by the same rules as the transport's own.

use home::ServerUrl;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxy that requests to `server` go through, by HTTP_PROXY and its kin, without its password.
pub(crate) fn of(server: &ServerUrl) -> Option<String> {
    if server.is_loopback() {
        return None;
    }
    let url = server.as_str().parse().ok()?;
    let proxy = Matcher::from_env().intercept(&url)?;
    let uri = proxy.uri();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    Some(format!("{}://{host}", uri.scheme_str().unwrap_or("http")))
}
