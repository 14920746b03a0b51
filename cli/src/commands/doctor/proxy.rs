//! Which proxies the environment names, and whether the server is reached through one.

use home::ServerUrl;
use hyper_util::client::proxy::matcher::Matcher;

use super::finding::Finding;
use super::look::Look;
use crate::client::proxy;
use crate::session::variable;

/// The variables that name proxies, and where to go without.
const VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

pub(super) fn check(look: &Look) -> Finding {
    let set: Vec<_> = VARIABLES
        .into_iter()
        .filter(|name| variable(name).is_some())
        .collect();
    if set.is_empty() {
        return Finding::ok("none is set");
    }
    match look.server() {
        Ok(server) => judge(server, &set.join(", "), &Matcher::from_env()),
        Err(_) => Finding::skip(format!("{} set; no server is configured", set.join(", "))),
    }
}

fn judge(server: &ServerUrl, set: &str, rules: &Matcher) -> Finding {
    if server.is_loopback() {
        return Finding::ok(format!(
            "{set} set; a server on this machine is reached without"
        ));
    }
    let Some(proxy) = proxy::by(rules, server) else {
        return Finding::ok(format!("{set} set; not used for {server}"));
    };
    let (proxy, host) = (proxy.authority, server.host());
    Finding::warn(format!(
        "mcpctl reaches {server} through the proxy {proxy}; mcplocal uses no proxy, and dials it directly"
    ))
    .fix(format!("add {host} to NO_PROXY where it can be reached directly"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn judged(server: &str) -> Finding {
        let rules = Matcher::builder()
            .all("http://me:hunter2@proxy.example:3128")
            .no("direct.example")
            .build();
        judge(&server.parse().unwrap(), "ALL_PROXY", &rules)
    }

    #[test]
    fn the_proxy_on_the_way_is_named_without_its_password() {
        let finding = judged("https://mcpd.example:8443");
        assert_eq!(finding.verdict, Verdict::Warn);
        assert!(finding.detail.contains("proxy.example:3128"), "{finding:?}");
        assert!(!finding.detail.contains("hunter2"));
        assert_eq!(
            finding.fix.unwrap(),
            "add mcpd.example to NO_PROXY where it can be reached directly"
        );
    }

    #[test]
    fn a_server_that_is_reached_directly_is_fine() {
        assert_eq!(judged("https://direct.example").verdict, Verdict::Ok);
        assert_eq!(judged("http://127.0.0.1:8765").verdict, Verdict::Ok);
    }
}
