//! A server that freezes and thaws: publishers notice, and all is well again within seconds.

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::stage::{ROWS, Stage, VIRTUAL};
use system_tests::cluster::{CHUNKED, Whole, figures, until};
use system_tests::mock::{Behaviour, Settings};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const BACK: Duration = Duration::from_secs(20);

/// Freezes the server, with requests under way and waiting, and sees what becomes of them.
async fn thaws(settings: &[(&str, &str)], frozen: Duration, publisher_notices: bool) {
    let stage = Stage::with(settings, json!({}), Settings::default()).await;
    let pieces = stage.publish_in_chunks(json!({})).await;
    let rows = [ROWS[0], ROWS[1], CHUNKED];
    stage.local.link_is("connected", BACK).await;
    let addr = stage.mcpd.addr;
    let slow = Behaviour {
        tokens: 40,
        interval_ms: 100,
        ..Behaviour::default()
    };
    let mut callers = JoinSet::new();
    for row in rows {
        let ask = stage.ask(row, true, &slow);
        callers.spawn(async move { (ask.whole(addr).await, row) });
    }
    stage.serving(3).await;
    stage.mcpd.process.freeze();
    let froze = Instant::now();
    // They connect, and nobody answers yet.
    for row in rows {
        let ask = stage.ask(row, true, &slow);
        callers.spawn(async move { (ask.whole(addr).await, row) });
    }
    if publisher_notices {
        until("the publisher to notice", frozen, async || {
            match stage.local.status().await {
                Ok(status) if status.link.state != "connected" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        figures(
            "channel_frozen",
            &format!("noticed after {:.0?}", froze.elapsed()),
        );
    }
    sleep(frozen.saturating_sub(froze.elapsed())).await;
    stage.mcpd.process.thaw();
    let thawed = Instant::now();
    while let Some(ended) = callers.join_next().await {
        let (answer, row) = ended.unwrap_or_else(|failed| panic!("{failed}"));
        ends_well_or_typed(&answer, row);
    }
    stage.local.link_is("connected", BACK).await;
    for row in rows {
        stage.mcpd.reaches(row, "active", BACK).await;
    }
    figures(
        "channel_frozen",
        &format!(
            "frozen for {frozen:?}: all active {:.0?} after the thaw",
            thawed.elapsed()
        ),
    );
    // And they stay so: nobody is told of an error later.
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        for row in rows {
            let answer = stage.chat(row, true, &Behaviour::default()).await;
            assert!(answer.is_done(), "{row}: {}", answer.text());
        }
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(stage.mcpd.phase(VIRTUAL).await, "active");
    stage.at_rest().await;
    pieces.at_rest().await;
}

fn ends_well_or_typed(answer: &Whole, row: &str) {
    let text = answer.text();
    let is_typed = match answer.status {
        200 => text.contains("event: error\ndata: {") && !text.contains("[DONE]"),
        _ => !answer.code().is_empty(),
    };
    assert!(
        answer.is_done() || is_typed,
        "{row}: {} {:?} {text}",
        answer.status,
        answer.broken
    );
}

#[tokio::test]
async fn a_server_that_freezes_for_longer_than_its_own_patience_comes_back() {
    let quick = [("MCPD_PING_INTERVAL", "1s"), ("MCPD_PROOF_TIMEOUT", "3s")];
    thaws(&quick, Duration::from_secs(6), false).await;
}

#[tokio::test]
async fn with_the_default_times_a_server_that_freezes_for_fifty_seconds_comes_back() {
    thaws(&[], Duration::from_secs(50), true).await;
}
