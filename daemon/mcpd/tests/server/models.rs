//! `GET /v1/models` and `POST /v1/...`: what OpenAI's and Anthropic's clients see.

use http::Method;
use serde_json::{Value, json};

use crate::client::Caller;
use crate::fixture::Mcpd;
use crate::provider::{INPUT, OUTPUT, Provider};

const ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");

async fn started() -> (Mcpd, Provider) {
    started_with(&[]).await
}

async fn started_with(settings: &[(&str, &str)]) -> (Mcpd, Provider) {
    let mcpd = Mcpd::start_with(settings).await;
    let provider = Provider::start("gpt").await;
    let model = json!({"model": "org/big"});
    mcpd.public_llm("gpt", &provider.url, model).await;
    let alias = json!({"name": "smart", "llms": ["gpt"]});
    mcpd.admin.post("/api/v1/aliases", alias).await.is(201);
    (mcpd, provider)
}

/// Anthropic's clients put the token elsewhere.
async fn as_anthropic(
    mcpd: &Mcpd,
    token: &str,
    method: Method,
    path: &str,
    body: Value,
) -> crate::client::Answer {
    let headers = [("x-api-key", token), ANTHROPIC];
    let body = match method {
        Method::GET => String::new(),
        _ => body.to_string(),
    };
    let coming = mcpd.nobody().open(method, path, &headers, body).await;
    coming.whole().await
}

fn token(caller: &Caller) -> &str {
    caller.token().unwrap()
}

fn message() -> Value {
    json!({"model": "smart", "max_tokens": 50, "messages": [{"role": "user", "content": "x"}]})
}

