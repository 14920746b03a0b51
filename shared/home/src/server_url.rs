//! The address of an mcpd, in one spelling: what credentials are bound to.

use std::fmt;
use std::str::FromStr;

/// An `http` or `https` URL without user, query or fragment.
///
/// Shape: scheme and host in lower case, no default port, no `/` at the end; a path is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerUrl(String);

/// Why a text is no [`ServerUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadServerUrl {
    /// No scheme, or none that we speak.
    #[error("`{0}` is not a server URL: it must begin with http:// or https://")]
    Scheme(String),
    /// Nothing between scheme and path.
    #[error("`{0}` is not a server URL: it names no host")]
    NoHost(String),
    /// `user:password@`. Not repeated, since it may hold a password.
    #[error("a server URL must not hold a user or a password: use `mcpctl login URL`")]
    User,
    /// A query, a fragment, a space or a control character.
    #[error("`{url}` is not a server URL: {found:?} can't stand in it")]
    Character {
        /// The whole text, control characters escaped.
        url: String,
        /// The character at fault.
        found: char,
    },
    /// Not a number of 16 bits.
    #[error("`{0}` is not a server URL: the port must be 1 to 65535")]
    Port(String),
}

impl ServerUrl {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Host and port (where it is not the default one), such as `127.0.0.1:8765`.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// The host alone; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        let host = match self.authority().rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => self.authority(),
        };
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether the server is this machine, by name or address.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for ServerUrl {
    type Err = BadServerUrl;

    fn from_str(text: &str) -> Result<Self, BadServerUrl> {
        let text = text.trim();
        let shown = || text.escape_debug().to_string();
        if text.contains('@') {
            return Err(BadServerUrl::User);
        }
        let wrong = |c: &char| c.is_whitespace() || c.is_control() || "?#\\\"<>".contains(*c);
        if let Some(found) = text.chars().find(wrong) {
            return Err(BadServerUrl::Character {
                url: shown(),
                found,
            });
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| BadServerUrl::Scheme(shown()))?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(BadServerUrl::Scheme(shown())),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_port(authority).ok_or_else(|| BadServerUrl::Port(shown()))?;
        // Two colons, and no brackets around an address.
        if host.contains(':') && !host.contains(['[', ']']) {
            return Err(BadServerUrl::Port(shown()));
        }
        if host.is_empty() || !has_whole_brackets(host) {
            return Err(BadServerUrl::NoHost(shown()));
        }
        let host = host.to_ascii_lowercase();
        let port = port.filter(|port| *port != default_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let path = path.trim_end_matches('/');
        Ok(Self(format!("{scheme}://{host}{port}{path}")))
    }
}

/// Host and port; `None` where the port is no port.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_host = authority.rfind(']').map_or(0, |end| end + 1);
    match authority[after_host..].rfind(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = authority.split_at(after_host + colon);
            let digits = &port[1..];
            // A sign is read as part of a number, too.
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let port = digits.parse().ok().filter(|port| *port != 0)?;
            Some((host, Some(port)))
        }
    }
}

/// Brackets stand around an IPv6 address, its zone behind a `%`, and nowhere else.
fn has_whole_brackets(host: &str) -> bool {
    if !host.contains(['[', ']']) {
        return true;
    }
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = inner.map(|inner| inner.split('%').next().unwrap_or(inner));
    address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URLS: [&str; 6] = [
        "HTTPS://Mcpd.Example:443/",
        "http://127.0.0.1:8765/base/",
        "http://[::1]:80/Base/",
        "http://[fe80::1%25eth0]:65535",
        "http://me:hunter2@x",
        "https://xn--bcher-kva.example//",
    ];

    fuzzing::targets! {
        fn a_url_has_one_spelling_or_none(text in fuzzing::garbled(&URLS, 4)) {
            let text = String::from_utf8_lossy(&text).into_owned();
            match text.parse::<ServerUrl>() {
                Ok(url) => {
                    prop_assert_eq!(url.as_str().parse::<ServerUrl>().ok(), Some(url.clone()));
                    prop_assert!(!url.host().is_empty() && !url.as_str().contains('@'), "{}", url);
                    let _ = url.is_loopback();
                }
                Err(why) => {
                    let why = why.to_string();
                    prop_assert!(!why.chars().any(char::is_control) && !why.contains("hunter2@"), "{:?}", why);
                }
            }
        }
    }

    fn read(text: &str) -> String {
        text.parse::<ServerUrl>().unwrap().to_string()
    }

    #[test]
    fn one_server_has_one_spelling() {
        assert_eq!(read("HTTPS://Mcpd.Example:443/"), "https://mcpd.example");
        assert_eq!(read("http://127.0.0.1:8765"), "http://127.0.0.1:8765");
        assert_eq!(read("http://[::1]:80/Base/"), "http://[::1]/Base");
    }

    #[test]
    fn a_wrong_url_says_what_is_wrong_and_never_repeats_a_password() {
        let why = |text: &str| text.parse::<ServerUrl>().unwrap_err().to_string();
        assert!(why("localhost:8765").contains("begin with http"));
        assert!(why("ftp://x").contains("begin with http"));
        assert!(why("http://").contains("no host"));
        assert!(why("http://[").contains("no host") && why("http://[::1").contains("no host"));
        assert!(why("http://x:99999").contains("port"));
        assert!(why("http://x:+80").contains("port") && why("http://[::1]:+80").contains("port"));
        assert!(why("http://x:").contains("port"));
        assert!(why("http://x:y:443").contains("port"));
        assert!(why("http://x/?a=b").contains("'?'"));
        assert!(!why("http://me:hunter2@x").contains("hunter2"));
        assert!(!why("http://x\u{1b}[2J").contains('\u{1b}'));
    }

    #[test]
    fn the_own_machine_is_recognised() {
        let local = |text: &str| text.parse::<ServerUrl>().unwrap().is_loopback();
        assert!(local("http://localhost:1") && local("http://127.1.2.3") && local("http://[::1]"));
        assert!(!local("http://10.0.0.1:8765") && !local("https://localhost.example"));
    }
}
