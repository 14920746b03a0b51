//! What a caller pays who does not keep its connection: connect, one small completion, close; one after the other.

use super::{bounded, micros};
use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::client::Caller;
use crate::bench::lane::Lane;
use crate::bench::plan::Plan;
use crate::bench::quantile::quantile_ns;
use crate::bench::taps::Ignore;
use crate::bench::trouble::Trouble;
use crate::clock::monotonic_ns;
use std::time::Duration;

const P50: Metric = Metric::new(
    Section::Connect,
    "connect + request, p50 (us)",
    Unit::Micros,
);
const P99: Metric = Metric::new(
    Section::Connect,
    "connect + request, p99 (us)",
    Unit::Micros,
);
const CPU: Metric = Metric::new(Section::Connect, "CPU per connection (us)", Unit::Micros);

/// Longest one connection with its request is planned for.
const PLANNED_PER_CALL: Duration = Duration::from_millis(20);

/// Measures one lane.
///
/// # Errors
/// When a connection or its request fails.
pub async fn run(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    bounded(
        PLANNED_PER_CALL * plan.connections,
        measure(lane, plan, round, book),
    )
    .await
}

async fn measure(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    let request = lane.chat_request(false, r#"{"tokens":16}"#);
    let meter = lane.meter();
    let cpu_before = meter.cpu_ns()?;
    let mut latencies = Vec::new();
    let connections = match lane.path.is_slow() {
        true => plan.connections / 10,
        false => plan.connections,
    };
    for _ in 0..connections {
        let begin = monotonic_ns();
        let mut caller = Caller::connect(lane.chat.addr).await?;
        let reply = caller.call(&request, &mut Ignore).await?;
        latencies.push(monotonic_ns() - begin);
        if reply.status != 200 {
            return Err(Trouble::Unexpected(format!(
                "status {} on a new connection",
                reply.status
            )));
        }
    }
    let cpu = meter.cpu_ns()? - cpu_before;

    let subject = Subject::Path(lane.path);
    for (metric, q) in [(P50, 0.50), (P99, 0.99)] {
        if let Some(ns) = quantile_ns(&mut latencies, q) {
            book.note(metric, subject, round, micros(ns));
        }
    }
    if !lane.processes.is_empty() {
        book.note(CPU, subject, round, micros(cpu) / f64::from(connections));
    }
    Ok(())
}
