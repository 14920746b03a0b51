//! The per-chunk form of an answer, from a publisher that repeats, reorders, contradicts itself and comes late.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::{Value, json};
use shared::channel::Task;
use std::time::Duration;
use system_tests::cluster::publisher::Channel;
use system_tests::cluster::{Mcpd, Publisher, Whole};
use tokio::task::JoinSet;

/// A publisher with a channel, and a caller whose request it has.
struct Scene {
    mcpd: Mcpd,
    publisher: Publisher,
    channel: Channel,
    caller: JoinSet<Whole>,
    task: Task,
}

impl Scene {
    async fn set() -> Self {
        let mcpd = Mcpd::start(&[]).await;
        let token = mcpd.token("box", "alice", &["publisher"]).await;
        let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
        let mut channel = publisher.go_live().await;
        let mut caller = JoinSet::new();
        ask(&mcpd, &mut caller);
        let task = channel.task().await;
        Self {
            mcpd,
            publisher,
            channel,
            caller,
            task,
        }
    }

    /// Sends one message and expects this status and code.
    async fn says(&self, message: Value, status: u16, code: &str) {
        let answer = self
            .publisher
            .result(&self.task.task_id, message.clone())
            .await;
        let got = (answer.status, answer.code());
        assert_eq!(
            got,
            (status, code.to_owned()),
            "{message}: {}",
            answer.text()
        );
    }

    async fn takes(&self, message: Value) {
        self.says(message, 200, "").await;
    }

    /// What the caller has in the end.
    async fn heard(&mut self) -> Whole {
        self.caller.join_next().await.unwrap().unwrap()
    }
}

