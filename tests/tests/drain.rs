//! A polite stop with the default settings, whose drain time is 30 s: answers that take most of it are whole, and
//! nothing new begins meanwhile.

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::stage::{PUBLIC, Stage, VIRTUAL};
use system_tests::cluster::wait::when;
use system_tests::cluster::{Ask, CHUNKED, Whole, figures, until};
use system_tests::mock::Behaviour;
use system_tests::spoken::{spoken, tokens};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How long each answer takes. The rest of the drain time is for a busy machine.
const LASTS: Duration = Duration::from_secs(26);
/// How long after the stop new requests are sent.
const REFUSED_FOR: Duration = Duration::from_secs(20);
/// Longest until nobody is sent to it any more.
const OUT: Duration = Duration::from_secs(1);
/// Longest that a program may take to end once the last answer has.
const LAST: Duration = Duration::from_secs(10);
/// Longest until a server that is back has its publishers.
const BACK: Duration = Duration::from_secs(10);

/// A token each second.
fn steady() -> Behaviour {
    spread(27)
}

/// Two tokens, and silence in between.
fn pausing() -> Behaviour {
    spread(2)
}

fn spread(tokens: u32) -> Behaviour {
    let pause = LASTS / (tokens - 1);
    Behaviour {
        tokens,
        interval_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
        ..Behaviour::default()
    }
}

/// One answer of each kind on each row; for each its row and kind, how many tokens it has, and whether it streams.
struct Running(JoinSet<(String, u32, bool, Whole)>);

impl Running {
    /// Begins them, and returns once the provider works on all.
    async fn begin(stage: &Stage, rows: &[&str]) -> Self {
        let mut running = JoinSet::new();
        for row in rows {
            for (stream, behaviour) in [(true, steady()), (true, pausing()), (false, steady())] {
                let what = format!("{row}, stream {stream}, {} tokens", behaviour.tokens);
                let ask = stage.ask(row, stream, &behaviour);
                let addr = stage.mcpd.addr;
                running
                    .spawn(async move { (what, behaviour.tokens, stream, ask.whole(addr).await) });
            }
        }
        stage.serving(running.len() as u64).await;
        Self(running)
    }

    /// Waits for all, each of which must be whole and right; how long that took since `stopped`.
    async fn are_whole(mut self, stopped: Instant) -> Duration {
        while let Some(ended) = self.0.join_next().await {
            let (what, count, stream, answer) = ended.expect("nobody panics who asks");
            let text = answer.text();
            let seen = format!("{what}: {} {:?} {text}", answer.status, answer.broken);
            assert_eq!((answer.status, &answer.broken), (200, &None), "{seen}");
            let said = match stream {
                true => spoken(&answer.bytes),
                false => answer.json()["choices"][0]["message"]["content"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            };
            assert_eq!(said, tokens(count), "{seen}");
            assert_eq!(answer.is_done(), stream, "{seen}");
        }
        let took = stopped.elapsed();
        assert!(took > REFUSED_FOR, "they ran on: {took:?}");
        took
    }
}

/// New requests are refused in these words until most of the drain time is over.
async fn refuses(stage: &Stage, rows: &[&str], code: &str, stopped: Instant) {
    while stopped.elapsed() < REFUSED_FOR {
        for row in rows {
            for stream in [true, false] {
                let refused = stage.chat(row, stream, &Behaviour::default()).await;
                let text = refused.text();
                assert_eq!(
                    (refused.status, &*refused.code()),
                    (503, code),
                    "{row}: {text}"
                );
                assert!(refused.header("retry-after").is_some(), "{row}: {text}");
            }
        }
        sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_takes_most_of_its_drain_time() {
    let mut stage = Stage::start().await;
    let pieces = stage.publish_in_chunks(json!({})).await;
    let rows = [PUBLIC, VIRTUAL, CHUNKED];
    let running = Running::begin(&stage, &rows).await;
    stage.mcpd.terminate();
    let stopped = Instant::now();
    let addr = stage.mcpd.addr;
    until("readiness to end", OUT, async || {
        let answer = Ask::get("/readyz").try_send(addr).await;
        when(
            answer.as_ref().is_ok_and(|answer| answer.status == 503),
            answer,
        )
    })
    .await;
    refuses(&stage, &rows, "shutting_down", stopped).await;
    let took = running.are_whole(stopped).await;
    let status = stage.mcpd.process.end(LAST).await;
    assert!(status.success(), "{status}");
    figures(
        "drain",
        &format!("mcpd: 9 answers whole {took:.1?} after TERM"),
    );
    assert_eq!(stage.mock.stats().aborted, 0, "no model was stopped");
    stage.mcpd.start_again().await;
    for row in rows {
        stage.mcpd.reaches(row, "active", BACK).await;
        assert!(stage.chat(row, true, &Behaviour::default()).await.is_done());
    }
    stage.at_rest().await;
    pieces.at_rest().await;
}

#[tokio::test]
async fn a_publisher_that_stops_finishes_what_takes_most_of_its_drain_time() {
    let mut stage = Stage::start().await;
    let mut pieces = stage.publish_in_chunks(json!({})).await;
    let rows = [VIRTUAL, CHUNKED];
    let running = Running::begin(&stage, &rows).await;
    stage.local.terminate();
    pieces.terminate();
    let stopped = Instant::now();
    for row in rows {
        stage.mcpd.leaves_rotation(row, OUT).await;
    }
    refuses(&stage, &rows, "provider_offline", stopped).await;
    let took = running.are_whole(stopped).await;
    for process in [&mut stage.local.process, &mut pieces.process] {
        let status = process.end(LAST).await;
        assert!(status.success(), "{status}");
    }
    figures(
        "drain",
        &format!("mcplocal: 6 answers whole {took:.1?} after TERM"),
    );
    assert_eq!(stage.mock.stats().aborted, 0, "no model was stopped");
    stage.mcpd.at_rest().await;
}
