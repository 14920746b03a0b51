//! A token that is deleted ends what runs on its behalf, within 5 s.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::fixture::Mcpd;
use crate::mock_upstream::{MockUpstream, STREAM_HEAD, chunk};

/// The promise; it is kept much faster.
const PROMISED: Duration = Duration::from_secs(5);

async fn within<T>(what: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PROMISED, what).await;
    done.expect("it ends within the promised time")
}

#[tokio::test]
async fn an_open_stream_of_a_deleted_token_ends_in_an_error_event() {
    let mcpd = Mcpd::start().await;
    let upstream = MockUpstream::listen().await;
    mcpd.public_llm("gpt", &upstream.url(), json!({})).await;
    let user = mcpd.token("user", "user").await;
    let call = user.open(Method::POST, "/api/v1/llms/gpt/infer", &[], "{}");
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
    mcpd.admin.delete("/api/v1/tokens/user").await.is(200);
    let (text, end) = within(answer.rest()).await;
    end.unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("data: 1\n\nevent: error\n"), "{text}");
    assert!(
        text.contains("invalid_api_key") && !text.contains("[DONE]"),
        "{text}"
    );
    within(connection.closed()).await;
}

#[tokio::test]
async fn a_request_that_waits_for_its_provider_is_refused() {
    let mcpd = Mcpd::start().await;
    let upstream = MockUpstream::listen().await;
    mcpd.public_llm("gpt", &upstream.url(), json!({})).await;
    let user = mcpd.token("user", "user").await;
    let call = user.post("/api/v1/llms/gpt/infer", json!({}));
    let revoke = async {
        let mut connection = upstream.next().await;
        connection.request().await;
        mcpd.admin.delete("/api/v1/tokens/user").await.is(200);
        within(connection.closed()).await;
    };
    let (answer, ()) = tokio::join!(call, revoke);
    answer.says(401, "invalid_api_key", "revoked while the request ran");
}

#[tokio::test]
async fn a_watch_of_a_deleted_token_ends() {
    let mcpd = Mcpd::start().await;
    let user = mcpd.token("user", "user").await;
    let path = "/api/v1/llms?watch=true";
    let mut watching = user.open(Method::GET, path, &[], "").await;
    watching.until("event: synced").await;
    mcpd.admin.delete("/api/v1/tokens/user").await.is(200);
    within(watching.rest()).await.1.unwrap();
}

#[tokio::test]
async fn a_channel_of_a_deleted_token_ends_and_its_rows_go_offline() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    let session = mcpd.publish(&laptop, &["qwen"]).await;
    let session = session["providerSessionId"].as_str().unwrap();
    let headers = [("x-mcpctl-provider-session", session)];
    let path = "/api/v1/llms/_provider-stream";
    let mut channel = laptop.open(Method::GET, path, &headers, "").await;
    channel.until("event: hello").await;
    let path = "/api/v1/llms/_provider-heartbeat";
    let beat = laptop.open(Method::POST, path, &headers, r#"{"epoch":1}"#);
    beat.await.whole().await.is(200);
    mcpd.until("qwen", |status| status["phase"] == "active")
        .await;
    mcpd.admin.delete("/api/v1/tokens/laptop").await.is(200);
    within(channel.rest()).await.1.unwrap();
    mcpd.until("qwen", |status| status["phase"] == "inactive")
        .await;
    let beat = laptop.open(Method::POST, path, &headers, "").await;
    beat.whole().await.refused(401, "invalid_api_key");
}
