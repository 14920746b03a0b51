//! Secrets: values go in, and come out as a header to the provider alone.

use http::Method;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::fixture::Mcpd;
use crate::mock_upstream::{MockUpstream, json_answer};

const SECRETS: &str = "/api/v1/secrets";
const CANARY: &str = "sk-canary-4711";

#[track_caller]
fn silent(answer: &Answer) {
    assert!(!answer.text().contains("canary"), "{}", answer.text());
}

#[tokio::test]
async fn a_value_never_comes_out_of_any_answer() {
    let mcpd = Mcpd::start().await;
    let path = "/api/v1/secrets/openai";
    let flat = json!({"name": "openai", "data": {"api-key": CANARY, "org": "canary-org"}});
    let made = mcpd.admin.post(SECRETS, flat).await.is(201);
    silent(&made);
    let made = made.json();
    assert_eq!(made["status"]["fields"], json!(["api-key", "org"]));
    let envelope = json!({"apiVersion": "mcpctl/v1", "kind": "Secret",
        "metadata": {"name": "openai", "labels": {"a": "b"}}, "spec": {"data": {"api-key": CANARY}}});
    let changed = mcpd.admin.put(path, envelope).await.is(200);
    silent(&changed);
    let changed = changed.json();
    assert_eq!(
        changed["status"]["fields"],
        json!(["api-key"]),
        "the whole is replaced"
    );
    assert_eq!(changed["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(changed["metadata"]["id"], made["metadata"]["id"]);
    let shown = mcpd.admin.get(path).await.is(200);
    silent(&shown);
    assert_eq!(shown.json(), changed);
    let list = mcpd.admin.get(SECRETS).await.is(200);
    silent(&list);
    assert_eq!(list.json()["kind"], "SecretList");
    assert_eq!(list.json()["items"], json!([changed]));
    let metrics = mcpd.admin.get("/metrics").await.is(200);
    silent(&metrics);
    let deleted = mcpd.admin.delete(path).await.is(200);
    silent(&deleted);
    mcpd.admin.get(path).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_refused_secret_is_not_repeated() {
    let mcpd = Mcpd::start().await;
    let good = json!({"name": "taken", "data": {"k": CANARY}});
    mcpd.admin.post(SECRETS, good.clone()).await.is(201);
    let again = mcpd.admin.post(SECRETS, good).await;
    again.refused(409, "conflict");
    silent(&again);
    for document in [
        json!({"name": "x", "data": CANARY}),
        json!({"name": "x", "data": [CANARY]}),
        json!({"name": "x", "data": {"k": [CANARY]}}),
        json!({"name": "x", "data": {"k": 5, "l": CANARY}}),
        json!({"name": "x", "data": {"k": null, "l": CANARY}}),
        json!({"name": "x", "data": {}}),
        json!({"name": "x", "k": CANARY}),
        json!({"kind": "Secret", "metadata": {"name": "x"}, "spec": {"data": CANARY}}),
        json!({"kind": "Secret", "metadata": {"name": "x"}, "data": {"k": CANARY}}),
        json!({"name": CANARY.repeat(9), "data": {"k": CANARY}}),
        json!([CANARY]),
        json!(CANARY),
    ] {
        let answer = mcpd.admin.post(SECRETS, document.clone()).await;
        answer.refused(400, "invalid_request");
        silent(&answer);
        let answer = mcpd.admin.put("/api/v1/secrets/x", document).await;
        answer.refused(400, "invalid_request");
        silent(&answer);
    }
    let broken = format!(r#"{{"name":"x","data":{{"k":"{CANARY}"#);
    let answer = mcpd.admin.call(Method::POST, SECRETS, broken).await;
    answer.says(400, "invalid_request", "line 1 column");
    silent(&answer);
    let list = mcpd.admin.get(SECRETS).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_that_a_row_refers_to_can_not_be_deleted() {
    let mcpd = Mcpd::start().await;
    let secret = json!({"name": "openai", "data": {"api-key": CANARY}});
    mcpd.admin.post(SECRETS, secret).await.is(201);
    let key = json!({"key": "secret/openai#api-key"});
    let row = mcpd.public_llm("gpt", "http://127.0.0.1:1/v1", key).await;
    assert_eq!(row.json()["spec"]["key"], "secret/openai#api-key");
    let path = "/api/v1/secrets/openai";
    let refused = mcpd.admin.delete(path).await;
    refused.says(409, "conflict", "`gpt`");
    let without = json!({"key": null});
    mcpd.admin.patch("/api/v1/llms/gpt", without).await.is(200);
    mcpd.admin.delete(path).await.is(200);
}

#[tokio::test]
async fn an_old_version_does_not_overwrite_a_newer_secret() {
    let mcpd = Mcpd::start().await;
    let path = "/api/v1/secrets/s";
    let secret = |version: Value, value: &str| json!({"metadata": {"name": "s", "resourceVersion": version}, "spec": {"data": {"k": value}}});
    let first = mcpd
        .admin
        .put(path, secret(Value::Null, "one"))
        .await
        .is(201);
    let version = first.json()["metadata"]["resourceVersion"].clone();
    mcpd.admin
        .put(path, secret(version.clone(), "two"))
        .await
        .is(200);
    let stale = mcpd.admin.put(path, secret(version, "three")).await;
    stale.refused(409, "conflict");
}

#[tokio::test]
async fn a_rotated_key_reaches_the_next_call() {
    let mcpd = Mcpd::start().await;
    let upstream = MockUpstream::listen().await;
    let key = |value: &str| json!({"name": "openai", "data": {"api-key": value}});
    mcpd.admin.post(SECRETS, key("first")).await.is(201);
    let reference = json!({"key": "secret/openai#api-key"});
    mcpd.public_llm("gpt", &upstream.url(), reference).await;
    let mut provider = None;
    for value in ["first", "second"] {
        mcpd.admin
            .put("/api/v1/secrets/openai", key(value))
            .await
            .is(200);
        for _ in 0..2 {
            let call = mcpd
                .admin
                .post("/api/v1/llms/gpt/infer", json!({"messages": []}));
            let serve = async {
                // All of it over one connection: the server keeps it.
                let mut connection = match provider.take() {
                    Some(connection) => connection,
                    None => upstream.next().await,
                };
                let seen = connection.request().await;
                connection.say(json_answer("200 OK", "{}")).await;
                (seen, connection)
            };
            let (answer, (seen, connection)) = tokio::join!(call, serve);
            answer.is(200);
            let bearer = format!("Bearer {value}");
            assert_eq!(seen.header("authorization"), Some(&*bearer));
            provider = Some(connection);
        }
    }
}

#[tokio::test]
async fn a_missing_secret_says_so_before_anything_is_called() {
    let mcpd = Mcpd::start().await;
    mcpd.admin
        .post(SECRETS, json!({"name": "s", "data": {"k": CANARY}}))
        .await
        .is(201);
    for (name, key) in [
        ("no-secret", "secret/other#k"),
        ("no-field", "secret/s#other"),
    ] {
        let more = json!({ "key": key });
        mcpd.public_llm(name, "http://127.0.0.1:1/v1", more).await;
        let path = format!("/api/v1/llms/{name}/infer");
        let answer = mcpd.admin.post(&path, json!({})).await;
        answer.says(502, "provider_error", "secret");
        silent(&answer);
    }
    let bad = json!({"name": "t", "data": {"k": "canary\nwith a line"}});
    mcpd.admin.post(SECRETS, bad).await.is(201);
    let more = json!({"key": "secret/t#k"});
    mcpd.public_llm("no-header", "http://127.0.0.1:1/v1", more)
        .await;
    let answer = mcpd
        .admin
        .post("/api/v1/llms/no-header/infer", json!({}))
        .await;
    answer.says(502, "provider_error", "no HTTP header can carry");
    silent(&answer);
}
