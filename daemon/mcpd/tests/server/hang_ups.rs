//! A caller that hangs up in the middle of a write: it is done whole, and memory and database stay one.

use http::Method;
use mcpd::routes::{HangUp, table};
use serde_json::{Value, json};

use crate::client::{Caller, PATIENCE};
use crate::fixture::{Mcpd, value_of};
use crate::held::Held;
use crate::raw::{Raw, wire};

/// Method, path, and body where there is one.
type Write = (Method, &'static str, Value);

/// What changes nothing, or streams, or waits, though it is no GET.
const NO_WRITES: [&str; 14] = [
    "/api/v1/route/explain",
    "/v1/jobs/lookup",
    "/v1/workers/claim",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/messages",
    "/api/v1/llms/{name}/infer",
    "/api/v1/llms/{name}/infer/{*path}",
    "/api/v1/llms/_provider-stream",
    "/api/v1/llms/_provider-heartbeat",
    "/api/v1/llms/_provider-task/{id}/stream",
    "/api/v1/llms/_provider-task/{id}/result",
];

#[test]
fn every_write_goes_to_its_end_and_nothing_else_does() {
    for route in table() {
        let writes = route.method != Method::GET && !NO_WRITES.contains(&route.path);
        let finishes = route.hang_up == HangUp::Finishes;
        assert_eq!(finishes, writes, "{} {}", route.method, route.path);
    }
}

/// Waits until so many tasks of the server run, or fewer.
async fn until_running(mcpd: &Mcpd, most: usize) {
    let look = async {
        while mcpd.lifecycle.task_count() > most {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, look).await;
    let left = mcpd.lifecycle.task_count();
    assert!(seen.is_ok(), "{left} tasks run, more than {most}");
}

/// Sends a write, hangs up while the database holds it, and lets it go on.
async fn left(mcpd: &Mcpd, by: &Caller, (method, path, body): &Write) {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let held = Held::take(mcpd).await;
    let caller = Raw::say(mcpd, wire(by, method, path, &body)).await;
    // Its connection and its write; the others' stay as they are until the end.
    let busy = mcpd.lifecycle.task_count();
    drop(caller);
    until_running(mcpd, busy - 1).await;
    let left = mcpd.lifecycle.task_count();
    assert_eq!(left, busy - 1, "{method} {path} was not held");
    held.release().await;
    until_running(mcpd, busy - 2).await;
    // One writer: whatever was sent before this is done.
    let price = json!({"name": "behind", "input": 1.0, "output": 1.0});
    mcpd.admin.put("/api/v1/prices/behind", price).await;
}

/// All that is kept, as the server shows it.
async fn kept(mcpd: &Mcpd) -> Vec<Value> {
    let mut kept = Vec::new();
    for kind in ["llms", "aliases", "prices", "secrets", "tokens"] {
        let list = mcpd.admin.get(&format!("/api/v1/{kind}")).await.is(200);
        for item in list.json()["items"].as_array().unwrap() {
            kept.push(json!({"kind": kind, "metadata": item["metadata"], "spec": item["spec"]}));
        }
    }
    kept
}

/// Writes, and behind each what is there afterwards.
fn writes() -> Vec<(Write, Option<(&'static str, Value)>)> {
    let row = |model: &str| json!({"name": "row", "type": "openai", "model": model, "url": "http://127.0.0.1:9/v1"});
    let model = |model: &str| Some(("/spec/model", json!(model)));
    let alias = |llm: &str| json!({"name": "alias", "llms": [llm]});
    let price = |usd: f64| json!({"name": "price", "input": usd, "output": 2.0});
    let limit = |rate: u32| json!({"requestsPerMinute": rate});
    let token = json!({"name": "token", "roles": ["user"]});
    let secret = json!({"name": "secret", "data": {"key": "x"}});
    let offer = json!({"name": "offer", "type": "ollama", "model": "llama"});
    vec![
        ((Method::POST, "/api/v1/llms", row("a")), model("a")),
        ((Method::PUT, "/api/v1/llms/row", row("b")), model("b")),
        (
            (Method::PATCH, "/api/v1/llms/row", json!({"model": "c"})),
            model("c"),
        ),
        ((Method::DELETE, "/api/v1/llms/row", Value::Null), None),
        (
            (Method::POST, "/api/v1/aliases", alias("a")),
            Some(("/spec/llms/0", json!("a"))),
        ),
        (
            (Method::PUT, "/api/v1/aliases/alias", alias("b")),
            Some(("/spec/llms/0", json!("b"))),
        ),
        ((Method::DELETE, "/api/v1/aliases/alias", Value::Null), None),
        (
            (Method::POST, "/api/v1/prices", price(1.0)),
            Some(("/spec/input", json!(1.0))),
        ),
        (
            (Method::PUT, "/api/v1/prices/price", price(3.0)),
            Some(("/spec/input", json!(3.0))),
        ),
        ((Method::DELETE, "/api/v1/prices/price", Value::Null), None),
        (
            (Method::POST, "/api/v1/secrets", secret),
            Some(("/metadata/name", json!("secret"))),
        ),
        (
            (Method::DELETE, "/api/v1/secrets/secret", Value::Null),
            None,
        ),
        (
            (Method::POST, "/api/v1/tokens", token),
            Some(("/metadata/name", json!("token"))),
        ),
        (
            (Method::PUT, "/api/v1/tokens/token/limits", limit(7)),
            Some(("/spec/limits/requestsPerMinute", json!(7))),
        ),
        ((Method::DELETE, "/api/v1/tokens/token", Value::Null), None),
        (
            (
                Method::POST,
                "/api/v1/llms/_provider-register",
                json!({"providers": [offer]}),
            ),
            Some(("/spec/model", json!("llama"))),
        ),
    ]
}

/// Where the thing that a write makes or changes stands.
fn place(path: &str) -> String {
    let path = path.trim_end_matches("/limits");
    match path.rsplit('/').next().unwrap() {
        "llms" => "/api/v1/llms/row".into(),
        "_provider-register" => "/api/v1/llms/offer".into(),
        "aliases" => "/api/v1/aliases/alias".into(),
        "prices" | "secrets" | "tokens" => format!("{path}/{}", &path[8..path.len() - 1]),
        _ => path.into(),
    }
}

#[tokio::test]
async fn a_write_whose_caller_hangs_up_is_done_whole() {
    let mcpd = Mcpd::start().await;
    for (write, after) in writes() {
        left(&mcpd, &mcpd.admin, &write).await;
        let (method, path, _) = &write;
        let found = mcpd.admin.get(&place(path)).await;
        match after {
            Some((pointer, value)) => {
                let found = found.is(200).json();
                assert_eq!(
                    found.pointer(pointer),
                    Some(&value),
                    "{method} {path}: {found}"
                );
            }
            None => drop(found.is(404)),
        }
    }
    let before = kept(&mcpd).await;
    let mcpd = Mcpd::start_in(mcpd.stop().await, &[]).await;
    assert_eq!(kept(&mcpd).await, before);
}

#[tokio::test]
async fn a_token_whose_deletion_nobody_waited_for_is_refused_at_once() {
    let mcpd = Mcpd::start().await;
    let gone = mcpd.token("gone", "user").await;
    gone.get("/api/v1/whoami").await.is(200);
    let delete = (Method::DELETE, "/api/v1/tokens/gone", Value::Null);
    left(&mcpd, &mcpd.admin, &delete).await;
    let refused = gone.get("/api/v1/whoami").await;
    refused.says(401, "invalid_api_key", "the access token was deleted");
    mcpd.admin.delete("/api/v1/tokens/gone").await.is(404);
    // Its name is free, in both places.
    let again = mcpd.token("gone", "user").await;
    again.get("/api/v1/whoami").await.is(200);
}

#[tokio::test]
async fn what_is_gone_from_the_database_alone_can_be_deleted_here() {
    let mcpd = Mcpd::start().await;
    let ghost = mcpd.token("ghost", "user").await;
    let mut hand = Held::open(&mcpd).await;
    hand.run("delete from tokens where name = 'ghost'").await;
    ghost.get("/api/v1/whoami").await.is(200);
    let deleted = mcpd.admin.delete("/api/v1/tokens/ghost").await.is(200);
    assert_eq!(deleted.json()["metadata"]["name"], "ghost");
    ghost.get("/api/v1/whoami").await.is(401);
    mcpd.admin.delete("/api/v1/tokens/ghost").await.is(404);
}

#[tokio::test]
async fn of_two_last_admins_that_are_deleted_at_once_one_stays() {
    let mcpd = Mcpd::start().await;
    let wanted = json!({"name": "second", "roles": ["admin"]});
    let made = mcpd.admin.post("/api/v1/tokens", wanted).await.is(201);
    let second = mcpd.admin.with_token(value_of(&made.json()));
    let first = mcpd.admin.get("/api/v1/whoami").await.is(200).json();
    let first = first["token"].as_str().unwrap();
    let held = Held::take(&mcpd).await;
    let path = format!("/api/v1/tokens/{first}");
    let one = Raw::say(&mcpd, wire(&second, &Method::DELETE, &path, "")).await;
    let path = "/api/v1/tokens/second";
    let other = Raw::say(&mcpd, wire(&mcpd.admin, &Method::DELETE, path, "")).await;
    held.release().await;
    let answers = [one.answer().await, other.answer().await];
    let done = |text: &&String| text.starts_with("HTTP/1.1 200 ");
    assert_eq!(answers.iter().filter(done).count(), 1, "{answers:?}");
    let mut left = 0;
    for admin in [&mcpd.admin, &second] {
        left += usize::from(admin.get("/api/v1/secrets").await.status == 200);
    }
    assert_eq!(left, 1, "{answers:?}");
}
