//! A request's body comes in time or its connection is closed, on every route; an answer that a publisher brings may
//! pause for longer.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

mod body_routes;

use body_routes::{Takes, body_routes};
use serde_json::json;
use shared::headers::PROVIDER_SESSION;
use std::time::Duration;
use system_tests::cluster::stage::chat;
use system_tests::cluster::{Ask, Mcpd, Publisher, Raw};
use system_tests::mock::Behaviour;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What a body has, and what this machine may take to notice.
const PATIENCE: Duration = Duration::from_secs(30);
const SLACK: Duration = Duration::from_secs(10);

/// Says a head and half a body, and then a byte each second or nothing at all.
async fn dawdles(mcpd_addr: std::net::SocketAddr, head: String, trickles: bool) -> (Raw, Duration) {
    let began = Instant::now();
    let mut caller = Raw::say(mcpd_addr, head + "{\"half\":").await;
    while began.elapsed() < PATIENCE + SLACK {
        if caller.closes(Duration::from_secs(1)).await {
            break;
        }
        if trickles && caller.send(" ").await.is_err() {
            caller.closes(Duration::from_secs(1)).await;
            break;
        }
    }
    (caller, began.elapsed())
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up_on_every_route() {
    let mcpd = Mcpd::start(&[]).await;
    mcpd.create_public("cloud", "http://127.0.0.1:9/v1", json!({}))
        .await;
    let mut callers = JoinSet::new();
    for route in body_routes() {
        for trickles in [false, true] {
            let head = format!(
                "{} {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{PROVIDER_SESSION}: none\r\n\
                 content-length: 5000\r\n\r\n",
                route.method, route.path, mcpd.admin
            );
            let (addr, route) = (mcpd.addr, route.clone());
            callers.spawn(async move { (route, trickles, dawdles(addr, head, trickles).await) });
        }
    }
    let upload = tokio::time::timeout(PATIENCE + SLACK, an_upload_that_pauses(&mcpd));
    upload.await.unwrap();
    while let Some(ended) = callers.join_next().await {
        let (route, trickles, (caller, took)) = ended.unwrap();
        let text = caller.text();
        let what = format!("{route:?} {trickles} {took:?}: {text}");
        match route.takes {
            // It is answered without its body, and nothing else may come on a connection that owes one.
            Takes::Nothing | Takes::Upload => {
                assert_eq!(caller.statuses(), [404], "{what}");
                assert!(took < SLACK, "{what}");
            }
            Takes::Document | Takes::Jobs | Takes::Inference => {
                assert_eq!(caller.statuses(), [408], "{what}");
                assert!(text.contains("\r\nconnection: close\r\n"), "{what}");
                assert!(text.contains("did not come in time"), "{what}");
                assert!(took + Duration::from_secs(1) > PATIENCE, "{what}");
                assert!(took < PATIENCE + SLACK, "{what}");
            }
        }
    }
    let alive = Ask::get("/healthz").whole(mcpd.addr).await;
    assert_eq!(alive.status, 200);
    mcpd.at_rest().await;
}

/// An answer that pauses for longer than a request's body may.
async fn an_upload_that_pauses(mcpd: &Mcpd) {
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    let mut channel = publisher.go_live().await;
    let (ask, addr) = (
        mcpd.infer("parrot", chat(true, &Behaviour::default())),
        mcpd.addr,
    );
    let mut caller = JoinSet::from_iter([async move { ask.whole(addr).await }]);
    let task = channel.task().await.task_id;
    let head = format!(
        "POST /api/v1/llms/_provider-task/{task}/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         {PROVIDER_SESSION}: {}\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        publisher.session
    );
    let mut upload = Raw::say(addr, head).await;
    upload.send("10\r\ndata: {\"a\": 1}\n\n\r\n").await.unwrap();
    sleep(PATIENCE + Duration::from_secs(3)).await;
    upload
        .send("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        .await
        .unwrap();
    assert!(
        upload.hears("{\"ok\":true}", SLACK).await,
        "{}",
        upload.text()
    );
    let answer = caller.join_next().await.unwrap().unwrap();
    assert!(answer.is_done(), "{}", answer.text());
    // The heartbeats of its life were missing meanwhile; the channel itself is still there.
    drop(channel);
}
