//! Whatever a token has open ends within five seconds once it is revoked or has expired: streams that are read, streams
//! that nobody reads, and waits.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use shared::timestamp::Timestamp;
use std::time::Duration;
use system_tests::clock::wall_ms;
use system_tests::cluster::stage::{ROWS, Stage, chat};
use system_tests::cluster::wait::{until, when};
use system_tests::cluster::{Ask, Mcpd, Publisher, Raw, Whole};
use system_tests::jobs::Jobs;
use system_tests::mock::Behaviour;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Promise 10.
const ENDED: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(15);

fn slow() -> Behaviour {
    Behaviour {
        tokens: 100_000,
        interval_ms: 50,
        ..Behaviour::default()
    }
}

/// Opens one of everything that lasts, with `token`, and sees each of them under way. Each answers what it was, and how
/// it ended.
async fn open_all(stage: &Stage, token: &str) -> JoinSet<(String, Whole)> {
    let addr = stage.mcpd.addr;
    let mut open = JoinSet::new();
    for row in ROWS {
        let path = format!("/api/v1/llms/{row}/infer");
        let streamed = Ask::post(&path, chat(true, &slow()));
        let mut answer = streamed.token(token).send(addr).await;
        answer.read_until("data: ").await;
        open.spawn(async move { (format!("stream {row}"), answer.whole().await) });
        let whole = Ask::post(&path, chat(false, &slow())).token(token);
        open.spawn(async move { (format!("chat {row}"), whole.whole(addr).await) });
    }
    let watch = Ask::get("/api/v1/llms?watch=true").token(token);
    let mut watch = watch.send(addr).await;
    watch.read_until("event: synced").await;
    open.spawn(async move { ("watch".into(), watch.whole().await) });

    let job = json!({"kind": "custom.never", "payload": {}});
    let id = Jobs::with(&stage.mcpd, token).submit(job).await;
    let job = Ask::get(&format!("/v1/jobs/{id}/stream")).token(token);
    let job = job.send(addr).await;
    open.spawn(async move { ("job stream".into(), job.whole().await) });

    let claim = json!({
        "worker_id": "w", "kinds": ["custom.other"], "lease_seconds": 60, "limit": 1, "wait_s": 25,
    });
    let claim = Ask::post("/v1/workers/claim", claim).token(token);
    open.spawn(async move { ("claim".into(), claim.whole(addr).await) });
    until("the claim to be heard", SOON, async || {
        let workers = stage.mcpd.admin_ok(Ask::get("/v1/workers")).await;
        when(workers["workers"][0]["worker_id"] == "w", workers)
    })
    .await;
    stage.serving(4).await;
    open
}

async fn all_end(mut open: JoinSet<(String, Whole)>, since: Instant) {
    while let Some(ended) = open.join_next().await {
        let (what, answer) = ended.unwrap();
        assert!(Instant::now() >= since, "{what} ended before its token");
        assert!(since.elapsed() < ENDED, "{what} took {:?}", since.elapsed());
        let text = answer.text();
        let is_right = match (&*what, answer.status) {
            ("claim", status) => status == 204,
            ("watch", status) => status == 200,
            ("job stream", status) => status == 200 && !text.contains("event: done"),
            (streamed, status) if streamed.starts_with("stream") => {
                answer.ends_in_error("invalid_api_key");
                status == 200 && answer.broken.is_none()
            }
            // Its head was out already: all that can be told is that it is not whole.
            (_, 200) => answer.broken.is_some(),
            (_, status) => (status, &*answer.code()) == (401, "invalid_api_key"),
        };
        assert!(is_right, "{what}: {} {text}", answer.status);
    }
}

#[tokio::test]
async fn a_token_that_expires_ends_what_it_has_open() {
    let stage = Stage::start().await;
    let life = Duration::from_secs(12);
    let born = Instant::now();
    let end = Timestamp::from_millis(wall_ms() + 12_000).to_string();
    let body = json!({"name": "guest", "principal": "bob", "roles": ["user", "worker", "publisher"], "expiresAt": end});
    let made = stage.mcpd.admin_ok(Ask::post("/api/v1/tokens", body)).await;
    let token = made["status"]["value"].as_str().unwrap().to_owned();
    let publisher = Publisher::register(stage.mcpd.addr, &token, "parrot").await;
    let mut channel = publisher.go_live().await;
    let open = open_all(&stage, &token).await;
    assert!(born.elapsed() < life, "this machine is too slow");
    all_end(open, born + life).await;
    while channel.next().await.is_some() {}
    stage.mcpd.reaches("parrot", "inactive", SOON).await;
    assert!(born.elapsed() < life + ENDED, "{:?}", born.elapsed());
    stage.aborted(4, ENDED).await;
    stage.at_rest().await;
}

