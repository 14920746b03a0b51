//! Where requests go: scheme, host, port and the path that all of them share.

use std::net::Ipv6Addr;
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
    /// Something else behind the host's `:`.
    #[error("the port of a URL must be a number from 1 to 65535")]
    Port,
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
        // The parser drops what follows a `#`.
        if uri.query().is_some() || url.contains('#') {
            return Err(BadUrl::Query);
        }
        let host = authority.host();
        if host.is_empty() || !is_address_where_in_brackets(host) {
            return Err(BadUrl::Syntax);
        }
        let default_port = if tls { 443 } else { 80 };
        let port = match &authority.as_str()[host.len()..] {
            "" | ":" => default_port,
            port => port
                .strip_prefix(':')
                .and_then(number)
                .ok_or(BadUrl::Port)?,
        };
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

fn is_address_where_in_brackets(host: &str) -> bool {
    let Some(rest) = host.strip_prefix('[') else {
        return true;
    };
    let inner = rest.strip_suffix(']');
    inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok())
}

/// A port in digits alone: numbers of Rust may have a sign.
fn number(port: &str) -> Option<u16> {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|port| digits && *port != 0)
}

#[cfg(test)]
mod tests {
    use fuzzing::proptest::prelude::*;

    use super::*;

    const WRITTEN: [&str; 8] = [
        "http://localhost:11434/v1",
        "https://api.openai.com",
        "http://[::ffff:127.0.0.1]:8000/v1/",
        "https://user:password@host/v1",
        "http://host:65535/",
        "https://host/v1?key=value#part",
        "http://0x7f.1:080//a@b/",
        "http://host:/%2e%2e/v1",
    ];

    fuzzing::targets! {
        fn what_is_taken_for_a_base_url_is_called_as_it_was_written(
            text in fuzzing::garbled(&WRITTEN, 3),
        ) {
            let text = String::from_utf8_lossy(&text).into_owned();
            let Ok(origin) = Origin::parse(&text) else {
                return Ok(());
            };
            let (scheme, rest) = text.trim().split_once("://").unwrap();
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            prop_assert!(!path.contains(['?', '#']) && !authority.contains(['@', '?', '#']));
            let after_host = authority.rfind(']').unwrap_or(0);
            let (host, port) = match authority[after_host..].find(':') {
                Some(colon) => authority.split_at(after_host + colon),
                None => (authority, ""),
            };
            let default = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
            let port = port.strip_prefix(':').filter(|port| !port.is_empty());
            let port = port.map_or(Ok(default), str::parse::<u16>);
            prop_assert_eq!(Ok(origin.port()), port);
            prop_assert_eq!(origin.host(), host.trim_matches(['[', ']']));
            prop_assert!(!origin.host().is_empty());
            let joined = origin.join("models");
            let sent: http::uri::PathAndQuery = joined.parse().unwrap();
            prop_assert_eq!(sent.as_str(), &joined);
            prop_assert_eq!(&Origin::parse(origin.label()).unwrap().0.label, origin.label());
        }
    }

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
        assert_eq!(why("http://[127.0.0.1]/"), BadUrl::Syntax);
        assert_eq!(why("http://[::1]8000/"), BadUrl::Port);
        assert_eq!(why("ftp://host/"), BadUrl::Scheme);
        assert_eq!(why("http://user:pass@host/"), BadUrl::Credentials);
        assert_eq!(why("http://host/?key=x"), BadUrl::Query);
        assert_eq!(why("http://host/v1#part"), BadUrl::Query);
        for port in ["114340", "1e3", "+80", "-1", "0"] {
            let bad = Origin::parse(&format!("http://host:{port}/"));
            assert_eq!(bad, Err(BadUrl::Port), "{port}");
        }
    }
}
