//! mcpctl, mcpd and mcplocal are of one version.

use super::finding::Finding;
use super::look::Look;

const CLIENT: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn check(look: &Look) -> Finding {
    let server = look.welcome().await;
    let server = server.and_then(|hello| hello.body.get("serverVersion")?.as_str());
    let daemon = look.daemon().await.as_ref().ok();
    let daemon = daemon.map(|status| status.version.as_str());
    judge(&[
        ("mcpctl", Some(CLIENT)),
        ("mcpd", server),
        ("mcplocal", daemon),
    ])
}

fn judge(programs: &[(&str, Option<&str>)]) -> Finding {
    let known: Vec<_> = programs
        .iter()
        .filter_map(|(name, version)| Some((*name, (*version)?)))
        .collect();
    let told: Vec<_> = known
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let detail = told.join(", ");
    let newest = known.iter().map(|(_, version)| order(version)).max();
    let old = known
        .iter()
        .filter(|(_, version)| Some(order(version)) != newest);
    let old: Vec<_> = old.map(|(name, _)| *name).collect();
    if old.is_empty() {
        return Finding::ok(detail);
    }
    Finding::warn(format!("{detail}: they may not understand each other")).fix(format!(
        "update {}, and restart what runs",
        old.join(" and ")
    ))
}

/// The numbers of a version, for comparing.
fn order(version: &str) -> Vec<u64> {
    let numbers = version.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_ones_are_named() {
        let same = [
            ("mcpctl", Some("0.1.0")),
            ("mcpd", Some("0.1.0")),
            ("mcplocal", None),
        ];
        assert_eq!(judge(&same), Finding::ok("mcpctl 0.1.0, mcpd 0.1.0"));
        let skew = [
            ("mcpctl", Some("0.9.0")),
            ("mcpd", Some("0.10.0")),
            ("mcplocal", Some("0.10.0")),
        ];
        assert_eq!(
            judge(&skew).fix.unwrap(),
            "update mcpctl, and restart what runs"
        );
    }
}
