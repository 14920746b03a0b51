//! Rows by hand: both written forms, rules, conflicts, names, deletion.

use http::Method;
use serde_json::{Value, json};

use crate::fixture::Mcpd;

const LLMS: &str = "/api/v1/llms";

/// A row without what the server adds.
fn wanted(mut llm: Value) -> Value {
    llm["metadata"] = json!({"labels": llm["metadata"]["labels"]});
    llm
}

#[tokio::test]
async fn the_flat_form_and_the_envelope_mean_the_same() {
    let mcpd = Mcpd::start().await;
    let flat = json!({
        "name": "flat", "type": "openai", "model": "gpt-4o", "url": "https://api.openai.com/v1",
        "key": "secret/openai#api-key", "tier": "heavy", "labels": {"team": "a"},
        "maxConcurrency": 3, "x-note": {"kept": [1, 2.50, null]},
    });
    let envelope = json!({
        "apiVersion": "mcpctl/v1", "kind": "Llm",
        "metadata": {"name": "envelope", "labels": {"team": "a"}},
        "spec": {"kind": "public", "type": "openai", "model": "gpt-4o",
            "url": "https://api.openai.com/v1", "key": "secret/openai#api-key", "tier": "heavy",
            "maxConcurrency": 3, "x-note": {"kept": [1, 2.50, null]}},
        "status": {"phase": "inactive"},
    });
    let flat = mcpd.admin.post(LLMS, flat).await.is(201).json();
    let envelope = mcpd.admin.post(LLMS, envelope).await.is(201).json();
    assert_eq!(wanted(flat.clone()), wanted(envelope));
    assert_eq!(flat["spec"]["x-note"], json!({"kept": [1, 2.50, null]}));
    assert_eq!(flat["metadata"]["owner"], "admin");
    assert_eq!(flat["metadata"]["resourceVersion"], 1);
    assert_eq!(
        flat["status"],
        json!({"phase": "active", "inFlight": 0, "queued": 0})
    );
}

#[tokio::test]
async fn what_is_written_is_there_after_a_restart() {
    let mcpd = Mcpd::start().await;
    let more = json!({"x-note": "kept", "labels": {"a": "b"}});
    let before = mcpd.public_llm("org/model:7b", "http://127.0.0.1:1/v1", more);
    let before = before.await.json();
    let admin_token = std::fs::read_to_string(mcpd.dir.path().join("admin.token")).unwrap();
    let mcpd = Mcpd::start_in(mcpd.stop().await, &[]).await;
    let again = std::fs::read_to_string(mcpd.dir.path().join("admin.token")).unwrap();
    assert_eq!(again, admin_token, "the first start is over");
    let path = "/api/v1/llms/org%2Fmodel:7b";
    assert_eq!(mcpd.admin.get(path).await.is(200).json(), before);
    let list = mcpd.admin.get(LLMS).await.is(200).json();
    assert_eq!(
        list,
        json!({"apiVersion": "mcpctl/v1", "kind": "LlmList", "items": [before]})
    );
}

