//! Durable jobs over HTTP: from a submit to the end, who may see and say what, requests that become
//! jobs.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Caller};
use crate::fixture::Mcpd;
use crate::mock_upstream::{MockUpstream, STREAM_HEAD, chunk};

const HELLO: &str = r#"{"model":"gpt","messages":[{"role":"user","content":"hello"}]}"#;

fn chat(llm: &str) -> Value {
    let messages = json!([{"role": "user", "content": "hello"}]);
    json!({"kind": "llm.chat", "payload": {"llm": llm, "messages": messages}})
}

async fn submitted(caller: &Caller, job: Value) -> String {
    let answer = caller.post("/v1/jobs", job).await.is(202).json();
    answer["job_id"].as_str().unwrap().to_owned()
}

/// The job's events as text, up to its end.
async fn followed(caller: &Caller, id: &str, after: &str) -> String {
    let (path, after) = (format!("/v1/jobs/{id}/stream"), [("last-event-id", after)]);
    let stream = caller.open(Method::GET, &path, &after, "").await;
    stream.whole().await.is(200).text().to_owned()
}

async fn job(caller: &Caller, id: &str) -> Value {
    let path = format!("/v1/jobs/{id}?history=true");
    caller.get(&path).await.is(200).json()
}

async fn demo(mcpd: &Mcpd) {
    let row = json!({"name": "demo", "type": "demo", "model": "demo"});
    mcpd.admin.post("/api/v1/llms", row).await.is(201);
}

