//! When the caller goes, the model stops: within a second, in every state of a request, through the relay too.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::stage::{ROWS, Stage};
use system_tests::cluster::until;
use system_tests::mock::{Behaviour, Settings};
use tokio::time::Instant;

/// The promise.
const WITHIN: Duration = Duration::from_secs(1);

/// Begins a request in each row, hangs up, and sees that the provider is told in time.
async fn stops(stream: bool, behaviour: Behaviour, read_until: Option<&str>) {
    let stage = Stage::start().await;
    for (count, row) in (1..).zip(ROWS) {
        let ask = stage.ask(row, stream, &behaviour);
        let connection: Box<dyn std::any::Any> = match read_until {
            Some(text) => {
                let mut answer = ask.send(stage.mcpd.addr).await;
                answer.read_until(text).await;
                Box::new(answer)
            }
            None => Box::new(ask.dispatch(stage.mcpd.addr).await.unwrap()),
        };
        stage.serving(1).await;
        drop(connection);
        stage.aborted(count, WITHIN).await;
        stage.mcpd.idle(row).await;
        let whole = stage.chat(row, stream, &Behaviour::default()).await;
        assert_eq!(whole.status, 200, "{row} goes on");
    }
    stage.at_rest().await;
}

fn slow() -> Behaviour {
    Behaviour {
        tokens: 10_000,
        interval_ms: 50,
        ..Behaviour::default()
    }
}

#[tokio::test]
async fn a_caller_that_goes_in_the_middle_of_a_stream_stops_the_model() {
    stops(true, slow(), Some("t3 ")).await;
}

#[tokio::test]
async fn a_caller_that_goes_while_the_stream_stalls_stops_the_model() {
    let stalls = Behaviour {
        stall_after: Some(2),
        ..Behaviour::default()
    };
    stops(true, stalls, Some("t1 ")).await;
}

#[tokio::test]
async fn a_caller_that_goes_before_the_first_token_stops_the_model() {
    let never = Behaviour {
        never_start: true,
        ..Behaviour::default()
    };
    stops(true, never, None).await;
}

#[tokio::test]
async fn a_caller_that_goes_between_head_and_first_token_stops_the_model() {
    let late = Behaviour {
        first_token_ms: 60_000,
        ..Behaviour::default()
    };
    stops(true, late, None).await;
}

#[tokio::test]
async fn a_caller_that_goes_without_streaming_stops_the_model() {
    stops(false, slow(), None).await;
}

#[tokio::test]
async fn a_caller_that_goes_while_it_waits_for_a_slot_never_reaches_the_model() {
    let more = json!({"maxConcurrency": 1});
    let stage = Stage::with(&[], more, Settings::default()).await;
    for (count, row) in (1..).zip(ROWS) {
        let mut first = stage.ask(row, true, &slow()).send(stage.mcpd.addr).await;
        first.read_until("t0 ").await;
        let asked = stage.mock.stats().requests;
        let waiting = stage
            .ask(row, true, &slow())
            .dispatch(stage.mcpd.addr)
            .await;
        queued(&stage, row, 1).await;
        drop(waiting);
        let gone = Instant::now();
        queued(&stage, row, 0).await;
        assert!(gone.elapsed() < WITHIN);
        // Its slot comes free only now, and nobody takes it.
        drop(first);
        stage.aborted(count, WITHIN).await;
        stage.mcpd.idle(row).await;
        let health_polls = 3;
        assert!(stage.mock.stats().requests <= asked + health_polls);
        assert_eq!(stage.mock.stats().aborted, count);
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn a_full_queue_is_refused_at_once_and_a_place_in_it_is_served_in_turn() {
    let more = json!({"maxConcurrency": 1, "maxQueue": 1});
    let stage = Stage::with(&[], more, Settings::default()).await;
    for row in ROWS {
        let mut first = stage.ask(row, true, &slow()).send(stage.mcpd.addr).await;
        first.read_until("t0 ").await;
        let second = stage.ask(row, true, &Behaviour::default());
        let addr = stage.mcpd.addr;
        let mut second = tokio::task::JoinSet::from_iter([async move { second.whole(addr).await }]);
        queued(&stage, row, 1).await;
        let third = stage.chat(row, true, &Behaviour::default()).await;
        assert_eq!((third.status, &*third.code()), (429, "overloaded"), "{row}");
        assert!(third.header("retry-after").is_some());
        drop(first);
        let second = second.join_next().await.unwrap().unwrap();
        assert!(second.is_done(), "{row}: {}", second.text());
        stage.mcpd.idle(row).await;
    }
    stage.at_rest().await;
}

async fn queued(stage: &Stage, row: &str, wanted: u64) {
    let what = format!("{wanted} to wait for `{row}`");
    until(&what, Duration::from_secs(10), async || {
        let status = stage.mcpd.row(row).await.ok_or("no row")?["status"].clone();
        if status["queued"] == wanted {
            return Ok(());
        }
        Err(status.to_string())
    })
    .await;
}
