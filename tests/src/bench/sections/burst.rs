//! Streams without a pace: how many tokens per second fit through one and through sixteen, and what they cost.
//!
//! In two levels the mock writes batches of 16 KiB, so that they show the byte path of a way; in the third it writes
//! token by token, as fast as they are taken. What tokens cost that come one by one shows in [`super::paced`].

use super::{all, bounded};
use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::client::Caller;
use crate::bench::lane::Lane;
use crate::bench::plan::Plan;
use crate::bench::taps::CountEvents;
use crate::bench::trouble::Trouble;
use crate::clock::monotonic_ns;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How many times fewer tokens go one by one.
const FEWER_SINGLE_TOKENS: u32 = 4;
/// Slowest rate that is planned for; far below what any way carries.
const PLANNED_TOKENS_PER_SECOND: u32 = 50_000;

/// A number of streams, how they are written, and the rows for it.
#[derive(Debug)]
pub struct Level {
    streams: u32,
    /// Whether the mock writes many tokens at once.
    batches: bool,
    rate: Metric,
    /// CPU seconds of the way per million tokens.
    pub cpu: Metric,
    broken: Metric,
}

const fn row(name: &'static str, unit: Unit) -> Metric {
    Metric::new(Section::Burst, name, unit)
}

/// Sixteen streams, a write per token.
pub static SINGLE_TOKENS: Level = Level {
    streams: 16,
    batches: false,
    rate: row("tokens/s, 16 streams, token by token", Unit::Count),
    cpu: row(
        "CPU per million tokens, 16 streams, token by token (s)",
        Unit::Seconds,
    ),
    broken: row("incomplete of 16, token by token", Unit::Count),
};

static BATCHES: [Level; 2] = [
    Level {
        streams: 1,
        batches: true,
        rate: row("tokens/s, 1 stream", Unit::Count),
        cpu: row("CPU per million tokens, 1 stream (s)", Unit::Seconds),
        broken: row("incomplete of 1", Unit::Count),
    },
    Level {
        streams: 16,
        batches: true,
        rate: row("tokens/s, 16 streams", Unit::Count),
        cpu: row("CPU per million tokens, 16 streams (s)", Unit::Seconds),
        broken: row("incomplete of 16", Unit::Count),
    },
];

/// Measures one lane.
///
/// # Errors
/// When the way breaks down, not when single streams break: those are counted.
pub async fn run(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    let planned = Duration::from_secs(u64::from(plan.burst_tokens / PLANNED_TOKENS_PER_SECOND));
    for level in BATCHES.iter().chain([&SINGLE_TOKENS]) {
        bounded(planned, measure(lane, plan, level, round, book)).await?;
    }
    Ok(())
}

async fn measure(
    lane: &Lane,
    plan: &Plan,
    level: &Level,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let all_tokens = match level.batches {
        true => plan.burst_tokens,
        false => plan.burst_tokens / FEWER_SINGLE_TOKENS,
    };
    let tokens = lane.bounded_by_speed(all_tokens / level.streams);
    let request: Arc<[u8]> = lane
        .chat_request(
            true,
            &format!(
                r#"{{"tokens":{tokens},"burst":{},"usage":"asked_with_nulls"}}"#,
                level.batches
            ),
        )
        .into();
    let meter = lane.meter();
    let mut callers = Vec::new();
    for _ in 0..level.streams {
        callers.push(Caller::connect(lane.chat.addr).await?);
    }
    let cpu_before = meter.cpu_ns()?;
    let begin = monotonic_ns();
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(stream(caller, Arc::clone(&request)));
    }
    let streams = all(tasks).await?;
    let seconds = Duration::from_nanos(monotonic_ns() - begin).as_secs_f64();
    let cpu = meter.cpu_ns()? - cpu_before;

    let subject = Subject::Path(lane.path);
    let received: u64 = streams.iter().map(|seen| seen.events).sum();
    let whole = streams
        .iter()
        .filter(|seen| seen.is_complete() && seen.events >= u64::from(tokens))
        .count();
    book.note(level.rate, subject, round, received as f64 / seconds);
    if !lane.processes.is_empty() {
        book.note(
            level.cpu,
            subject,
            round,
            cpu as f64 / 1e3 / received.max(1) as f64,
        );
    }
    book.note(level.broken, subject, round, (streams.len() - whole) as f64);
    Ok(())
}

async fn stream(mut caller: Caller, request: Arc<[u8]>) -> CountEvents {
    let mut seen = CountEvents::default();
    // A broken stream shows in what was seen of it.
    let _ = caller.call(&request, &mut seen).await;
    seen
}
