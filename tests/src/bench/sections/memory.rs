//! Resident memory while a thousand streams trickle a token a second: what an open stream costs a way.

use super::{all, bounded};
use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::client::{Caller, Tap};
use crate::bench::control::{Seen, wait_for};
use crate::bench::lane::Lane;
use crate::bench::plan::Plan;
use crate::bench::taps::CountEvents;
use crate::bench::trouble::Trouble;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

const PEAK: Metric = Metric::new(Section::Memory, "with the slow streams (MiB)", Unit::Mib);
const PER_STREAM: Metric = Metric::new(
    Section::Memory,
    "private memory per slow stream (KiB)",
    Unit::Kib,
);
/// Private memory that all slow streams together add.
pub const GROWN: Metric = Metric::new(
    Section::Memory,
    "private memory grown with the slow streams (MiB)",
    Unit::Mib,
);
const BROKEN: Metric = Metric::new(Section::Memory, "incomplete slow streams", Unit::Count);
/// Resident memory of a daemon before any load.
pub const IDLE: Metric = Metric::new(Section::Memory, "idle, before any load (MiB)", Unit::Mib);
/// The same without shared libraries and program text.
pub const IDLE_PRIVATE: Metric =
    Metric::new(Section::Memory, "idle, private part (MiB)", Unit::Mib);

/// Pause between two streams' starts: a thousand handshakes at once would measure the accept queue.
const STAGGER: Duration = Duration::from_millis(1);
/// Pause between two looks at the memory.
const LOOK_PAUSE: Duration = Duration::from_millis(200);
/// Longest all streams may take to show their first token.
const FIRST_TOKENS_LIMIT: Duration = Duration::from_secs(20);

/// Measures one lane; the direct way has no memory of its own.
///
/// # Errors
/// When the way breaks down, not when single streams break: those are counted.
pub async fn run(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    if lane.processes.is_empty() {
        return Ok(());
    }
    let planned = Duration::from_secs(u64::from(plan.slow_tokens)) + FIRST_TOKENS_LIMIT;
    bounded(planned, measure(lane, plan, round, book)).await
}

async fn measure(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    let mock = format!(
        r#"{{"tokens":{},"interval_ms":1000,"usage":"asked_with_nulls"}}"#,
        plan.slow_tokens
    );
    let request: Arc<[u8]> = lane.chat_request(true, &mock).into();
    let meter = lane.meter();
    let before = meter.memory()?;
    let started = Arc::new(AtomicUsize::new(0));
    let ended = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..plan.slow_streams {
        tasks.spawn(stream(
            lane.chat.addr,
            Arc::clone(&request),
            Arc::clone(&started),
            Arc::clone(&ended),
        ));
        sleep(STAGGER).await;
    }
    let first_tokens = wait_for(
        "the first token of every slow stream",
        FIRST_TOKENS_LIMIT,
        LOOK_PAUSE,
        || async {
            let (seen, over) = (started.load(Relaxed), ended.load(Relaxed));
            // Streams that ended early count as broken later; waiting for them would be in vain.
            Ok(if seen.max(over) >= plan.slow_streams {
                Seen::Done(())
            } else {
                Seen::NotYet(seen.to_string())
            })
        },
    );
    first_tokens.await?;
    let mut peak = meter.memory()?;
    while ended.load(Relaxed) == 0 {
        sleep(LOOK_PAUSE).await;
        let now = meter.memory()?;
        peak.resident = peak.resident.max(now.resident);
        peak.anonymous = peak.anonymous.max(now.anonymous);
    }
    let whole = all(tasks).await?.into_iter().filter(|whole| *whole).count();

    let subject = Subject::Path(lane.path);
    let grown = peak.anonymous.saturating_sub(before.anonymous);
    book.note(PEAK, subject, round, peak.resident as f64);
    book.note(
        PER_STREAM,
        subject,
        round,
        grown as f64 / plan.slow_streams as f64,
    );
    book.note(GROWN, subject, round, grown as f64);
    book.note(BROKEN, subject, round, (plan.slow_streams - whole) as f64);
    Ok(())
}

/// Counts events, and tells the others of the first.
struct Announce {
    events: CountEvents,
    started: Option<Arc<AtomicUsize>>,
}

impl Tap for Announce {
    fn piece(&mut self, bytes: &[u8]) {
        if let Some(started) = self.started.take() {
            started.fetch_add(1, Relaxed);
        }
        self.events.piece(bytes);
    }
}

async fn stream(
    addr: std::net::SocketAddr,
    request: Arc<[u8]>,
    started: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
) -> bool {
    let mut tap = Announce {
        events: CountEvents::default(),
        started: Some(started),
    };
    let answered = async { Caller::connect(addr).await?.call(&request, &mut tap).await }.await;
    ended.fetch_add(1, Relaxed);
    answered.is_ok_and(|reply| reply.status == 200) && tap.events.is_complete()
}
