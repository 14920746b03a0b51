//! mcplocal runs, where there is something to publish.

use super::finding::Finding;
use super::look::Look;
use crate::clock::now;
use crate::duration::age;

pub(super) async fn check(look: &Look) -> Finding {
    let status = match look.daemon().await {
        Ok(status) => status,
        Err(_) if look.published().is_empty() && !look.home.socket_path().exists() => {
            return Finding::skip("mcplocal does not run, and nothing is to be published")
                .fix("`mcpctl init` publishes what runs on this machine");
        }
        Err(failure) => {
            return Finding::failed(failure).fix(
                "`mcpctl local install` starts it with every session, `mcpctl init` in any case",
            );
        }
    };
    let up = age(now().since(status.started_at));
    let finding = format!(
        "mcplocal {} runs (process {}), up {up}",
        status.version, status.pid
    );
    let configured = look.config.as_ref().ok().and_then(|config| config.server());
    match (configured, &status.server) {
        (Some(named), Some(used)) if named.trim_end_matches('/') != used => Finding::warn(format!(
            "{finding}, and publishes to {used}, not to {named} of config.json"
        ))
        .fix("it was started with MCPCTL_SERVER set: restart it without"),
        _ => Finding::ok(finding),
    }
}
