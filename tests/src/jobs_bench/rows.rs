//! The rows of the tables: what every way is measured by.

use super::book::{Book, Lane, Metric, Section, Unit};
use super::load::{Latencies, Load};
use super::plan::Plan;

/// Jobs per second, and what a job costs the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateRow {
    /// Jobs per second.
    pub rate: Metric,
    /// CPU of the servers per job: of PostgreSQL and mcpd, or of PostgreSQL and graphile-worker's node.
    pub cpu: Metric,
}

impl RateRow {
    /// Notes a window.
    pub fn note(&self, load: Load, lane: Lane, round: usize, book: &mut Book) {
        book.note(self.rate, lane, round, load.per_s);
        book.note(self.cpu, lane, round, load.cpu_us);
    }
}

/// From enqueue to start, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyRow {
    /// The median.
    pub p50: Metric,
    /// The 99th percentile.
    pub p99: Metric,
}

impl LatencyRow {
    /// Notes a measurement.
    pub fn note(&self, mut latencies: Latencies, lane: Lane, round: usize, book: &mut Book) {
        book.note(self.p50, lane, round, latencies.quantile_ms(0.50));
        book.note(self.p99, lane, round, latencies.quantile_ms(0.99));
    }
}

/// Many at once by workers from outside.
#[derive(Debug, Clone, Copy)]
pub struct Hand {
    /// Workers.
    pub workers: usize,
    /// Jobs in one claim.
    pub at_once: usize,
    /// Where it is noted.
    pub row: RateRow,
}

impl Hand {
    /// Jobs that lie ready.
    #[must_use]
    pub fn backlog(&self, plan: &Plan) -> usize {
        match self.at_once {
            1 => plan.backlog,
            _ => plan.large_backlog,
        }
    }
}

macro_rules! rate_row {
    ($section:ident, $name:literal) => {
        RateRow {
            rate: Metric::new(Section::$section, concat!($name, " (jobs/s)"), Unit::Rate),
            cpu: Metric::new(
                Section::$section,
                concat!($name, ", CPU per job (us)"),
                Unit::Micros,
            ),
        }
    };
}

macro_rules! latency_row {
    ($name:literal) => {
        LatencyRow {
            p50: Metric::new(Section::Start, concat!($name, ", p50 (ms)"), Unit::Millis),
            p99: Metric::new(Section::Start, concat!($name, ", p99 (ms)"), Unit::Millis),
        }
    };
}

/// One job a call.
pub const SINGLE: RateRow = rate_row!(Enqueue, "one at a time, 8 callers");
/// A thousand jobs a call, one call at a time.
pub const BATCHES: RateRow = rate_row!(Enqueue, "1,000 at once, 1 caller");
/// The same by many.
pub const MANY_BATCHES: RateRow = rate_row!(Enqueue, "1,000 at once, 8 callers");
/// The floor by another client.
pub const BY_PGBENCH: Metric = Metric::new(
    Section::Enqueue,
    "one at a time, 8 callers, by pgbench (jobs/s)",
    Unit::Rate,
);

/// The way's own workers, at each number of them.
pub const WORKERS: &[(usize, RateRow)] = &[
    (1, rate_row!(Work, "1 worker")),
    (8, rate_row!(Work, "8 workers")),
    (32, rate_row!(Work, "32 workers")),
];
/// mcpd as it comes.
pub const DEFAULT: RateRow = rate_row!(Work, "default settings");
/// Each job asks an LLM that answers at once, so that each is claimed, run and finished by itself.
pub const ASKING: &[(usize, RateRow)] = &[
    (8, rate_row!(Work, "8 workers, each job asks a mock LLM")),
    (32, rate_row!(Work, "32 workers, each job asks a mock LLM")),
];
/// The floor by another client.
pub const WORK_BY_PGBENCH: Metric =
    Metric::new(Section::Work, "8 workers, by pgbench (jobs/s)", Unit::Rate);

/// Workers from outside.
pub const HANDS: &[Hand] = &[
    Hand {
        workers: 8,
        at_once: 1,
        row: rate_row!(Hand, "8 workers, 1 at once"),
    },
    Hand {
        workers: 2,
        at_once: 100,
        row: rate_row!(Hand, "2 workers, 100 at once"),
    },
    Hand {
        workers: 8,
        at_once: 100,
        row: HUNDRED,
    },
];
/// The row of the aim.
pub const HUNDRED: RateRow = rate_row!(Hand, "8 workers, 100 at once");

/// A worker that waits for work: by `LISTEN`, by a long poll over HTTP.
pub const OUTSIDE: LatencyRow = latency_row!("a worker that waits");
/// A worker within the server.
pub const INSIDE: LatencyRow = latency_row!("a built-in worker");

/// The rows of a section, in their order.
#[must_use]
pub fn of(section: Section) -> Vec<Metric> {
    let both = |row: &RateRow| [row.rate, row.cpu];
    match section {
        Section::Enqueue => {
            let mut rows: Vec<Metric> = [SINGLE, BATCHES, MANY_BATCHES]
                .iter()
                .flat_map(both)
                .collect();
            rows.push(BY_PGBENCH);
            rows
        }
        Section::Work => {
            let mut rows: Vec<Metric> = WORKERS.iter().flat_map(|(_, row)| both(row)).collect();
            rows.extend(both(&DEFAULT));
            rows.extend(ASKING.iter().flat_map(|(_, row)| both(row)));
            rows.push(WORK_BY_PGBENCH);
            rows
        }
        Section::Hand => HANDS.iter().flat_map(|hand| both(&hand.row)).collect(),
        Section::Start => [OUTSIDE, INSIDE]
            .iter()
            .flat_map(|row| [row.p50, row.p99])
            .collect(),
    }
}
