//! `GET /api/v1/llms?watch=true`: the rows, and then every change of them.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Caller, Coming};
use crate::fixture::Mcpd;

async fn watch(caller: &Caller) -> Coming {
    let path = "/api/v1/llms?watch=true";
    let coming = caller.open(Method::GET, path, &[], "").await;
    assert_eq!(coming.status, 200);
    assert_eq!(coming.headers["content-type"], "text/event-stream");
    assert_eq!(coming.headers["cache-control"], "no-store, no-transform");
    coming
}

/// What was told: the event, and the name and one field of its row.
fn told(text: &[u8], field: &str) -> Vec<(String, Value, Value)> {
    let mut events = Vec::new();
    let mut decoder = shared::sse::Decoder::new(64 * 1024);
    decoder.feed(text, &mut events).unwrap();
    let read = |event: &shared::sse::Event| {
        let row: Value = serde_json::from_str(&event.data).unwrap();
        let field = row.pointer(field).cloned().unwrap_or_default();
        (event.event.clone(), row["metadata"]["name"].clone(), field)
    };
    events.iter().map(read).collect()
}

fn event(what: &str, name: Value, field: Value) -> (String, Value, Value) {
    (what.into(), name, field)
}

#[tokio::test]
async fn a_watcher_is_told_the_rows_and_then_each_change_once() {
    let mcpd = Mcpd::start().await;
    let demo = json!({"type": "demo", "model": "one"});
    for name in ["b", "a"] {
        let path = format!("/api/v1/llms/{name}");
        mcpd.admin.put(&path, demo.clone()).await.is(201);
    }
    let user = mcpd.token("user", "user").await;
    let mut watching = watch(&user).await;
    watching.until("event: synced").await;
    mcpd.admin.put("/api/v1/llms/c", demo.clone()).await.is(201);
    let change = json!({"model": "two"});
    mcpd.admin.patch("/api/v1/llms/a", change).await.is(200);
    // The same again is no change.
    mcpd.admin.put("/api/v1/llms/b", demo).await.is(200);
    mcpd.admin.delete("/api/v1/llms/b").await.is(200);
    watching.until("event: deleted").await;
    mcpd.lifecycle.stop();
    let (text, end) = watching.rest().await;
    end.unwrap();
    assert_eq!(
        told(&text, "/spec/model"),
        [
            event("added", "a".into(), "one".into()),
            event("added", "b".into(), "one".into()),
            event("synced", Value::Null, Value::Null),
            event("added", "c".into(), "one".into()),
            event("modified", "a".into(), "two".into()),
            event("deleted", "b".into(), "one".into()),
        ]
    );
}

#[tokio::test]
async fn a_watcher_sees_a_virtual_row_come_alive_and_go() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    let mut watching = watch(&laptop).await;
    watching.until("event: synced").await;
    let session = mcpd.publish(&laptop, &["qwen"]).await;
    watching.until("event: added").await;
    let session = session["providerSessionId"].as_str().unwrap().to_owned();
    let headers = [("x-mcpctl-provider-session", &*session)];
    let path = "/api/v1/llms/_provider-stream";
    let mut channel = laptop.open(Method::GET, path, &headers, "").await;
    channel.until("event: hello").await;
    let beat = r#"{"epoch": 1}"#;
    let path = "/api/v1/llms/_provider-heartbeat";
    let reply = laptop.open(Method::POST, path, &headers, beat).await;
    assert_eq!(reply.whole().await.json()["bound"], true);
    watching.until(r#""phase":"active""#).await;
    drop(channel);
    watching.until_times("event: modified", 2).await;
    mcpd.lifecycle.stop();
    let phases: Vec<_> = told(&watching.rest().await.0, "/status/phase")
        .into_iter()
        .map(|(event, _, phase)| (event, phase))
        .collect();
    let phase = |event: &str, phase: Value| (String::from(event), phase);
    assert_eq!(
        phases,
        [
            phase("synced", Value::Null),
            phase("added", "inactive".into()),
            phase("modified", "active".into()),
            phase("modified", "inactive".into()),
        ]
    );
}

#[tokio::test]
async fn watch_takes_true_or_false() {
    let mcpd = Mcpd::start().await;
    let list = mcpd.admin.get("/api/v1/llms?watch=false").await.is(200);
    assert_eq!(list.json()["kind"], "LlmList");
    let answer = mcpd.admin.get("/api/v1/llms?watch=maybe").await;
    answer.says(400, "invalid_request", "`true` or `false`");
}
