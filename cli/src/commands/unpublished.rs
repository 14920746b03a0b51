//! After `mcpctl local unpublish`: waits until the server knows, so that what is typed next meets
//! what was done. mcplocal tells the server by itself, soon after it has answered.

use std::time::Duration;

use home::ServerUrl;
use serde_json::Value;
use shared::local_control::Status;
use shared::name::Name;

use super::wait_for;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::resource::Resource;
use crate::session::Session;

/// The longest wait. mcplocal tells the server within a second where the channel is up.
const LIMIT: Duration = Duration::from_secs(3);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits, or says that it is on its way: where the server can't be asked from here, and where it
/// takes longer than [`LIMIT`]. `status` is what mcplocal says of itself.
pub(super) fn settle(name: &Name, status: &Status, session: &Session<'_>) -> Result<Exit> {
    let Some(server) = &status.server else {
        return Ok(Exit::Done);
    };
    let knows = match client_of(server, session) {
        Some(client) => wait_for(known(name, status, &client, session)).is_ok(),
        None => false,
    };
    if !knows {
        session.output.note(&format!(
            "{server} is being told: until then it may show `{name}` as active"
        ));
    }
    Ok(Exit::Done)
}

/// A client for the server that mcplocal publishes to; `None` where this run means another one, or
/// has no token.
fn client_of(server: &str, session: &Session<'_>) -> Option<Client> {
    let own = session.server().ok()?;
    let theirs: ServerUrl = server.parse().ok()?;
    (own == theirs).then(|| session.client().ok())?
}

/// Looks until the LLM is no longer active. Fails where it can't look, or time is up.
async fn known(
    name: &Name,
    status: &Status,
    client: &Client,
    session: &Session<'_>,
) -> Result<Exit> {
    let limit = session.global.timeout().map_or(LIMIT, |own| own.min(LIMIT));
    let looking = async {
        loop {
            match client.get(Resource::Llm, name).await {
                Ok(llm) if is_served(&llm, status) => tokio::time::sleep(PAUSE).await,
                Ok(_) => return Ok(Exit::Done),
                Err(why) if why.exit() == Exit::NotFound => return Ok(Exit::Done),
                Err(why) => return Err(why),
            }
        }
    };
    let late = |_| Failure::new(Exit::Unavailable, "the server does not know yet");
    tokio::time::timeout(limit, looking).await.map_err(late)?
}

/// Whether `llm` is what this mcplocal publishes, and may be called. One of the same name may be
/// public, or another publisher's.
fn is_served(llm: &Value, status: &Status) -> bool {
    let at = |pointer| llm.pointer(pointer).and_then(Value::as_str);
    let session = at("/status/providerSessionId");
    let ours = status.link.provider_session_id.as_deref();
    let is_other = session.zip(ours).is_some_and(|(its, ours)| its != ours);
    at("/spec/kind") == Some("virtual") && at("/status/phase") == Some("active") && !is_other
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_publishers_row_and_a_public_one_are_not_waited_for() {
        let mut status: Status = serde_json::from_value(json!({"version": "0", "pid": 1,
            "startedAt": "2020-01-01T00:00:00.000Z", "configPath": "/c", "server": "http://s",
            "link": {"state": "connected", "epoch": 1, "providerSessionId": "ours",
                "since": "2020-01-01T00:00:00.000Z", "lastError": null, "retryInMs": null},
            "providers": [], "problems": []}))
        .unwrap();
        let llm = |kind: &str, phase: &str, session: &str| {
            json!({"spec": {"kind": kind},
                "status": {"phase": phase, "providerSessionId": session}})
        };
        assert!(is_served(&llm("virtual", "active", "ours"), &status));
        assert!(!is_served(&llm("virtual", "inactive", "ours"), &status));
        assert!(!is_served(&llm("virtual", "active", "theirs"), &status));
        assert!(!is_served(&llm("public", "active", "ours"), &status));
        // A channel that is gone has no session: the row may still be the one of before.
        status.link.provider_session_id = None;
        assert!(is_served(&llm("virtual", "active", "ours"), &status));
    }
}
