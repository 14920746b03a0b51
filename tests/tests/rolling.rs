//! Rolling restarts under load: what was begun ends whole, what was not is refused in words.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use system_tests::cluster::stage::{PUBLIC, ROWS, Stage, VIRTUAL, chat};
use system_tests::cluster::wait::when;
use system_tests::cluster::{Ask, CHUNKED, Whole, figures, until};
use system_tests::mock::{Behaviour, Settings};
use tokio::task::JoinSet;
use tokio::time::sleep;

const CALLERS: usize = 18;
const RESTARTS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);
fn lasting(tokens: u32, interval_ms: u64) -> Behaviour {
    Behaviour {
        tokens,
        interval_ms,
        ..Behaviour::default()
    }
}

/// How requests ended.
#[derive(Debug, Default)]
struct Tally {
    whole: BTreeMap<&'static str, u64>,
    refused: BTreeMap<String, u64>,
    /// What nobody may ever see.
    wrong: Vec<String>,
}

impl Tally {
    fn enter(&mut self, row: &'static str, stream: bool, answer: &std::io::Result<Whole>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                *self.refused.entry("connect".into()).or_default() += 1;
                return;
            }
            Err(error) => return self.wrong.push(format!("{row}: no answer: {error}")),
        };
        let is_whole = answer.status == 200
            && answer.broken.is_none()
            && answer.text().contains("t9 ")
            && (!stream || answer.is_done());
        if is_whole {
            *self.whole.entry(row).or_default() += 1;
            return;
        }
        let code = answer.code();
        // Between its start and the publisher's return, a server has nobody to ask.
        let is_known = code == "shutting_down" || (code == "provider_offline" && row != PUBLIC);
        if answer.status == 503 && is_known && answer.header("retry-after").is_some() {
            *self.refused.entry(code).or_default() += 1;
            return;
        }
        let (status, broken, text) = (answer.status, &answer.broken, answer.text());
        self.wrong
            .push(format!("{row}: {status} {broken:?} {text}"));
    }

    fn whole(&self) -> u64 {
        self.whole.values().sum()
    }
}

async fn call(
    row: &'static str,
    (addr, token): (SocketAddr, String),
    tally: Arc<Mutex<Tally>>,
    over: Arc<AtomicBool>,
) {
    let mut turn = 0_u64;
    while !over.load(Ordering::Relaxed) {
        turn += 1;
        let stream = !turn.is_multiple_of(3);
        let body = chat(stream, &lasting(10, 20 + turn % 7 * 10));
        let ask = Ask::post(&format!("/api/v1/llms/{row}/infer"), body).token(&token);
        let answer = match ask.try_send(addr).await {
            Ok(answer) => Ok(answer.whole().await),
            Err(error) => Err(error),
        };
        let is_good = matches!(&answer, Ok(answer) if answer.status == 200);
        tally.lock().unwrap().enter(row, stream, &answer);
        if !is_good {
            sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn three_restarts_under_load_cut_nothing_and_refuse_in_words() {
    let mut stage = Stage::start().await;
    let _pieces = stage.publish_in_chunks(json!({})).await;
    let rows = [PUBLIC, VIRTUAL, CHUNKED];
    let (tally, over) = (Arc::new(Mutex::new(Tally::default())), Arc::default());
    let mut callers = JoinSet::new();
    let server = (stage.mcpd.addr, stage.mcpd.admin.clone());
    for n in 0..CALLERS {
        let (tally, over) = (tally.clone(), Arc::clone(&over));
        callers.spawn(call(rows[n % rows.len()], server.clone(), tally, over));
    }
    let more = async |what: &str| {
        let before = tally.lock().unwrap().whole.clone();
        until(what, PATIENCE, async || {
            let now = tally.lock().unwrap().whole.clone();
            let count = |of: &BTreeMap<&str, u64>, row| of.get(row).copied().unwrap_or(0);
            let enough = rows
                .iter()
                .all(|row| count(&now, row) >= count(&before, row) + 5);
            when(enough, now)
        })
        .await;
    };
    more("the crowd to be served").await;
    for round in 1..=RESTARTS {
        let mut long = Vec::new();
        for row in rows {
            // Well below the drain time of 30 s, and longer than everything else.
            let behaviour = lasting(40, 100);
            let mut answer = stage.ask(row, true, &behaviour).send(server.0).await;
            answer.read_until("t5 ").await;
            long.push((row, answer));
        }
        stage.mcpd.terminate();
        for (row, answer) in long {
            let answer = answer.whole().await;
            assert!(
                answer.is_done(),
                "{row}: {:?} {}",
                answer.broken,
                answer.text()
            );
        }
        let status = stage.mcpd.process.end(PATIENCE).await;
        assert!(status.success(), "round {round}: {status}");
        stage.mcpd.start_again().await;
        more("the crowd to be served again").await;
    }
    over.store(true, Ordering::Relaxed);
    callers.join_all().await;
    stage.at_rest().await;
    let tally = tally.lock().unwrap();
    let (whole, refused) = (tally.whole(), &tally.refused);
    figures(
        "rolling",
        &format!(
            "{CALLERS} callers, {RESTARTS} restarts: {whole} whole, refused {refused:?}, {} cut",
            tally.wrong.len()
        ),
    );
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert!(refused.contains_key("shutting_down"), "{refused:?}");
    assert_eq!(stage.mock.stats().aborted, 0, "no model was stopped");
}

#[tokio::test]
async fn requests_that_wait_for_a_slot_when_the_server_stops_are_answered_in_words() {
    let more = json!({"maxConcurrency": 1});
    let mut stage = Stage::with(&[], more, Settings::default()).await;
    let addr = stage.mcpd.addr;
    let mut running = Vec::new();
    let mut waiting = JoinSet::new();
    for row in ROWS {
        let mut answer = stage.ask(row, true, &lasting(30, 100)).send(addr).await;
        answer.read_until("t0 ").await;
        running.push((row, answer));
        for stream in [true, false] {
            let ask = stage.ask(row, stream, &lasting(10, 20));
            waiting.spawn(async move { (row, stream, ask.whole(addr).await) });
        }
        until("two to wait", PATIENCE, async || {
            let status = stage.mcpd.row(row).await.ok_or("no row")?["status"].clone();
            when(status["queued"] == 2, status)
        })
        .await;
    }
    stage.mcpd.terminate();
    let mut ended = BTreeMap::new();
    while let Some(done) = waiting.join_next().await {
        let (row, stream, answer) = done.unwrap();
        let is_whole =
            answer.status == 200 && answer.broken.is_none() && (!stream || answer.is_done());
        let is_told = answer.status == 503
            && answer.code() == "shutting_down"
            && answer.header("retry-after").is_some();
        assert!(
            is_whole || is_told,
            "{row}: {} {:?} {}",
            answer.status,
            answer.broken,
            answer.text()
        );
        *ended.entry(is_whole).or_insert(0) += 1;
    }
    for (row, answer) in running {
        let answer = answer.whole().await;
        assert!(answer.is_done(), "{row}: {:?}", answer.broken);
    }
    let status = stage.mcpd.process.end(PATIENCE).await;
    assert!(status.success(), "{status}");
    figures(
        "rolling",
        &format!("waiting at TERM, served or told: {ended:?}"),
    );
    stage.local.at_rest().await;
}