#[tokio::test]
async fn a_name_with_a_slash_is_written_2f_in_every_path() {
    let mcpd = Mcpd::start().await;
    let row = json!({"type": "demo", "model": "demo"});
    let path = "/api/v1/llms/org%2Fmodel";
    let made = mcpd.admin.put(path, row).await.is(201).json();
    assert_eq!(made["metadata"]["name"], "org/model");
    let patched = mcpd.admin.patch(path, json!({"tier": "fast"})).await;
    assert_eq!(patched.is(200).json()["spec"]["tier"], "fast");
    let ask = json!({"messages": [{"role": "user", "content": "hello there"}]});
    let infer = format!("{path}/infer");
    let answer = mcpd.admin.post(&infer, ask.clone()).await.is(200);
    assert_eq!(answer.header("x-mcpctl-llm"), Some("org/model"));
    let infer = format!("{path}/infer/chat/completions");
    mcpd.admin.post(&infer, ask).await.is(200);
    mcpd.admin.delete(path).await.is(200);
    let gone = mcpd.admin.get(path).await;
    gone.says(404, "model_not_found", "`org/model`");
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_with_a_way_out() {
    let mcpd = Mcpd::start().await;
    mcpd.public_llm("gpt", "http://127.0.0.1:1", json!({}))
        .await;
    let again = json!({"name": "gpt", "type": "demo", "model": "demo"});
    let answer = mcpd.admin.post(LLMS, again).await;
    let error = answer.refused(409, "name_taken");
    assert!(error["hint"].as_str().unwrap().contains("another name"));
    let row = mcpd.admin.get("/api/v1/llms/gpt").await.json();
    assert_eq!(row["spec"]["type"], "openai", "nothing was overwritten");
}

#[tokio::test]
async fn a_writer_that_read_an_old_version_is_told_so() {
    let mcpd = Mcpd::start().await;
    mcpd.public_llm("gpt", "http://127.0.0.1:1", json!({}))
        .await;
    let path = "/api/v1/llms/gpt";
    let mut row = mcpd.admin.get(path).await.json();
    row["spec"]["model"] = "second".into();
    let second = mcpd.admin.put(path, row.clone()).await.is(200).json();
    assert_eq!(second["metadata"]["resourceVersion"], 2);
    row["spec"]["model"] = "third".into();
    let refused = mcpd.admin.put(path, row.clone()).await;
    let error = refused.refused(409, "conflict");
    assert!(error["hint"].as_str().unwrap().contains("read it again"));
    row["metadata"] = json!({"name": "gpt"});
    let third = mcpd.admin.put(path, row.clone()).await.is(200).json();
    assert_eq!(third["metadata"]["resourceVersion"], 3);
    let same = mcpd.admin.put(path, row).await.is(200).json();
    assert_eq!(same, third, "the same again changes nothing");
    assert_eq!(third["metadata"]["id"], second["metadata"]["id"]);
    let mut gone = third;
    gone["metadata"]["name"] = "gone".into();
    let refused = mcpd.admin.put("/api/v1/llms/gone", gone).await;
    refused.refused(404, "model_not_found");
}

#[tokio::test]
async fn a_bad_document_is_answered_with_what_was_expected() {
    let mcpd = Mcpd::start().await;
    let public = json!({"name": "x", "type": "openai", "model": "m", "url": "http://h/v1"});
    let with = |field: &str, value: Value| {
        let mut row = public.clone();
        row[field] = value;
        row
    };
    for (document, words) in [
        (json!([]), "JSON object, not an array"),
        (
            json!({"kind": "Secret", "metadata": {"name": "x"}}),
            "kind `Llm`",
        ),
        (json!({"apiVersion": "v2", "spec": {}}), "mcpctl/v1"),
        (
            json!({"type": "openai", "model": "m", "url": "http://h"}),
            "`name`",
        ),
        (json!({"name": "x", "model": "m"}), "`type`"),
        (with("type", "vllm".into()), "openrouter"),
        (with("model", "".into()), "`model`"),
        (with("url", Value::Null), "`url`"),
        (with("url", "api.openai.com".into()), "`url`"),
        (with("url", "ftp://h".into()), "http://"),
        (with("url", "http://h/?key=sk-1".into()), "no query"),
        (
            with("url", "http://u:canary@h/".into()),
            "user name or a password",
        ),
        (with("key", "sk-canary".into()), "secret/NAME#FIELD"),
        (with("maxConcurrency", 0.into()), "at least 1"),
        (with("maxConcurrency", "many".into()), "u32"),
        (with("name", "a b".into()), "only letters, digits"),
        (with("name", "-a".into()), "begin and end"),
        (with("name", "x".repeat(64).into()), "at most 63"),
        (with("type", "vllm".into()), "openrouter"),
        (with("kind", "virtual".into()), "neither `url` nor `key`"),
        (
            json!({"name": "x", "kind": "virtual", "type": "ollama", "model": "m"}),
            "made by its publisher",
        ),
    ] {
        let answer = mcpd.admin.post(LLMS, document).await;
        answer.says(400, "invalid_request", words);
        assert!(!answer.text().contains("canary"), "{}", answer.text());
    }
    for (body, words) in [
        ("", "send JSON"),
        ("{\"name\": \"x\",\n \"type\": }", "line 2 column 10"),
        ("name: x", "is not JSON"),
    ] {
        let answer = mcpd.admin.call(Method::POST, LLMS, body).await;
        answer.says(400, "invalid_request", words);
    }
    let huge = " ".repeat(1024 * 1024 + 1);
    let answer = mcpd.admin.call(Method::POST, LLMS, huge).await;
    answer.says(413, "body_too_large", "1048576 bytes");
    let other = mcpd.admin.put("/api/v1/llms/y", public).await;
    other.says(400, "invalid_request", "named `x`, the path says `y`");
    let list = mcpd.admin.get(LLMS).await.json();
    assert_eq!(list["items"], json!([]), "nothing of this was stored");
}

#[tokio::test]
async fn a_virtual_row_is_changed_by_its_publisher_alone() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    mcpd.publish(&laptop, &["qwen"]).await;
    let path = "/api/v1/llms/qwen";
    let before = mcpd.admin.get(path).await.json();
    assert_eq!(before["spec"]["kind"], "virtual");
    assert_eq!(before["status"]["phase"], "inactive");
    assert_eq!(before["metadata"]["owner"], "laptop");
    let public = json!({"type": "openai", "model": "m", "url": "http://h/v1"});
    for answer in [
        mcpd.admin.put(path, public.clone()).await,
        mcpd.admin.put(path, before.clone()).await,
        mcpd.admin.patch(path, json!({"tier": "fast"})).await,
        mcpd.admin.patch(path, public).await,
    ] {
        answer.says(409, "conflict", "its publisher says what it is");
    }
    let name_taken = json!({"name": "qwen", "type": "demo", "model": "demo"});
    let answer = mcpd.admin.post(LLMS, name_taken).await;
    answer.refused(409, "name_taken");
    assert_eq!(mcpd.admin.get(path).await.json(), before);
}