#[tokio::test]
async fn a_token_that_is_revoked_ends_what_it_has_open() {
    let stage = Stage::start().await;
    let roles = ["user", "worker"];
    let token = stage.mcpd.token("guest", "bob", &roles).await;
    let open = open_all(&stage, &token).await;
    stage
        .mcpd
        .admin_ok(Ask::new("DELETE", "/api/v1/tokens/guest"))
        .await;
    all_end(open, Instant::now()).await;
    stage.aborted(4, ENDED).await;
    stage.at_rest().await;
}

/// Revokes the token `name` and sees the server let go of a connection from which nobody reads.
async fn is_closed_unread(mcpd: &Mcpd, name: &str, unread: &Raw) {
    let is_full = unread.other_end().unwrap();
    assert!(is_full.is_held && is_full.untaken_bytes > 0, "{is_full:?}");
    let path = format!("/api/v1/tokens/{name}");
    mcpd.admin_ok(Ask::new("DELETE", &path)).await;
    until("the connection to end", ENDED, async || {
        let end = unread.other_end();
        when(end.is_none_or(|end| !end.is_held), end)
    })
    .await;
}

#[tokio::test]
async fn a_watch_that_nobody_reads_ends() {
    let mcpd = Mcpd::start(&[]).await;
    let token = mcpd.token("guest", "bob", &["user"]).await;
    mcpd.create_public("cloud", "http://127.0.0.1:9/v1", json!({}))
        .await;
    let mut watch = Raw::open_narrow(mcpd.addr).await;
    let ask = Ask::get("/api/v1/llms?watch=true").token(&token);
    watch.send(ask.wire(mcpd.addr)).await.unwrap();
    assert!(watch.hears("event: synced", SOON).await);
    // More than all buffers in between hold.
    for n in 0..150 {
        let label = format!("{:03}", n).repeat(20_000);
        let body = json!({"metadata": {"labels": {"long": label}}});
        mcpd.admin_ok(
            Ask::new("PATCH", "/api/v1/llms/cloud")
                .header("content-type", "application/merge-patch+json")
                .body(body.to_string().into_bytes()),
        )
        .await;
    }
    is_closed_unread(&mcpd, "guest", &watch).await;
    // It is still there, and has not read on.
    assert!(watch.text().len() < 20_000);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_channel_that_nobody_reads_ends() {
    let mcpd = Mcpd::start(&[]).await;
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    let mut channel = Raw::open_narrow(mcpd.addr).await;
    let ask = publisher.sign(Ask::get("/api/v1/llms/_provider-stream"));
    channel.send(ask.wire(mcpd.addr)).await.unwrap();
    assert!(channel.hears("event: hello", SOON).await);
    let beat = publisher
        .heartbeat(json!({"epoch": 1, "lastPing": 0}))
        .await;
    assert_eq!(beat["bound"], true, "{beat}");
    // More tasks than all buffers in between hold; each may wait in vain.
    let mut body = chat(true, &Behaviour::default());
    body["messages"][0]["content"] = "x".repeat(60_000).into();
    let mut callers = Vec::new();
    for _ in 0..100 {
        let ask = mcpd.infer("parrot", &body);
        callers.push(ask.dispatch(mcpd.addr).await.unwrap());
    }
    until("the tasks to be sent", SOON, async || {
        let row = mcpd.row("parrot").await.unwrap();
        when(row["status"]["inFlight"].as_u64() > Some(0), row)
    })
    .await;
    drop(callers);
    mcpd.idle("parrot").await;
    is_closed_unread(&mcpd, "box", &channel).await;
    assert!(channel.text().len() < 20_000);
    mcpd.at_rest().await;
}
