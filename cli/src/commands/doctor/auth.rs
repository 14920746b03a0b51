//! The server knows the token, it may do what is needed here, and does not end soon.

use std::time::Duration;

use home::ServerUrl;
use serde_json::Value;
use shared::timestamp::Timestamp;

use super::finding::Finding;
use super::look::{Hello, Look};
use crate::clock::now;
use crate::duration::age;
use crate::output::columns::text;

/// A token that ends within this time is worth a word.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

pub(super) async fn check(look: &Look) -> Finding {
    let Ok(server) = look.server() else {
        return Finding::skip("no server is configured");
    };
    let source = match look.token().await {
        Ok(Some((_, source))) => source.to_string(),
        Ok(None) => {
            return Finding::fail(format!("there is no access token for {server}"))
                .fix(format!("mcpctl login {server}, or set MCPCTL_TOKEN"));
        }
        Err(failure) => {
            let finding = Finding::failed(failure);
            return match finding.fix {
                Some(_) => finding,
                None => finding.fix(format!(
                    "mend what is named, or log in again: mcpctl login {server}"
                )),
            };
        }
    };
    match look.hello().await {
        Ok(Ok(hello)) if hello.is_mcpd() => judge(server, &source, hello, look, now()),
        _ => Finding::skip(format!(
            "the server can't be asked; the token is in {source}"
        )),
    }
}

fn judge(server: &ServerUrl, source: &str, hello: &Hello, look: &Look, now: Timestamp) -> Finding {
    if hello.status == 401 {
        return Finding::fail(format!("{server} does not know the token in {source}")).fix(
            format!("mcpctl login {server} (it is revoked, expired, or another server's)"),
        );
    }
    if hello.status != 200 {
        return Finding::skip(format!("the server answers HTTP {}", hello.status));
    }
    let roles = hello.body.get("roles").and_then(Value::as_array);
    let roles: Vec<String> = roles.into_iter().flatten().map(text).collect();
    let principal = hello.body.get("principal").map(text).unwrap_or_default();
    let who = format!("`{principal}` ({}), token in {source}", roles.join(", "));
    let publishes = roles
        .iter()
        .any(|role| role == "admin" || role == "publisher");
    if !publishes && !look.published().is_empty() {
        return Finding::fail(format!(
            "{who}: it may not publish, and config.json has providers to publish"
        ))
        .fix("an admin makes one that may: mcpctl create token NAME --role publisher,user");
    }
    let expires = hello.body.get("expiresAt").cloned();
    match expires.and_then(|at| serde_json::from_value::<Timestamp>(at).ok()) {
        Some(at) if at.since(now) < SOON => {
            Finding::warn(format!("{who}; it ends in {}", age(at.since(now))))
                .fix("have an admin make a new one, and `mcpctl login` with it")
        }
        Some(at) => Finding::ok(format!("{who}; it ends in {}", age(at.since(now)))),
        None => Finding::ok(who),
    }
}
