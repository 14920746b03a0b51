//! A token that is deleted while the body of its request still comes: the request is refused, and does nothing.

use http::Method;
use serde_json::{Value, json};

use crate::client::Caller;
use crate::fixture::Mcpd;
use crate::provider::Provider;
use crate::raw::{Raw, wire};

/// Says a request but for its last bytes; then its token is deleted. Answers what it hears, where the rest comes in the
/// end or never.
async fn cut_short(mcpd: &Mcpd, by: &Caller, path: &str, (body, rest): (&str, bool)) -> String {
    let request = wire(by, &Method::POST, path, body);
    let (most, last) = request.split_at(request.len() - 2);
    let mut caller = Raw::say(mcpd, most).await;
    mcpd.admin.delete("/api/v1/tokens/short").await.is(200);
    if rest {
        caller.go_on(last).await;
    }
    caller.answer().await
}

#[track_caller]
fn is_refused(what: &str, answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 401 "), "{what}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("revoked while"), "{what}: {answer}");
    let id = body["error"]["requestId"]
        .as_str()
        .or(body["request_id"].as_str());
    assert!(id.is_some(), "{what}: {answer}");
    if body["type"] != "error" {
        assert_eq!(body["error"]["code"], "invalid_api_key", "{what}");
    }
}

/// A token that may do everything, called `short`.
async fn short(mcpd: &Mcpd) -> Caller {
    mcpd.token_with(json!({"name": "short", "roles": ["admin"], "principal": "bob"}))
        .await
}

/// One of each way in which a body is read; each would be good.
fn requests() -> Vec<(&'static str, Value)> {
    let offer = json!({"name": "sneaked", "type": "ollama", "model": "llama"});
    let job = json!({"kind": "custom.never", "payload": {}});
    let hello =
        json!({"model": "a", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]});
    let worker = json!({"worker": {"name": "sneaked", "platform": "linux"}});
    vec![
        (
            "/api/v1/tokens",
            json!({"name": "sneaked", "roles": ["admin"]}),
        ),
        (
            "/api/v1/llms",
            json!({"name": "sneaked", "type": "demo", "model": "demo"}),
        ),
        ("/api/v1/aliases", json!({"name": "sneaked", "llms": ["a"]})),
        (
            "/api/v1/prices",
            json!({"name": "sneaked", "input": 1.0, "output": 1.0}),
        ),
        (
            "/api/v1/secrets",
            json!({"name": "sneaked", "data": {"key": "x"}}),
        ),
        ("/api/v1/route/explain", json!({"model": "a"})),
        ("/v1/jobs", job),
        ("/v1/workers/register", worker),
        (
            "/api/v1/llms/_provider-register",
            json!({"providers": [offer]}),
        ),
        ("/v1/chat/completions", hello.clone()),
        ("/v1/messages", hello.clone()),
        ("/api/v1/llms/a/infer", hello),
    ]
}

#[tokio::test]
async fn a_request_whose_token_is_deleted_before_its_last_byte_does_nothing() {
    let mcpd = Mcpd::start().await;
    let provider = Provider::start("a").await;
    mcpd.public_llm("a", &provider.url, json!({})).await;
    for (path, body) in requests() {
        for rest in [true, false] {
            let by = short(&mcpd).await;
            let answer = cut_short(&mcpd, &by, path, (&body.to_string(), rest)).await;
            is_refused(path, &answer);
        }
    }
    assert_eq!(provider.requests(), 0);
    for kind in ["llms", "tokens", "aliases", "prices", "secrets"] {
        let list = mcpd.admin.get(&format!("/api/v1/{kind}")).await;
        assert!(!list.text().contains("sneaked"), "{}", list.text());
    }
    let jobs = mcpd.admin.get("/v1/jobs").await.is(200).json();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 0, "{jobs}");
    let workers = mcpd.admin.get("/v1/workers").await.is(200);
    assert!(!workers.text().contains("sneaked"), "{}", workers.text());
}

#[tokio::test]
async fn a_body_in_chunks_is_no_other_case() {
    let mcpd = Mcpd::start().await;
    let by = short(&mcpd).await;
    let body = json!({"name": "sneaked", "roles": ["admin"]}).to_string();
    let token = by.token().unwrap();
    // All of the body is there, but for its end.
    let head = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    );
    let mut caller = Raw::say(&mcpd, head).await;
    mcpd.admin.delete("/api/v1/tokens/short").await.is(200);
    caller.go_on("0\r\n\r\n").await;
    is_refused("chunks", &caller.answer().await);
    mcpd.admin.get("/api/v1/tokens/sneaked").await.is(404);
}

#[tokio::test]
async fn not_even_a_kept_answer_is_given() {
    let mcpd = Mcpd::start().await;
    let provider = Provider::start("a").await;
    mcpd.public_llm("a", &provider.url, json!({})).await;
    let alias = json!({"name": "kept", "llms": ["a"], "cache": {"ttl": "10m", "always": true}});
    mcpd.admin.post("/api/v1/aliases", alias).await.is(201);
    let body = json!({"model": "kept", "messages": [{"role": "user", "content": "hi"}]});
    let path = "/v1/chat/completions";
    let by = short(&mcpd).await;
    by.post(path, body.clone()).await.is(200);
    let again = by.post(path, body.clone()).await.is(200);
    assert_eq!(again.header("x-mcpctl-cache"), Some("hit"));
    let answer = cut_short(&mcpd, &by, path, (&body.to_string(), true)).await;
    is_refused("kept", &answer);
    assert_eq!(provider.requests(), 1);
}
