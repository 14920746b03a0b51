//! mcplocal and the server hear each other: both sides are asked, and must tell the same.

use std::time::Duration;

use serde_json::Value;
use shared::local_control::Status;
use shared::timestamp::Timestamp;

use super::finding::Finding;
use super::look::Look;
use crate::client::name_of;
use crate::clock::now;
use crate::duration::age;

/// A heartbeat older than this is late: one comes after every ping, each 15 s.
const LATE: Duration = Duration::from_secs(45);

pub(super) async fn check(look: &Look) -> Finding {
    let Ok(status) = look.daemon().await else {
        return Finding::skip("mcplocal does not run");
    };
    let Ok(server) = look.server() else {
        return Finding::skip("no server is configured");
    };
    match &status.server {
        Some(used) if used != server.as_str() => {
            return Finding::skip(format!("mcplocal publishes to another server, {used}"));
        }
        _ => {}
    }
    if let Some(finding) = one_sided(status) {
        return finding;
    }
    let Some(hello) = look.welcome().await else {
        return Finding::skip("mcplocal says it is connected; the server can't be asked");
    };
    match look.rows().await {
        // The server's own clock tells how old its heartbeats are.
        Ok(rows) => judge(status, &rows, hello.date.unwrap_or_else(now)),
        Err(failure) => Finding::failed(&failure),
    }
}

/// What mcplocal alone is enough for.
fn one_sided(status: &Status) -> Option<Finding> {
    let link = &status.link;
    let why = link.last_error.iter().map(|why| format!(": {why}"));
    let why: String = why.collect();
    match link.state.as_str() {
        "connected" => None,
        "idle" if link.last_error.is_none() => Some(Finding::skip("there is nothing to publish")),
        "superseded" => Some(
            Finding::fail("another mcplocal uses the same session")
                .fix("stop the other one, or give this machine a home of its own (MCPCTL_HOME)"),
        ),
        state => {
            let since = age(now().since(link.since));
            Some(
                Finding::fail(format!(
                    "mcplocal is not connected ({state} for {since}){why}"
                ))
                .fix("what `server` and `auth` say above; `mcpctl local logs` shows each attempt"),
            )
        }
    }
}

fn judge(status: &Status, rows: &Value, now: Timestamp) -> Finding {
    let session = status.link.provider_session_id.as_deref();
    let text =
        |row: &Value, path: &str| row.pointer(path).and_then(Value::as_str).map(String::from);
    let items = rows.get("items").and_then(Value::as_array);
    let rows: Vec<_> = items.into_iter().flatten().collect();
    let offered = status
        .providers
        .iter()
        .filter(|provider| provider.publish && provider.ready != Some(false));
    let mut missing = Vec::new();
    let (mut seen, mut heard) = (0, None);
    for provider in offered {
        let row = rows
            .iter()
            .find(|row| name_of(row) == provider.name.as_str());
        let ours = row.filter(|row| text(row, "/status/providerSessionId").as_deref() == session);
        let phase = ours.and_then(|row| text(row, "/status/phase"));
        match phase.as_deref() {
            Some("active" | "hibernating") => seen += 1,
            _ => missing.push(match (row, ours) {
                (None, _) => format!("`{}` is not in the server's list", provider.name),
                (Some(_), None) => format!("`{}` is served by somebody else", provider.name),
                (_, Some(_)) => format!("`{}` is {}", provider.name, phase.unwrap_or_default()),
            }),
        }
        let beat = ours.and_then(|row| row.pointer("/status/lastHeartbeatAt").cloned());
        heard = heard.max(beat.and_then(|at| serde_json::from_value::<Timestamp>(at).ok()));
    }
    if let Some(first) = missing.first() {
        return Finding::fail(format!("mcplocal is connected, but for the server {first}")).fix(
            "`mcpctl local status` says why; another name in config.json helps where it is taken",
        );
    }
    let connected = age(now.since(status.link.since));
    let Some(heard) = heard.map(|heard| now.since(heard)) else {
        return Finding::ok(format!("connected for {connected}; nothing is offered now"));
    };
    let both = format!(
        "connected for {connected}, {seen} active, and the server heard it {} ago",
        age(heard)
    );
    if heard > LATE {
        return Finding::warn(both)
            .fix("a proxy or firewall may hold the channel back; `mcpctl local logs` shows pings");
    }
    Finding::ok(both)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::Verdict;
    use super::*;

    fn status(state: &str, ready: bool) -> Status {
        serde_json::from_value(json!({"version": "1", "pid": 1, "startedAt": "2026-01-01T00:00:00.000Z",
            "configPath": "/c", "server": "http://s", "problems": [],
            "providers": [{"name": "a", "type": "ollama", "model": "m", "publish": true, "ready": ready,
                "inFlight": 0, "message": null}],
            "link": {"state": state, "epoch": 1, "providerSessionId": "s1",
                "since": "2026-01-01T00:00:00.000Z", "lastError": null, "retryInMs": null}}))
        .unwrap()
    }

    fn judged(row: &Value, seconds_after: u64) -> Finding {
        let beat: Timestamp = "2026-01-01T00:10:00.000Z".parse().unwrap();
        let rows = json!({"items": [row]});
        judge(
            &status("connected", true),
            &rows,
            beat.plus(Duration::from_secs(seconds_after)),
        )
    }

    fn row(phase: &str, session: &str) -> Value {
        json!({"metadata": {"name": "a"}, "status": {"phase": phase, "providerSessionId": session,
            "lastHeartbeatAt": "2026-01-01T00:10:00.000Z"}})
    }

    #[test]
    fn both_sides_must_tell_the_same() {
        let good = judged(&row("active", "s1"), 4);
        assert_eq!(
            good,
            Finding::ok("connected for 10m, 1 active, and the server heard it 4s ago")
        );
        assert_eq!(judged(&row("active", "s1"), 60).verdict, Verdict::Warn);
        let told = |row: &Value| judged(row, 4).detail;
        assert!(told(&row("inactive", "s1")).contains("`a` is inactive"));
        assert!(told(&row("active", "s2")).contains("somebody else"));
        assert!(told(&json!({})).contains("not in the server's list"));
    }

    #[test]
    fn a_provider_that_is_not_ready_is_the_providers_fault_not_the_channels() {
        let finding = judge(
            &status("connected", false),
            &json!({"items": []}),
            Timestamp::default(),
        );
        assert_eq!(finding.verdict, Verdict::Ok);
    }

    #[test]
    fn a_link_that_does_not_stand_is_told_without_the_server() {
        let verdict = |state: &str| one_sided(&status(state, true)).map(|finding| finding.verdict);
        assert_eq!(verdict("connected"), None);
        assert_eq!(verdict("idle"), Some(Verdict::Skip));
        assert_eq!(verdict("waiting"), Some(Verdict::Fail));
        assert_eq!(verdict("superseded"), Some(Verdict::Fail));
    }
}
