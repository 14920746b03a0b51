//! Whether memory grows with the number of requests: resident memory before, during and after very many small
//! completions, and after as many again. What the first ones leave is a warm cache; what the second ones add is a leak.

use super::{all, bounded};
use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::client::Caller;
use crate::bench::lane::Lane;
use crate::bench::meter::Meter;
use crate::bench::plan::Plan;
use crate::bench::taps::Ignore;
use crate::bench::trouble::Trouble;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

const CONNECTIONS: usize = 16;
/// Pause between two looks at the memory.
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Longest both halves are planned to take.
const PLANNED: Duration = Duration::from_secs(120);

const fn row(name: &'static str) -> Metric {
    Metric::new(Section::Soak, name, Unit::Mib)
}

const BEFORE: Metric = row("resident before (MiB)");
const HIGHEST: Metric = row("resident at most, under load (MiB)");
const AFTER: Metric = row("resident after the requests (MiB)");
/// What as many requests again add.
pub const GROWTH: Metric = row("grown by as many again (MiB)");
const REQUESTS: Metric = Metric::new(Section::Soak, "requests, each time", Unit::Count);
const FAILED: Metric = Metric::new(Section::Soak, "failed requests, both times", Unit::Count);

/// Measures one lane; the direct way has no memory of its own.
///
/// # Errors
/// When the way breaks down, not when single requests fail: those are counted.
pub async fn run(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    if lane.processes.is_empty() {
        return Ok(());
    }
    bounded(PLANNED, measure(lane, plan, round, book)).await
}

async fn measure(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    let requests = lane.bounded_by_speed(plan.soak_requests);
    let meter = lane.meter();
    let before = meter.memory()?.resident;
    let (first_high, first_failed) = ask_many(lane, requests, &meter).await?;
    let after = meter.memory()?.resident;
    let (second_high, second_failed) = ask_many(lane, requests, &meter).await?;
    let again = meter.memory()?.resident;

    let subject = Subject::Path(lane.path);
    book.note(BEFORE, subject, round, before as f64);
    book.note(
        HIGHEST,
        subject,
        round,
        first_high.max(second_high).max(after).max(again) as f64,
    );
    book.note(AFTER, subject, round, after as f64);
    book.note(GROWTH, subject, round, again as f64 - after as f64);
    book.note(REQUESTS, subject, round, requests as f64);
    book.note(
        FAILED,
        subject,
        round,
        (first_failed + second_failed) as f64,
    );
    Ok(())
}

/// Sends `count` requests over kept connections; the highest memory seen meanwhile, and how many failed.
async fn ask_many(lane: &Lane, count: u64, meter: &Meter) -> Result<(u64, u64), Trouble> {
    let request: Arc<[u8]> = lane.chat_request(false, r#"{"tokens":16}"#).into();
    let left = Arc::new(AtomicU64::new(count));
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let caller = Caller::connect(lane.chat.addr).await?;
        tasks.spawn(ask(
            caller,
            lane.chat.addr,
            Arc::clone(&request),
            Arc::clone(&left),
        ));
    }
    let watching = async {
        let mut highest = 0;
        while !over.load(Relaxed) {
            highest = meter.memory()?.resident.max(highest);
            sleep(LOOK_PAUSE).await;
        }
        Ok::<u64, Trouble>(highest)
    };
    let asking = async {
        let failed = all(tasks).await;
        over.store(true, Relaxed);
        failed
    };
    let (highest, failed) = tokio::join!(watching, asking);
    Ok((highest?, failed?.into_iter().sum()))
}

/// Takes requests off `left` until none is; how many of its own failed.
async fn ask(
    mut caller: Caller,
    addr: std::net::SocketAddr,
    request: Arc<[u8]>,
    left: Arc<AtomicU64>,
) -> u64 {
    let mut failed = 0;
    while left
        .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
        .is_ok()
    {
        let answered = caller.call(&request, &mut Ignore).await;
        let reply = answered.ok().filter(|reply| reply.status == 200);
        failed += u64::from(reply.is_none());
        if reply.is_some_and(|reply| reply.keep_alive) {
            continue;
        }
        match Caller::connect(addr).await {
            Ok(fresh) => caller = fresh,
            // Its share is taken by the others.
            Err(_) => return failed + 1,
        }
    }
    failed
}