#[tokio::test]
async fn a_job_runs_and_its_stream_tells_all_of_it_from_any_event_on() {
    let mcpd = Mcpd::start().await;
    demo(&mcpd).await;
    let user = mcpd.token("user", "user").await;
    let id = submitted(&user, chat("demo")).await;
    let events = followed(&user, &id, "0").await;
    for event in [
        "event: queued",
        "event: running",
        "event: chunk",
        "event: done",
    ] {
        assert!(events.contains(event), "{event} is missing in {events}");
    }
    let done = job(&user, &id).await;
    assert_eq!(done["status"], "done");
    assert!(
        done["result"]["response"]
            .as_str()
            .unwrap()
            .ends_with("hello")
    );
    assert_eq!(done["result"]["data"]["object"], "chat.completion");
    assert_eq!(
        (&done["result"]["llm"], &done["result"]["provider"]),
        (&json!("demo"), &json!("demo"))
    );
    assert!(done["result"]["tokens_out"].as_u64().unwrap() > 0);
    assert_eq!(done["history"][0]["outcome"], "done");
    // From the second event on: no less and no more.
    let (_, rest) = events.split_once("event: running").unwrap();
    let again = followed(&user, &id, "2").await;
    let (_, rest) = rest.split_once("\n\n").unwrap();
    assert_eq!(again.trim_start_matches(": here\n\n"), rest);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_the_field_and_nothing_is_stored() {
    let mcpd = Mcpd::start().await;
    let post = |body: Value| mcpd.admin.post("/v1/jobs", body);
    let bad = post(json!({"kind": "llm.chat", "payload": {"llm": "demo"}})).await;
    bad.says(400, "invalid_request", "`messages` is missing");
    let bad = json!({"jobs": [{"kind": "echo", "payload": 1}, {"kind": "", "payload": 1}]});
    post(bad).await.says(400, "invalid_request", "`kind`");
    let made = json!({"kind": "gateway.request", "payload": {}});
    post(made)
        .await
        .says(400, "invalid_request", "respond-async");
    for path in [
        "/v1/jobs/nonsense",
        "/v1/jobs/019aa5c3-1b7d-7f00-8000-000000000001",
    ] {
        mcpd.admin
            .get(path)
            .await
            .says(404, "not_found", "there is no job");
    }
    let list = mcpd.admin.get("/v1/jobs").await.is(200).json();
    assert_eq!(list["jobs"], json!([]));
    let odd = mcpd.admin.get("/v1/jobs?status=odd").await;
    odd.refused(400, "invalid_request");
}

#[tokio::test]
async fn an_unknown_llm_is_accepted_with_a_warning_and_waits() {
    let mcpd = Mcpd::start().await;
    demo(&mcpd).await;
    let answer = mcpd
        .admin
        .post("/v1/jobs", chat("dmo"))
        .await
        .is(202)
        .json();
    let warning = answer["warning"].as_str().unwrap();
    assert!(warning.contains("did you mean `demo`?"), "{warning}");
    let waiting = job(&mcpd.admin, answer["job_id"].as_str().unwrap()).await;
    assert_eq!(
        (&waiting["status"], &waiting["position"]),
        (&json!("queued"), &json!(0))
    );
    assert!(waiting["reason"].as_str().unwrap().contains("`dmo`"));
}

#[tokio::test]
async fn a_job_is_its_owners_and_an_admin_sees_all() {
    let mcpd = Mcpd::start().await;
    let (alice, bob) = (
        mcpd.token("alice", "user").await,
        mcpd.token("bob", "user").await,
    );
    let id = submitted(&alice, json!({"kind": "own", "payload": 1})).await;
    let path = format!("/v1/jobs/{id}");
    for answer in [
        bob.get(&path).await,
        bob.get(&format!("{path}/stream")).await,
        bob.get(&format!("{path}/response")).await,
        bob.post(&format!("{path}/cancel"), json!({})).await,
        bob.post(&format!("{path}/retry"), json!({})).await,
        bob.delete(&path).await,
    ] {
        answer.refused(404, "not_found");
    }
    assert_eq!(bob.get("/v1/jobs").await.json()["jobs"], json!([]));
    let lookup = json!({"ids": [id]});
    let seen = |answer: Answer| answer.is(200).json()["jobs"].as_array().unwrap().len();
    assert_eq!(seen(bob.post("/v1/jobs/lookup", lookup.clone()).await), 0);
    assert_eq!(seen(alice.post("/v1/jobs/lookup", lookup.clone()).await), 1);
    assert_eq!(seen(mcpd.admin.post("/v1/jobs/lookup", lookup).await), 1);
    assert_eq!(
        bob.get("/v1/jobs/summary").await.json()["counts"],
        json!([])
    );
    mcpd.admin.get(&path).await.is(200);
}

#[tokio::test]
async fn a_lease_is_its_claimers_alone_and_holds_once() {
    let mcpd = Mcpd::start().await;
    let (ours, theirs) = (
        mcpd.token("w1", "worker").await,
        mcpd.token("w2", "worker").await,
    );
    let id = submitted(&mcpd.admin, json!({"kind": "own", "payload": {"a": 1.0}})).await;
    let claim = json!({"worker_id": "w", "kinds": ["own"], "lease_seconds": 60, "wait_s": 5});
    let claimed = ours.post("/v1/workers/claim", claim.clone()).await.is(200);
    assert!(claimed.text().contains(r#""payload":{"a":1.0}"#));
    let token = claimed.json()["lease_token"].clone();
    let word = |more: Value| {
        let mut word = json!({"worker_id": "w", "job_id": id, "lease_token": token});
        word.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        word
    };
    let beat = word(json!({"extend_seconds": 60, "progress": {"done": 1, "total": 2}}));
    let result = word(json!({"result": "r"}));
    for (path, body) in [
        ("/v1/workers/heartbeat", &beat),
        ("/v1/workers/complete", &result),
        ("/v1/workers/fail", &word(json!({"error": "e"}))),
    ] {
        theirs
            .post(path, body.clone())
            .await
            .refused(409, "stale_lease");
    }
    let heard = ours
        .post("/v1/workers/heartbeat", beat)
        .await
        .is(200)
        .json();
    assert_eq!(heard, json!({"ok": true, "canceled": false}));
    let none = json!({"worker_id": "w", "kinds": ["own"], "lease_seconds": 60});
    ours.post("/v1/workers/claim", none).await.is(204);
    mcpd.admin
        .post(&format!("/v1/jobs/{id}/cancel"), json!({}))
        .await
        .is(200);
    let heard = ours.post("/v1/workers/heartbeat", word(json!({"extend_seconds": 60})));
    assert_eq!(heard.await.is(200).json()["canceled"], true);
    let failed = word(json!({"error": "stopped", "retryable": false}));
    let failed = ours.post("/v1/workers/fail", failed).await.is(200).json();
    assert_eq!(failed["status"], "canceled");
    ours.post("/v1/workers/complete", result)
        .await
        .refused(409, "stale_lease");
    let events = followed(&mcpd.admin, &id, "0").await;
    assert!(
        events.contains("event: progress") && events.contains("event: error"),
        "{events}"
    );
}

#[tokio::test]
async fn a_canceled_job_stops_its_model_at_once() {
    let mcpd = Mcpd::start().await;
    let upstream = MockUpstream::listen().await;
    mcpd.public_llm("gpt", &upstream.url(), json!({})).await;
    let id = submitted(&mcpd.admin, chat("gpt")).await;
    let mut connection = upstream.next().await;
    connection.request().await;
    let delta = r#"data: {"choices":[{"index":0,"delta":{"content":"grow"}}]}"#;
    let begin = [STREAM_HEAD, &chunk(&format!("{delta}\n\n"))].concat();
    connection.say(begin).await;
    let path = format!("/v1/jobs/{id}/stream");
    let mut stream = mcpd.admin.open(Method::GET, &path, &[], "").await;
    stream.until("\"data\":\"grow\"").await;
    mcpd.admin
        .post(&format!("/v1/jobs/{id}/cancel"), json!({}))
        .await
        .is(200);
    connection.closed().await;
    stream.until("event: error").await;
    assert_eq!(job(&mcpd.admin, &id).await["status"], "canceled");
}

#[tokio::test]
async fn a_job_of_a_deleted_token_ends_and_says_why() {
    let mcpd = Mcpd::start().await;
    let user = mcpd.token("user", "user").await;
    let id = submitted(&user, chat("later")).await;
    mcpd.admin.delete("/api/v1/tokens/user").await.is(200);
    let row = json!({"name": "later", "type": "demo", "model": "demo"});
    mcpd.admin.post("/api/v1/llms", row).await.is(201);
    let events = followed(&mcpd.admin, &id, "0").await;
    assert!(events.contains("was deleted or has expired"), "{events}");
}

#[tokio::test]
async fn a_request_that_nobody_can_take_becomes_a_job_and_its_answer_is_kept_as_it_is() {
    let mcpd = Mcpd::start_with(&[("workers", "2")]).await;
    let publisher = mcpd.token("laptop", "publisher").await;
    mcpd.publish(&publisher, &["away"]).await;
    let asked = [("prefer", "respond-async, wait=5")];
    let chat = HELLO.replace("gpt", "away");
    let path = "/v1/chat/completions";
    // Without the wish it is refused, as ever.
    mcpd.admin
        .call(Method::POST, path, chat.clone())
        .await
        .refused(503, "provider_offline");
    let deferred = mcpd
        .admin
        .open(Method::POST, path, &asked, chat.clone())
        .await;
    let deferred = deferred.whole().await.is(202);
    let waiting = deferred.json();
    let location = deferred.header("location").unwrap().to_owned();
    assert_eq!(
        location,
        format!("/v1/jobs/{}", waiting["id"].as_str().unwrap())
    );
    assert_eq!(
        (&waiting["kind"], &waiting["position"]),
        (&json!("gateway.request"), &json!(0))
    );
    assert!(
        waiting["reason"]
            .as_str()
            .unwrap()
            .contains("publisher is away"),
        "{waiting}"
    );
    let response = format!("{location}/response");
    mcpd.admin.get(&response).await.is(202);
    // An alias that queues does the same without being asked, for streams too.
    let alias = json!({"name": "smart", "llms": ["away"], "onUnavailable": "queue",
        "fallbacks": ["soon"]});
    mcpd.admin.post("/api/v1/aliases", alias).await.is(201);
    let stream = HELLO
        .replace("gpt", "smart")
        .replace("{\"model", "{\"stream\":true,\"model");
    let queued = mcpd
        .admin
        .call(Method::POST, path, stream)
        .await
        .is(202)
        .json();
    let soon = json!({"name": "soon", "type": "demo", "model": "demo"});
    mcpd.admin.post("/api/v1/llms", soon).await.is(201);
    let id = queued["id"].as_str().unwrap();
    followed(&mcpd.admin, id, "0").await;
    let answer = mcpd
        .admin
        .get(&format!("/v1/jobs/{id}/response"))
        .await
        .is(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.text().starts_with("data: {") && answer.text().ends_with("data: [DONE]\n\n"));
    // One that can be taken at once is.
    let now = HELLO.replace("gpt", "soon");
    let answer = mcpd
        .admin
        .open(Method::POST, path, &asked, now)
        .await
        .whole()
        .await
        .is(200);
    assert_eq!(answer.json()["object"], "chat.completion");
}
