//! Streams at the pace of a model: 64 at once, a token every 20 ms, started one after the other within one period.
//!
//! The mock stamps each token with its send time, so the lateness is that of the way alone; a server that forgot
//! `TCP_NODELAY` shows up as 40 ms.

use super::{all, bounded, micros};
use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::client::Caller;
use crate::bench::lane::Lane;
use crate::bench::plan::Plan;
use crate::bench::quantile::quantile_ns;
use crate::bench::taps::Lateness;
use crate::bench::trouble::Trouble;
use crate::clock::monotonic_ns;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

const STREAMS: u32 = 64;
const PERIOD: Duration = Duration::from_millis(20);

/// Time to the first token at the 99th percentile, in microseconds.
pub const TTFT_P99: Metric = Metric::new(
    Section::Paced,
    "time to first token, p99 (us)",
    Unit::Micros,
);
/// Arrival minus send time per token at the 99th percentile, in microseconds.
pub const LATE_P99: Metric =
    Metric::new(Section::Paced, "lateness per token, p99 (us)", Unit::Micros);
/// CPU seconds of the way per million tokens.
pub const CPU: Metric = Metric::new(
    Section::Paced,
    "CPU per million paced tokens (s)",
    Unit::Seconds,
);
/// Median time to the first token, in microseconds.
pub const TTFT_P50: Metric = Metric::new(
    Section::Paced,
    "time to first token, p50 (us)",
    Unit::Micros,
);
const LATE_P50: Metric = Metric::new(Section::Paced, "lateness per token, p50 (us)", Unit::Micros);
const LATE_MAX: Metric = Metric::new(
    Section::Paced,
    "lateness per token, worst (us)",
    Unit::Micros,
);
const BROKEN: Metric = Metric::new(Section::Paced, "incomplete streams", Unit::Count);

/// Measures one lane.
///
/// # Errors
/// When the way breaks down, not when single streams break: those are counted.
pub async fn run(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    bounded(PERIOD * plan.paced_tokens, measure(lane, plan, round, book)).await
}

async fn measure(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    let tokens = plan.paced_tokens;
    let mock = format!(
        r#"{{"tokens":{tokens},"interval_ms":{},"stamp":true,"usage":"asked_with_nulls"}}"#,
        PERIOD.as_millis()
    );
    let request: Arc<[u8]> = lane.chat_request(true, &mock).into();
    let meter = lane.meter();
    let mut callers = Vec::new();
    for _ in 0..STREAMS {
        callers.push(Caller::connect(lane.chat.addr).await?);
    }
    let cpu_before = meter.cpu_ns()?;
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(stream(caller, Arc::clone(&request)));
        sleep(PERIOD / STREAMS).await;
    }
    let streams = all(tasks).await?;
    let cpu = meter.cpu_ns()? - cpu_before;

    let whole = |stream: &&Stream| stream.seen.done && stream.seen.tokens == tokens;
    let mut first: Vec<u64> = streams
        .iter()
        .filter_map(|stream| Some(stream.seen.first_ns? - stream.begin_ns))
        .collect();
    let received: u32 = streams.iter().map(|stream| stream.seen.tokens).sum();
    let mut late: Vec<u64> = streams
        .iter()
        .flat_map(|stream| stream.seen.late_ns.iter().copied())
        .collect();
    let broken = streams.len() - streams.iter().filter(whole).count();
    let subject = Subject::Path(lane.path);
    let mut note = |metric, samples: &mut [u64], q| {
        if let Some(ns) = quantile_ns(samples, q) {
            book.note(metric, subject, round, micros(ns));
        }
    };
    note(TTFT_P50, &mut first, 0.50);
    note(TTFT_P99, &mut first, 0.99);
    note(LATE_P50, &mut late, 0.50);
    note(LATE_P99, &mut late, 0.99);
    note(LATE_MAX, &mut late, 1.0);
    if !lane.processes.is_empty() {
        book.note(
            CPU,
            subject,
            round,
            cpu as f64 / 1e3 / f64::from(received.max(1)),
        );
    }
    book.note(BROKEN, subject, round, broken as f64);
    Ok(())
}

struct Stream {
    begin_ns: u64,
    seen: Lateness,
}

async fn stream(mut caller: Caller, request: Arc<[u8]>) -> Stream {
    let mut seen = Lateness::default();
    let begin_ns = monotonic_ns();
    // A broken stream shows in what was seen of it.
    let _ = caller.call(&request, &mut seen).await;
    Stream { begin_ns, seen }
}