fn ask(mcpd: &Mcpd, caller: &mut JoinSet<Whole>) {
    let body =
        json!({"model": "x", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let (ask, addr) = (mcpd.infer("parrot", body), mcpd.addr);
    caller.spawn(async move { ask.whole(addr).await });
}

fn chunk(seq: u64, data: &str) -> Value {
    json!({"seq": seq, "chunk": {"data": data}})
}

/// The begin of an answer that is no stream of events: bytes, whatever they say.
fn first(data: &str) -> Value {
    json!({"seq": 0, "status": 200, "contentType": "text/plain", "chunk": {"data": data}})
}

/// The begin of a stream of events.
fn first_event(data: &str) -> Value {
    json!({"seq": 0, "status": 200, "contentType": "text/event-stream", "chunk": {"data": data}})
}

#[tokio::test]
async fn repeated_messages_are_one_message() {
    let mut scene = Scene::set().await;
    for _ in 0..3 {
        scene.takes(first_event("data: a\n\n")).await;
    }
    for _ in 0..2 {
        scene.takes(chunk(1, "data: b\n\n")).await;
        scene.takes(first_event("data: a\n\n")).await;
    }
    let end = json!({"seq": 2, "chunk": {"data": "data: [DONE]\n\n", "done": true}});
    scene.takes(end).await;
    let heard = scene.heard().await;
    assert_eq!(heard.text(), "data: a\n\ndata: b\n\ndata: [DONE]\n\n");
    assert_eq!(heard.header("content-type"), Some("text/event-stream"));
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn messages_that_overtake_each_other_are_put_in_order() {
    let mut scene = Scene::set().await;
    scene.says(chunk(1, "early"), 409, "conflict").await;
    scene.takes(first("0")).await;
    for seq in [3, 1, 4, 2] {
        scene.takes(chunk(seq, &seq.to_string())).await;
    }
    scene.says(chunk(4, "other"), 409, "conflict").await;
    scene
        .takes(json!({"seq": 5, "chunk": {"done": true}}))
        .await;
    assert_eq!(scene.heard().await.text(), "01234");
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn so_many_early_messages_are_kept_and_no_more() {
    let mut scene = Scene::set().await;
    scene.takes(first("0")).await;
    for seq in 2..34 {
        scene.takes(chunk(seq, "x")).await;
    }
    scene.says(chunk(34, "x"), 409, "conflict").await;
    scene.takes(chunk(1, "1")).await;
    let large = "y".repeat(200 * 1024);
    scene.takes(chunk(35, &large)).await;
    scene.says(chunk(36, &large), 409, "conflict").await;
    scene.takes(chunk(34, "z")).await;
    scene
        .takes(json!({"seq": 36, "chunk": {"done": true}}))
        .await;
    let expected = format!("01{}z{large}", "x".repeat(32));
    assert_eq!(scene.heard().await.text(), expected);
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn the_same_number_with_other_bytes_is_a_contradiction() {
    let mut scene = Scene::set().await;
    scene.takes(first("a")).await;
    scene.says(first("b"), 409, "conflict").await;
    scene.takes(chunk(1, "c")).await;
    scene.says(chunk(1, "d"), 409, "conflict").await;
    scene
        .takes(json!({"seq": 2, "chunk": {"done": true}}))
        .await;
    assert_eq!(scene.heard().await.text(), "ac");
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn nothing_counts_after_the_end() {
    let mut scene = Scene::set().await;
    let whole = json!({"seq": 0, "body": {"choices": [], "n": 1.00}});
    scene.takes(whole).await;
    scene.says(chunk(1, "late"), 410, "task_ended").await;
    let heard = scene.heard().await;
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(heard.json()["n"], 1.0);
    scene.says(chunk(1, "later"), 410, "task_ended").await;
    scene.mcpd.idle("parrot").await;
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn the_publishers_error_is_the_callers_error() {
    let mut scene = Scene::set().await;
    let error =
        json!({"seq": 0, "error": {"message": "out of memory", "status": 507, "code": "oom"}});
    scene.takes(error).await;
    let heard = scene.heard().await;
    assert_eq!((heard.status, &*heard.code()), (507, "oom"));

    ask(&scene.mcpd, &mut scene.caller);
    scene.task = scene.channel.task().await;
    scene.takes(first_event("data: a\n\n")).await;
    let error = json!({"seq": 1, "error": {"message": "it broke"}});
    scene.takes(error).await;
    let text = scene.heard().await.text();
    assert!(
        text.starts_with("data: a\n\nevent: error\ndata: {"),
        "{text}"
    );
    assert!(text.contains("it broke"), "{text}");
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn bytes_that_are_no_text_pass_in_base64() {
    let mut scene = Scene::set().await;
    scene.takes(first("")).await;
    let half = json!({"seq": 1, "chunk": {"dataBase64": "4w=="}});
    scene.takes(half).await;
    let rest = json!({"seq": 2, "chunk": {"dataBase64": "gYL/", "done": true}});
    scene.takes(rest).await;
    assert_eq!(scene.heard().await.bytes, b"\xe3\x81\x82\xff");
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_the_task_goes_on() {
    let mut scene = Scene::set().await;
    for nonsense in [
        json!({"seq": 0}),
        json!({"seq": 0, "chunk": {"data": "a"}, "body": {}}),
        json!({"seq": 0, "status": 99, "chunk": {"data": "a"}}),
        json!({"seq": 0, "chunk": {"dataBase64": "!"}}),
        json!({"seq": -1, "chunk": {"data": "a"}}),
        json!({"seq": 0, "chunk": {"data": "a".repeat(256 * 1024 + 1)}}),
        json!([]),
    ] {
        scene.says(nonsense, 400, "invalid_request").await;
    }
    scene.takes(first("fine")).await;
    scene
        .takes(json!({"seq": 1, "chunk": {"done": true}}))
        .await;
    assert_eq!(scene.heard().await.text(), "fine");
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn an_answer_from_an_older_channel_reaches_nobody() {
    let mut scene = Scene::set().await;
    scene.takes(first_event("data: a\n\n")).await;
    let newer = scene.publisher.go_live().await;
    let text = scene.heard().await.text();
    assert!(text.contains("event: error\n"), "{text}");
    assert!(!text.contains("[DONE]"), "{text}");
    scene.says(chunk(1, "late"), 409, "stale_epoch").await;
    let upload = format!("_provider-task/{}/stream", scene.task.task_id);
    let late = scene.publisher.call(&upload, "late").await;
    assert_eq!((late.status, &*late.code()), (409, "stale_epoch"));
    // The older channel hears why, and ends.
    let superseded = scene.channel.next().await;
    assert!(
        matches!(superseded, Some(shared::channel::Frame::Superseded)),
        "{superseded:?}"
    );
    assert!(scene.channel.next().await.is_none());
    assert_eq!(newer.epoch, scene.channel.epoch + 1);
    scene.mcpd.idle("parrot").await;
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_publisher_hears_that_its_caller_went() {
    let mut scene = Scene::set().await;
    scene.takes(first_event("data: a\n\n")).await;
    scene.caller.abort_all();
    let limit = Duration::from_secs(1);
    let cancel = tokio::time::timeout(limit, scene.channel.next())
        .await
        .unwrap();
    match cancel {
        Some(shared::channel::Frame::Cancel(cancel)) => {
            assert_eq!(cancel.task_id, scene.task.task_id);
            assert_eq!(cancel.reason, "caller_gone");
        }
        other => panic!("no cancel, but {other:?}"),
    }
    scene.says(chunk(1, "data: b\n\n"), 410, "task_ended").await;
    scene.mcpd.at_rest().await;
}
