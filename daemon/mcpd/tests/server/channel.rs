//! The control channel's routes: what they refuse, and what they do not tell.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Caller};
use crate::fixture::Mcpd;

const SESSION: &str = "x-mcpctl-provider-session";

/// Every call that names a session, and perhaps a task.
const CALLS: [(Method, &str, &str); 4] = [
    (Method::GET, "_provider-stream", ""),
    (Method::GET, "_provider-task/1-1", ""),
    (Method::POST, "_provider-task/1-1/stream", "data: x\n\n"),
    (
        Method::POST,
        "_provider-task/1-1/result",
        r#"{"seq":0,"chunk":{"data":"x"}}"#,
    ),
];

async fn call(caller: &Caller, session: &str, call: &(Method, &str, &str)) -> Answer {
    let (method, path, body) = call;
    let path = format!("/api/v1/llms/{path}");
    let headers = [(SESSION, session), ("x-request-id", "same")];
    let coming = caller.open(method.clone(), &path, &headers, body.as_bytes().to_vec());
    coming.await.whole().await
}

#[tokio::test]
async fn another_principals_session_looks_like_one_that_does_not_exist() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    let eve = mcpd.token("eve", "publisher").await;
    let session = mcpd.publish(&laptop, &["qwen"]).await;
    let session = session["providerSessionId"].as_str().unwrap();
    let path = "/api/v1/llms/_provider-stream";
    let mut channel = laptop
        .open(Method::GET, path, &[(SESSION, session)], "")
        .await;
    channel.until("event: hello").await;
    let beat = (Method::POST, "_provider-heartbeat", r#"{"epoch":1}"#);
    assert_eq!(call(&laptop, session, &beat).await.json()["bound"], true);
    // An administrator may do what a publisher may, but is another principal, too.
    for stranger in [&eve, &mcpd.admin] {
        for asked in &CALLS {
            let foreign = call(stranger, session, asked).await;
            let unknown = call(stranger, "0199aaaa-0000-7000-8000-000000000000", asked).await;
            foreign.refused(404, "not_found");
            assert_eq!(foreign.text(), unknown.text(), "{asked:?}");
        }
        let mut foreign = call(stranger, session, &beat).await.is(200).json();
        let mut unknown = call(stranger, "unknown", &beat).await.is(200).json();
        assert_eq!(
            (&foreign["bound"], &foreign["epoch"]),
            (&json!(false), &json!(0))
        );
        for reply in [&mut foreign, &mut unknown] {
            reply["serverTime"] = Value::Null;
        }
        assert_eq!(foreign, unknown);
    }
    let row = mcpd.admin.get("/api/v1/llms/qwen").await.json();
    assert_eq!(
        row["status"]["phase"], "active",
        "nothing of this disturbed it"
    );
}

#[tokio::test]
async fn a_call_without_a_session_or_with_odd_numbers_says_which_header() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    let session = mcpd.publish(&laptop, &["qwen"]).await;
    let session = session["providerSessionId"].as_str().unwrap();
    for (method, path, body) in CALLS {
        let path = format!("/api/v1/llms/{path}");
        let answer = laptop.call(method, &path, body).await;
        answer.says(400, "invalid_request", SESSION);
    }
    let path = "/api/v1/llms/_provider-task/1-1/stream";
    for (name, value) in [
        ("x-mcpctl-epoch", "one"),
        ("x-mcpctl-epoch", "-1"),
        ("x-mcpctl-upstream-status", "ok"),
        ("x-mcpctl-upstream-status", "101"),
        ("x-mcpctl-upstream-status", "99"),
    ] {
        let headers = [(SESSION, session), (name, value)];
        let answer = laptop.open(Method::POST, path, &headers, "x").await;
        answer.whole().await.says(400, "invalid_request", name);
    }
}

#[tokio::test]
async fn an_offer_that_can_not_be_read_or_had_is_answered_with_why() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    mcpd.public_llm("gpt", "http://127.0.0.1:1/v1", json!({}))
        .await;
    let path = "/api/v1/llms/_provider-register";
    let provider = |name: &str| json!({"name": name, "type": "ollama", "model": "m"});
    for (offer, words) in [
        (json!({"providers": "all"}), "does not fit"),
        (json!({"providers": [{"name": "a"}]}), "`type`"),
        (json!({"providers": [provider("a b")]}), "only letters"),
        (
            json!({"providers": [provider("a"), provider("a")]}),
            "offered twice",
        ),
        (
            json!({"providerSessionId": "a b", "providers": []}),
            "session id",
        ),
    ] {
        let answer = laptop.post(path, offer).await;
        answer.says(400, "invalid_request", words);
    }
    let taken = json!({"providers": [provider("gpt")]});
    let answer = laptop.post(path, taken).await;
    answer.says(409, "name_taken", "`gpt`: a public LLM has this name");
    let both = json!({"providers": [provider("gpt"), provider("mine")]});
    let answer = laptop.post(path, both).await.is(200).json();
    assert_eq!(answer["llms"][0]["metadata"]["name"], "mine");
    assert_eq!(answer["conflicts"][0]["name"], "gpt");
}
