//! Restarts: what comes back, how soon, and what a polite stop owes to those who are being served.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::{Value, json};
use std::time::Duration;
use system_tests::cluster::postgres::Database;
use system_tests::cluster::stage::{PUBLIC, ROWS, Stage, VIRTUAL};
use system_tests::cluster::{Ask, Mcpd};
use system_tests::mock::{Behaviour, Settings};
use tokio::task::JoinSet;

/// A publisher is active again within this time of the server's return.
const BACK: Duration = Duration::from_secs(10);
/// Out of rotation within this time of a closed socket, or of a withdrawal.
const OUT: Duration = Duration::from_secs(1);
/// A stop of an idle program takes no longer.
const QUICK: Duration = Duration::from_secs(5);

/// What must not change: name, id, owner, kind, model and times of making.
async fn lasting(mcpd: &Mcpd) -> Vec<Value> {
    let mut rows = Vec::new();
    for row in ROWS {
        let row = mcpd.row(row).await.unwrap();
        let metadata = &row["metadata"];
        rows.push(json!([
            metadata["name"],
            metadata["id"],
            metadata["owner"],
            metadata["createdAt"],
            row["spec"],
            row["status"]["providerSessionId"],
        ]));
    }
    rows
}

async fn serves(stage: &Stage) {
    for row in ROWS {
        let answer = stage.chat(row, true, &Behaviour::default()).await;
        assert!(answer.is_done(), "{row}: {}", answer.text());
    }
}

/// `kill -9`, an outage, a new start: everything is as before.
async fn survives(mut stage: Stage, outage: Duration) {
    let before = lasting(&stage.mcpd).await;
    stage.mcpd.process.kill();
    tokio::time::sleep(outage).await;
    stage.mcpd.start_again().await;
    stage.mcpd.reaches(VIRTUAL, "active", BACK).await;
    assert_eq!(lasting(&stage.mcpd).await, before);
    serves(&stage).await;
    stage.at_rest().await;
}

#[tokio::test]
async fn a_server_that_is_killed_comes_back_with_its_rows_and_publishers() {
    survives(Stage::start().await, Duration::ZERO).await;
}

#[tokio::test]
async fn a_publisher_is_back_within_ten_seconds_after_a_long_outage() {
    survives(Stage::start().await, Duration::from_secs(20)).await;
}

#[tokio::test]
async fn a_server_on_postgresql_serves_and_survives_like_one_on_sqlite() {
    let Some(database) = Database::create() else {
        return;
    };
    let mcpd = Mcpd::start(&[("MCPD_DATABASE_URL", &database.url)]).await;
    assert!(!mcpd.data_dir().join("mcpd.db").exists());
    let stage = Stage::around(mcpd, json!({}), Settings::default()).await;
    serves(&stage).await;
    survives(stage, Duration::ZERO).await;
}

#[tokio::test]
async fn the_drain_has_an_end() {
    let settings = [("MCPD_DRAIN_TIMEOUT", "1s")];
    let mut stage = Stage::with(&settings, json!({}), Settings::default()).await;
    let endless = Behaviour {
        tokens: 100_000,
        interval_ms: 50,
        ..Behaviour::default()
    };
    let addr = stage.mcpd.addr;
    let mut answers = Vec::new();
    for row in ROWS {
        let mut answer = stage.ask(row, true, &endless).send(addr).await;
        answer.read_until("t0 ").await;
        answers.push(answer);
    }
    stage.mcpd.terminate();
    for answer in answers {
        let answer = answer.whole().await;
        assert!(!answer.is_done());
        let has_error = answer.text().contains("event: error\n");
        assert!(has_error || answer.broken.is_some(), "it looks complete");
    }
    stage.mcpd.process.end(Duration::from_secs(6)).await;
    stage.aborted(2, QUICK).await;
    stage.local.at_rest().await;
}

#[tokio::test]
async fn a_server_with_idle_publishers_and_watchers_stops_quickly() {
    let mut stage = Stage::start().await;
    let watch = Ask::get("/api/v1/llms?watch=true").token(&stage.mcpd.admin);
    let mut watching = watch.send(stage.mcpd.addr).await;
    watching.read_until("event: synced").await;
    stage.mcpd.terminate();
    let status = stage.mcpd.process.end(QUICK).await;
    assert!(status.success(), "{status}");
    stage.local.at_rest().await;
}

#[tokio::test]
async fn a_publisher_that_stops_politely_is_inactive_at_once_and_keeps_its_row() {
    let mut stage = Stage::start().await;
    let before = lasting(&stage.mcpd).await;
    let two_seconds = Behaviour {
        tokens: 20,
        interval_ms: 100,
        ..Behaviour::default()
    };
    let addr = stage.mcpd.addr;
    let ask = stage.ask(VIRTUAL, true, &two_seconds);
    let mut running = JoinSet::from_iter([async move { ask.whole(addr).await }]);
    stage.serving(1).await;
    stage.local.terminate();
    stage.mcpd.leaves_rotation(VIRTUAL, OUT).await;
    let refused = stage.chat(VIRTUAL, true, &Behaviour::default()).await;
    assert_eq!(refused.code(), "provider_offline");
    let finished = running.join_next().await.unwrap().unwrap();
    assert!(finished.is_done(), "{}", finished.text());
    let status = stage.local.process.end(QUICK).await;
    assert!(status.success(), "{status}");

    stage.local.start_again();
    stage.mcpd.reaches(VIRTUAL, "active", BACK).await;
    assert_eq!(lasting(&stage.mcpd).await, before);
    serves(&stage).await;
    stage.at_rest().await;
}

#[tokio::test]
async fn a_publisher_that_is_killed_is_active_again_when_it_is_started() {
    let mut stage = Stage::start().await;
    let before = lasting(&stage.mcpd).await;
    for _ in 0..3 {
        stage.local.start_again();
        stage.local.link_is("connected", BACK).await;
        stage.mcpd.reaches(VIRTUAL, "active", BACK).await;
        serves(&stage).await;
    }
    assert_eq!(lasting(&stage.mcpd).await, before);
    assert_eq!(stage.mcpd.phase(PUBLIC).await, "active");
    stage.at_rest().await;
}

#[tokio::test]
async fn a_publisher_that_was_there_first_publishes_when_the_server_comes() {
    let mut stage = Stage::start().await;
    stage.mcpd.process.kill();
    stage.local.start_again();
    stage.local.link_is("waiting", BACK).await;
    stage.mcpd.start_again().await;
    stage.mcpd.reaches(VIRTUAL, "active", BACK).await;
    serves(&stage).await;
    stage.at_rest().await;
}
