//! Answers end: complete, in time, or with a word about why; whoever reads them, and whatever stops.

use std::time::Duration;

use serde_json::json;
use system_tests::cluster::Ask;
use system_tests::cluster::stage::{ROWS, Stage, VIRTUAL};
use system_tests::mock::{Behaviour, Settings};
use tokio::task::JoinSet;
use tokio::time::Instant;

const BACK: Duration = Duration::from_secs(10);
const OUT: Duration = Duration::from_secs(1);
const QUICK: Duration = Duration::from_secs(15);

async fn serves(stage: &Stage) {
    for row in ROWS {
        assert!(stage.chat(row, true, &Behaviour::default()).await.is_done());
    }
}

#[tokio::test]
async fn an_answer_that_does_not_stream_and_breaks_off_has_a_head_and_no_whole_body() {
    let stage = Stage::start().await;
    let cut = Behaviour {
        tokens: 10,
        cut_after: Some(3),
        ..Behaviour::default()
    };
    for row in ROWS {
        for _ in 0..5 {
            let answer = stage.chat(row, false, &cut).await;
            let is_whole = answer.status == 200 && answer.broken.is_none();
            assert!(!is_whole, "{row}: {}", answer.text());
        }
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn the_deadline_ends_an_answer_that_nobody_reads() {
    let settings = [("MCPD_REQUEST_TIMEOUT", "3s")];
    let stage = Stage::with(&settings, json!({"maxConcurrency": 1}), Settings::default()).await;
    let flood = Behaviour {
        tokens: 2_000_000,
        burst: true,
        ..Behaviour::default()
    };
    for row in ROWS {
        let mut unread = stage.ask(row, true, &flood).send(stage.mcpd.addr).await;
        unread.read_until("t0 ").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        let answer = stage.chat(row, false, &Behaviour::default()).await;
        assert_eq!(answer.status, 200, "{row}: {}", answer.text());
        drop(unread);
        stage.mcpd.idle(row).await;
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn a_revoked_token_ends_an_answer_that_nobody_reads() {
    let stage = Stage::start().await;
    let flood = Behaviour {
        tokens: 2_000_000,
        burst: true,
        ..Behaviour::default()
    };
    for (count, row) in (1..).zip(ROWS) {
        let token = stage
            .mcpd
            .token(&format!("t{count}"), "bob", &["user"])
            .await;
        let body = system_tests::cluster::stage::chat(true, &flood);
        let ask = system_tests::cluster::Ask::post(&format!("/api/v1/llms/{row}/infer"), body);
        let mut unread = ask.token(&token).send(stage.mcpd.addr).await;
        unread.read_until("t0 ").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let path = format!("/api/v1/tokens/t{count}");
        stage
            .mcpd
            .admin_ok(system_tests::cluster::Ask::new("DELETE", &path))
            .await;
        stage.aborted(count, Duration::from_secs(5)).await;
        drop(unread);
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_in_our_words() {
    let stage = Stage::start().await;
    for path in [
        "/api/v1/llms/%ff",
        "/api/v1/tokens/%ff",
        "/api/v1/secrets/%ff",
    ] {
        let ask = system_tests::cluster::Ask::get(path);
        let answer = stage.mcpd.admin(ask).await;
        assert_eq!(
            (answer.status, &*answer.code()),
            (400, "invalid_request"),
            "{}",
            answer.text()
        );
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn streams_that_run_are_finished_before_the_server_stops() {
    let mut stage = Stage::start().await;
    let six_seconds = Behaviour {
        tokens: 60,
        interval_ms: 100,
        ..Behaviour::default()
    };
    let addr = stage.mcpd.addr;
    let mut running = JoinSet::new();
    for row in ROWS {
        for stream in [true, false] {
            let ask = stage.ask(row, stream, &six_seconds);
            running.spawn(async move { (stream, ask.whole(addr).await) });
        }
    }
    stage.serving(4).await;
    let asked = Instant::now();
    stage.mcpd.terminate();
    // No new work meanwhile: a load balancer must see it, and a caller must be told.
    let ready = async || match Ask::get("/readyz").try_send(addr).await {
        Ok(answer) if answer.status == 503 => Ok(()),
        other => Err(format!("{other:?}")),
    };
    system_tests::cluster::until("readiness to end", OUT, ready).await;
    for row in ROWS {
        let refused = stage.chat(row, true, &Behaviour::default()).await;
        assert_eq!((refused.status, &*refused.code()), (503, "shutting_down"));
        assert!(refused.header("retry-after").is_some(), "{row}");
    }
    while let Some(ended) = running.join_next().await {
        let (stream, answer) = ended.unwrap();
        assert_eq!((answer.status, &answer.broken), (200, &None));
        assert!(!stream || answer.is_done(), "{}", answer.text());
        assert!(answer.text().contains("t59 "), "{}", answer.text());
    }
    assert!(asked.elapsed() > Duration::from_secs(1), "they ran on");
    let status = stage.mcpd.process.end(QUICK).await;
    assert!(status.success(), "{status}");
    assert_eq!(stage.mock.stats().aborted, 0);

    let before_start = Instant::now();
    stage.mcpd.start_again().await;
    stage.mcpd.reaches(VIRTUAL, "active", BACK).await;
    assert!(before_start.elapsed() < 2 * BACK);
    serves(&stage).await;
    stage.at_rest().await;
}
