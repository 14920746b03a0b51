//! Where requests go: scheme, host, port and the path that all of them share.

use std::sync::Arc;

use http::Uri;
use http::header::HeaderValue;
use http::uri::Scheme;

/// A base URL, taken apart once. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    tls: bool,
    host: String,
    port: u16,
    host_header: HeaderValue,
    base_path: String,
    label: String,
}

/// A text that is no base URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Not a URL at all.
    #[error("this is not a URL: write http://host:port/path or https://...")]
    Syntax,
    /// Another scheme.
    #[error("a URL must begin with http:// or https://")]
    Scheme,
    /// `user:password@` inside.
    #[error("a URL must not carry a user name or a password: store the key as a secret")]
    Credentials,
    /// `?` or `#` inside.
    #[error("a base URL has no query")]
    Query,
}

impl Origin {
    /// Takes a base URL apart. A trailing `/` means nothing.
    pub fn parse(url: &str) -> Result<Self, BadUrl> {
        let uri: Uri = url.trim().parse().map_err(|_| BadUrl::Syntax)?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(BadUrl::Scheme),
        };
        let authority = uri.authority().ok_or(BadUrl::Syntax)?;
        if authority.as_str().contains('@') {
            return Err(BadUrl::Credentials);
        }
        if uri.query().is_some() {
            return Err(BadUrl::Query);
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(BadUrl::Syntax);
        }
        let default_port = if tls { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default_port);
        let host_text = if port == default_port {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        let scheme = if tls { "https" } else { "http" };
        Ok(Self(Arc::new(Parts {
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            host_header: HeaderValue::from_str(&host_text).map_err(|_| BadUrl::Syntax)?,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            label: format!("{scheme}://{host}:{port}"),
        })))
    }

    /// The path of a request below this base: `/v1` and `models` give `/v1/models`.
    pub fn join(&self, path: &str) -> String {
        let base = &self.0.base_path;
        let path = path.trim_start_matches('/');
        [base, "/", path].concat()
    }

    /// Scheme, host and port: for messages, and as the key of a pool.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.0.tls
    }

    pub(crate) fn host(&self) -> &str {
        &self.0.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    pub(crate) fn host_header(&self) -> HeaderValue {
        self.0.host_header.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_taken_apart() {
        let origin = Origin::parse("http://[::1]:8000/v1/").unwrap();
        assert_eq!(
            (origin.host(), origin.port(), origin.is_tls()),
            ("::1", 8000, false)
        );
        assert_eq!(origin.join("chat/completions"), "/v1/chat/completions");
        assert_eq!(origin.host_header(), "[::1]:8000");
        let origin = Origin::parse("https://api.openai.com").unwrap();
        assert_eq!(origin.join("/models"), "/models");
        assert_eq!(origin.host_header(), "api.openai.com");
    }

    #[test]
    fn what_is_no_base_url_says_why() {
        let why = |url| Origin::parse(url).unwrap_err();
        assert_eq!(why("api.openai.com/v1"), BadUrl::Syntax);
        assert_eq!(why("ftp://host/"), BadUrl::Scheme);
        assert_eq!(why("http://user:pass@host/"), BadUrl::Credentials);
        assert_eq!(why("http://host/?key=x"), BadUrl::Query);
    }
}