#[tokio::test]
async fn models_are_llms_aliases_and_model_ids_in_both_dialects() {
    let (mcpd, _provider) = started().await;
    let user = mcpd.token("user", "user").await;
    let list = user.get("/v1/models").await.is(200).json();
    assert_eq!(list["object"], "list");
    let ids = |list: &Value| -> Vec<String> {
        let data = list["data"].as_array().unwrap().iter();
        data.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&list), ["gpt", "org/big", "smart"]);
    assert!(list["data"][0]["created"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(list["data"][0]["object"], "model");
    let path = "/v1/models?limit=2";
    let page = as_anthropic(&mcpd, token(&user), Method::GET, path, json!(null)).await;
    let page = page.is(200).json();
    assert_eq!(ids(&page), ["gpt", "org/big"]);
    assert_eq!(
        (&page["has_more"], &page["last_id"]),
        (&json!(true), &json!("org/big"))
    );
    assert_eq!(page["data"][0]["type"], "model");
    let rest = "/v1/models?limit=2&after_id=org/big";
    let rest = as_anthropic(&mcpd, token(&user), Method::GET, rest, json!(null)).await;
    assert_eq!(ids(&rest.is(200).json()), ["smart"]);
    for id in ["gpt", "smart", "org/big", "org%2Fbig"] {
        let path = format!("/v1/models/{id}");
        let one = user.get(&path).await.is(200).json();
        assert_eq!(one["id"], id.replace("%2F", "/"));
        let one = as_anthropic(&mcpd, token(&user), Method::GET, &path, json!(null)).await;
        assert_eq!(one.is(200).json()["type"], "model");
    }
    let near = user.get("/v1/models/smarr").await;
    assert_eq!(
        near.refused(404, "model_not_found")["hint"],
        "did you mean `smart`?"
    );
    mcpd.nobody()
        .get("/v1/models")
        .await
        .refused(401, "invalid_api_key");
}

#[tokio::test]
async fn an_openai_client_reaches_every_kind_of_name() {
    let (mcpd, _provider) = started().await;
    let user = mcpd.token("user", "user").await;
    for model in ["gpt", "smart", "org/big"] {
        let body = json!({"model": model, "messages": []});
        let answer = user.post("/v1/chat/completions", body).await.is(200);
        assert_eq!(answer.header("x-mcpctl-llm"), Some("gpt"));
        assert_eq!(answer.header("x-mcpctl-attempts"), Some("1"));
        assert_eq!(answer.json()["usage"]["prompt_tokens"], INPUT);
    }
    let path = "/v1/chat/completions";
    let unknown = user.post(path, json!({"model": "smarr"})).await;
    assert_eq!(
        unknown.refused(404, "model_not_found")["hint"],
        "did you mean `smart`?"
    );
    let unnamed = user.post(path, json!({})).await;
    unnamed.says(400, "invalid_request", "`model`");
    let publisher = mcpd.token("publisher", "publisher").await;
    let refused = publisher.post(path, json!({"model": "gpt"})).await;
    refused.refused(403, "forbidden");
}

#[tokio::test]
async fn an_anthropic_client_is_served_by_an_openai_compatible_provider() {
    let (mcpd, _provider) = started().await;
    let user = mcpd.token("user", "user").await;
    let post = |body| as_anthropic(&mcpd, token(&user), Method::POST, "/v1/messages", body);
    let answer = post(message()).await.is(200).json();
    assert_eq!(
        (&answer["type"], &answer["role"]),
        (&json!("message"), &json!("assistant"))
    );
    assert_eq!(answer["content"][0]["text"], "hi from gpt");
    assert_eq!(answer["usage"]["output_tokens"], OUTPUT);
    let mut streaming = message();
    streaming["stream"] = json!(true);
    let stream = post(streaming).await.is(200);
    let text = stream.text();
    assert!(text.starts_with("event: message_start\n"), "{text}");
    assert!(
        text.trim_end().ends_with(r#"{"type":"message_stop"}"#),
        "{text}"
    );
    assert!(!text.contains("[DONE]"));
}

#[tokio::test]
async fn errors_of_messages_have_anthropics_shape() {
    let (mcpd, _provider) = started_with(&[("max_body_bytes", "300")]).await;
    let user = mcpd.token("user", "user").await;
    let publisher = mcpd.token("publisher", "publisher").await;
    let changed = |field: &str, value: Value| {
        let mut body = message();
        body[field] = value;
        body
    };
    for (token, body, status, family) in [
        ("mcp_user_nonsense", message(), 401, "authentication_error"),
        (token(&publisher), message(), 403, "permission_error"),
        (
            token(&user),
            changed("model", json!("nobody")),
            404,
            "not_found_error",
        ),
        (
            token(&user),
            changed("messages", json!("x")),
            400,
            "invalid_request_error",
        ),
        (
            token(&user),
            changed("system", json!("x".repeat(400))),
            413,
            "request_too_large",
        ),
        (
            token(&user),
            changed("max_tokens", json!("many")),
            400,
            "invalid_request_error",
        ),
    ] {
        let answer = as_anthropic(&mcpd, token, Method::POST, "/v1/messages", body).await;
        let answer = answer.is(status);
        let error = answer.json();
        assert_eq!(
            (&error["type"], &error["error"]["type"]),
            (&json!("error"), &json!(family))
        );
        assert!(!error["error"]["message"].as_str().unwrap().is_empty());
        assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn a_kept_answer_is_marked_and_may_be_passed_over() {
    let (mcpd, provider) = started().await;
    let alias = json!({"name": "kept", "llms": ["gpt"], "cache": {"ttl": "10m"}});
    mcpd.admin.post("/api/v1/aliases", alias).await.is(201);
    let user = mcpd.token("user", "user").await;
    let other = mcpd.token("other", "user").await;
    let ask = async |caller: &Caller, wish: &str, stream: bool| {
        let body = json!({"model": "kept", "temperature": 0, "stream": stream}).to_string();
        let headers = [("x-mcpctl-cache", wish)];
        let path = "/v1/chat/completions";
        let coming = caller.open(Method::POST, path, &headers, body).await;
        let answer = coming.whole().await.is(200);
        let hit = answer.header("x-mcpctl-cache").map(str::to_owned);
        (hit, answer.text().to_owned())
    };
    let hit = |hit: &str| Some(hit.to_owned());
    let (first, text) = ask(&user, "", false).await;
    assert_eq!(first, hit("miss"));
    assert_eq!(ask(&user, "", false).await, (hit("hit"), text));
    let (streamed, events) = ask(&user, "", true).await;
    assert_eq!(streamed, hit("hit"));
    assert!(events.ends_with("data: [DONE]\n\n"), "{events}");
    assert_eq!(ask(&user, "bypass", false).await.0, None);
    assert_eq!(ask(&other, "", false).await.0, hit("miss"));
    assert_eq!(provider.requests(), 3);
}

#[tokio::test]
async fn a_refused_key_is_a_502_without_the_providers_words_in_both_dialects() {
    let (mcpd, _provider) = started().await;
    let user = mcpd.token("user", "user").await;
    let body = json!({"model": "gpt", "play": {"gpt": "401"}});
    let answer = user.post("/v1/chat/completions", body).await;
    answer.says(502, "provider_error", "does not accept the key");
    assert!(!answer.text().contains("canary"));
}
