//! The soft stop: no new work, what runs is finished, publishers are told.

use http::Method;
use serde_json::json;

use crate::fixture::Mcpd;
use crate::mock_upstream::{MockUpstream, STREAM_HEAD, chunk};

#[tokio::test]
async fn a_stop_finishes_what_runs_and_refuses_what_comes() {
    let mcpd = Mcpd::start().await;
    let upstream = MockUpstream::listen().await;
    mcpd.public_llm("gpt", &upstream.url(), json!({})).await;
    let path = "/api/v1/llms/gpt/infer";
    let call = mcpd.admin.open(Method::POST, path, &[], "{}");
    let begin = async {
        let mut connection = upstream.next().await;
        connection.request().await;
        connection
            .say([STREAM_HEAD, &chunk("data: 1\n\n")].concat())
            .await;
        connection
    };
    let (mut answer, mut connection) = tokio::join!(call, begin);
    answer.until("data: 1\n\n").await;
    mcpd.lifecycle.stop();
    let late = mcpd.nobody().get("/readyz").await;
    late.refused(503, "shutting_down");
    let late = mcpd.admin.post(path, json!({})).await;
    late.refused(503, "shutting_down");
    assert_eq!(late.header("retry-after"), Some("2"));
    mcpd.nobody().get("/healthz").await.is(200);
    connection.say(chunk("data: [DONE]\n\n")).await;
    connection.say("0\r\n\r\n").await;
    let (text, end) = answer.rest().await;
    end.unwrap();
    assert_eq!(text, b"data: 1\n\ndata: [DONE]\n\n");
    mcpd.stop().await;
}

#[tokio::test]
async fn after_the_drain_time_what_runs_is_dropped_and_does_not_look_complete() {
    let mcpd = Mcpd::start_with(&[("drain_timeout", "100ms")]).await;
    let upstream = MockUpstream::listen().await;
    mcpd.public_llm("gpt", &upstream.url(), json!({})).await;
    let path = "/api/v1/llms/gpt/infer";
    let call = mcpd.admin.open(Method::POST, path, &[], "{}");
    let begin = async {
        let mut connection = upstream.next().await;
        connection.request().await;
        connection
            .say([STREAM_HEAD, &chunk("data: 1\n\n")].concat())
            .await;
        connection
    };
    let (mut answer, connection) = tokio::join!(call, begin);
    answer.until("data: 1\n\n").await;
    mcpd.stop().await;
    connection.closed().await;
    let (text, end) = answer.rest().await;
    let text = String::from_utf8(text).unwrap();
    assert!(end.is_err() || text.contains("event: error"), "{text}");
    assert!(!text.contains("[DONE]"), "{text}");
}

#[tokio::test]
async fn publishers_are_told_when_to_come_back_and_rows_are_offline_after() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    let session = mcpd.publish(&laptop, &["qwen"]).await;
    let session = session["providerSessionId"].as_str().unwrap();
    let headers = [("x-mcpctl-provider-session", session)];
    let path = "/api/v1/llms/_provider-stream";
    let mut channel = laptop.open(Method::GET, path, &headers, "").await;
    assert_eq!(channel.headers["content-type"], "text/event-stream");
    assert_eq!(channel.headers["x-accel-buffering"], "no");
    assert_eq!(channel.headers["cache-control"], "no-store, no-transform");
    channel.until("event: hello").await;
    let path = "/api/v1/llms/_provider-heartbeat";
    let beat = laptop.open(Method::POST, path, &headers, r#"{"epoch":1}"#);
    beat.await.whole().await.is(200);
    mcpd.until("qwen", |status| status["phase"] == "active")
        .await;
    mcpd.lifecycle.stop();
    channel
        .until("event: goaway\ndata: {\"reconnectAfterMs\":2000}")
        .await;
    channel.rest().await.1.unwrap();
    let mcpd = Mcpd::start_in(mcpd.stop().await, &[]).await;
    let row = mcpd.admin.get("/api/v1/llms/qwen").await.json();
    assert_eq!(row["status"]["phase"], "inactive");
    assert_eq!(row["status"]["providerSessionId"], *session);
    // The same session and the next epoch: what was known is known still.
    let offer = json!({"providerSessionId": session,
        "providers": [{"name": "qwen", "type": "ollama", "model": "llama"}]});
    let path = "/api/v1/llms/_provider-register";
    let again = laptop_of(&mcpd, &laptop)
        .post(path, offer)
        .await
        .is(200)
        .json();
    assert_eq!(again["providerSessionId"], *session);
    assert_eq!(again["llms"][0]["metadata"]["id"], row["metadata"]["id"]);
}

/// The same caller, at the server's new address.
fn laptop_of(mcpd: &Mcpd, before: &crate::client::Caller) -> crate::client::Caller {
    mcpd.admin.with_token(before.token().unwrap())
}