#[tokio::test]
async fn a_row_is_deleted_by_its_owner_or_an_admin_and_by_nobody_else() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    let other = mcpd.token("other", "publisher").await;
    let user = mcpd.token("user", "user").await;
    mcpd.publish(&laptop, &["mine", "swept"]).await;
    mcpd.public_llm("gpt", "http://127.0.0.1:1", json!({}))
        .await;
    for caller in [&other, &user] {
        let answer = caller.delete("/api/v1/llms/mine").await;
        answer.says(403, "forbidden", "belongs to another principal");
    }
    for caller in [&laptop, &other, &user] {
        let answer = caller.delete("/api/v1/llms/gpt").await;
        answer.refused(403, "forbidden");
    }
    let deleted = laptop.delete("/api/v1/llms/mine").await.is(200).json();
    assert_eq!(deleted["metadata"]["name"], "mine");
    mcpd.admin.delete("/api/v1/llms/swept").await.is(200);
    mcpd.admin.delete("/api/v1/llms/gpt").await.is(200);
    let again = laptop.delete("/api/v1/llms/mine").await;
    again.refused(404, "model_not_found");
    // The name is free for everybody now.
    mcpd.publish(&other, &["mine"]).await;
    let row = mcpd.admin.get("/api/v1/llms/mine").await.json();
    assert_eq!(row["metadata"]["owner"], "other");
}

#[tokio::test]
async fn a_slip_of_the_finger_gets_the_name_that_was_meant() {
    let mcpd = Mcpd::start().await;
    mcpd.public_llm("laptop", "http://127.0.0.1:1", json!({}))
        .await;
    for (method, path) in [
        (Method::GET, "/api/v1/llms/lapto"),
        (Method::DELETE, "/api/v1/llms/latpop"),
        (Method::POST, "/api/v1/llms/LAPTOP/infer"),
    ] {
        let answer = mcpd.admin.call(method, path, "{}").await;
        let error = answer.refused(404, "model_not_found");
        assert_eq!(error["hint"], "did you mean `laptop`?");
    }
    let answer = mcpd.admin.get("/api/v1/llms/mistral").await;
    let hint = answer.refused(404, "model_not_found")["hint"].clone();
    assert!(hint.as_str().unwrap().contains("mcpctl get llm"), "{hint}");
}
