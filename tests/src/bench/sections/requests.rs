//! Requests per second and latency: 1, 16, 64 and 256 kept connections, each asking for one small completion after the
//! other. One connection shows what a way adds to a call; many show what it can carry and what that costs in CPU.

use super::{all, bounded, micros};
use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::client::Caller;
use crate::bench::lane::Lane;
use crate::bench::plan::Plan;
use crate::bench::quantile::quantile_ns;
use crate::bench::taps::Ignore;
use crate::bench::trouble::Trouble;
use crate::clock::monotonic_ns;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Failures after which one connection gives up for the rest of the window.
const MAX_FAILURES: u64 = 20;

/// The rows of one number of connections.
#[derive(Debug)]
pub struct Level {
    connections: usize,
    /// Requests answered per second.
    pub rate: Metric,
    /// Median latency.
    pub p50: Metric,
    /// Latency at the 99th percentile.
    pub p99: Metric,
    /// CPU of the processes on the way, per request.
    pub cpu: Metric,
    mock_cpu: Metric,
    failures: Metric,
}

macro_rules! level {
    ($connections:literal) => {
        Level {
            connections: $connections,
            rate: row(concat!("req/s, ", $connections, " conn."), Unit::Count),
            p50: row(concat!("p50, ", $connections, " conn. (us)"), Unit::Micros),
            p99: row(concat!("p99, ", $connections, " conn. (us)"), Unit::Micros),
            cpu: row(
                concat!("CPU per request, ", $connections, " conn. (us)"),
                Unit::Micros,
            ),
            mock_cpu: row(
                concat!("the mock's CPU per request, ", $connections, " conn. (us)"),
                Unit::Micros,
            ),
            failures: row(
                concat!("failed requests, ", $connections, " conn."),
                Unit::Count,
            ),
        }
    };
}

/// One connection: what a way adds.
pub static ONE: Level = level!(1);
/// Some.
pub static SOME: Level = level!(16);
/// Many: what a way carries.
pub static MANY: Level = level!(64);

/// More than there is work for at once: how a way queues.
pub static MOST: Level = level!(256);

/// Resident memory right after the window with many connections.
pub const LOADED: Metric = Metric::new(
    Section::Memory,
    "after 64 busy connections (MiB)",
    Unit::Mib,
);

const fn row(name: &'static str, unit: Unit) -> Metric {
    Metric::new(Section::Requests, name, unit)
}

/// Measures all levels.
///
/// # Errors
/// When the way breaks down, not when single requests fail: those are counted.
pub async fn run(lane: &Lane, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    for level in [&ONE, &SOME, &MANY, &MOST] {
        bounded(
            plan.warm_up + plan.window,
            measure(lane, plan, level, round, book),
        )
        .await?;
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
    let gauge = Arc::new(Gauge::default());
    let request: Arc<[u8]> = lane.chat_request(false, r#"{"tokens":16}"#).into();
    let mut tasks = JoinSet::new();
    for _ in 0..level.connections {
        let caller = Caller::connect(lane.chat.addr).await?;
        tasks.spawn(keep_asking(
            caller,
            lane.chat.addr,
            Arc::clone(&request),
            Arc::clone(&gauge),
        ));
    }
    let (meter, mock_meter) = (lane.meter(), lane.mock_meter());
    sleep(plan.warm_up).await;
    let before = Reading {
        cpu: meter.cpu_ns()?,
        mock_cpu: mock_meter.cpu_ns()?,
        at: monotonic_ns(),
    };
    gauge.phase.store(MEASURING, Relaxed);
    sleep(plan.window).await;
    gauge.phase.store(STOPPED, Relaxed);
    let after = Reading {
        cpu: meter.cpu_ns()?,
        mock_cpu: mock_meter.cpu_ns()?,
        at: monotonic_ns(),
    };
    let done = gauge.done.load(Relaxed).max(1) as f64;
    let memory = meter.memory()?;
    let mut latencies: Vec<u64> = all(tasks).await?.concat();

    let subject = Subject::Path(lane.path);
    let seconds = Duration::from_nanos(after.at - before.at).as_secs_f64();
    book.note(level.rate, subject, round, done / seconds);
    for (metric, q) in [(level.p50, 0.50), (level.p99, 0.99)] {
        if let Some(ns) = quantile_ns(&mut latencies, q) {
            book.note(metric, subject, round, micros(ns));
        }
    }
    if !lane.processes.is_empty() {
        book.note(
            level.cpu,
            subject,
            round,
            micros(after.cpu - before.cpu) / done,
        );
        if level.connections == MANY.connections {
            book.note(LOADED, subject, round, memory.resident as f64);
        }
    }
    book.note(
        level.mock_cpu,
        subject,
        round,
        micros(after.mock_cpu - before.mock_cpu) / done,
    );
    book.note(
        level.failures,
        subject,
        round,
        gauge.failures.load(Relaxed) as f64,
    );
    Ok(())
}

struct Reading {
    cpu: u64,
    mock_cpu: u64,
    at: u64,
}

const MEASURING: u8 = 1;
const STOPPED: u8 = 2;

/// What the connections of one window share.
#[derive(Debug, Default)]
struct Gauge {
    phase: AtomicU8,
    done: AtomicU64,
    failures: AtomicU64,
}

/// Asks until stopped; returns the latencies of the measured requests.
async fn keep_asking(
    mut caller: Caller,
    addr: std::net::SocketAddr,
    request: Arc<[u8]>,
    gauge: Arc<Gauge>,
) -> Vec<u64> {
    let mut latencies = Vec::new();
    let mut failures = 0;
    while gauge.phase.load(Relaxed) != STOPPED && failures < MAX_FAILURES {
        let begin = monotonic_ns();
        let answered = caller.call(&request, &mut Ignore).await;
        let measuring = gauge.phase.load(Relaxed) == MEASURING;
        match answered {
            Ok(reply) if reply.status == 200 => {
                if measuring {
                    latencies.push(monotonic_ns() - begin);
                    gauge.done.fetch_add(1, Relaxed);
                }
                if reply.keep_alive {
                    continue;
                }
            }
            Ok(_) | Err(_) => {
                failures += 1;
                gauge.failures.fetch_add(1, Relaxed);
            }
        }
        match Caller::connect(addr).await {
            Ok(fresh) => caller = fresh,
            Err(_) => failures = MAX_FAILURES,
        }
    }
    latencies
}
