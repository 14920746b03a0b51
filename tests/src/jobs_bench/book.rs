//! The samples of a run: one value per metric, lane and round.

use crate::bench::quantile::Spread;
use clap::ValueEnum;

/// A way to run jobs; a column of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Lane {
    /// A plain table, claimed and finished in two commits.
    Raw,
    /// The same, in one commit: the transaction is open while the job runs.
    RawOnce,
    /// graphile-worker as it comes.
    Graphile,
    /// graphile-worker with a local queue and batched completion.
    GraphileBatched,
    /// mcpd on PostgreSQL.
    Postgres,
    /// mcpd on SQLite.
    Sqlite,
}

impl Lane {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 6] = [
        Self::Raw,
        Self::RawOnce,
        Self::Graphile,
        Self::GraphileBatched,
        Self::Postgres,
        Self::Sqlite,
    ];

    /// The heading of its column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw SQL",
            Self::RawOnce => "raw SQL, one commit",
            Self::Graphile => "graphile-worker",
            Self::GraphileBatched => "graphile-worker, batched",
            Self::Postgres => "mcpd, PostgreSQL",
            Self::Sqlite => "mcpd, SQLite",
        }
    }
}

/// A kind of measurement; a table of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Section {
    /// Storing jobs.
    Enqueue,
    /// The way's own workers, on jobs that lie ready.
    Work,
    /// Workers outside of the queue's program, which claim and finish many at once.
    Hand,
    /// From the call that enqueues to the start.
    Start,
}

impl Section {
    /// All of them, in the order they run.
    pub const ALL: [Self; 4] = [Self::Enqueue, Self::Work, Self::Hand, Self::Start];

    /// The heading of its table.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Enqueue => "Enqueue",
            Self::Work => "Jobs that do nothing, the way's own workers",
            Self::Hand => "Jobs that do nothing, workers from outside",
            Self::Start => "From enqueue to start, 50 jobs a second",
        }
    }
}

/// How a value is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Jobs per second: more is better.
    Rate,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
}

/// One row of a table. The name identifies it within its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The table it stands in.
    pub section: Section,
    /// The row's label.
    pub name: &'static str,
    /// How to print it.
    pub unit: Unit,
}

impl Metric {
    /// A row of `section`.
    #[must_use]
    pub const fn new(section: Section, name: &'static str, unit: Unit) -> Self {
        Self {
            section,
            name,
            unit,
        }
    }
}

#[derive(Debug)]
struct Sample {
    metric: Metric,
    lane: Lane,
    round: usize,
    value: f64,
}

/// All samples of a run, and what could not be measured.
#[derive(Debug, Default)]
pub struct Book {
    samples: Vec<Sample>,
    faults: Vec<String>,
}

impl Book {
    /// Notes a value.
    pub fn note(&mut self, metric: Metric, lane: Lane, round: usize, value: f64) {
        self.samples.push(Sample {
            metric,
            lane,
            round,
            value,
        });
    }

    /// Notes something that could not be measured, and why; once.
    pub fn fault(&mut self, text: String) {
        if !self.faults.contains(&text) {
            self.faults.push(text);
        }
    }

    /// What could not be measured, in order.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The columns of a section.
    #[must_use]
    pub fn lanes(&self, section: Section) -> Vec<Lane> {
        let is_there = |lane: &Lane| {
            self.samples
                .iter()
                .any(|sample| sample.lane == *lane && sample.metric.section == section)
        };
        Lane::ALL.into_iter().filter(is_there).collect()
    }

    /// The spread of one cell over the rounds.
    #[must_use]
    pub fn cell(&self, metric: Metric, lane: Lane) -> Option<Spread> {
        let values: Vec<f64> = self.rounds(metric, lane).map(|(_, value)| value).collect();
        Spread::of(&values)
    }

    /// One cell over another, round by round, so that both values come from the same minutes of the machine.
    #[must_use]
    pub fn ratio(&self, over: (Metric, Lane), under: (Metric, Lane)) -> Option<Spread> {
        let other = |round| {
            self.rounds(under.0, under.1)
                .find(|(found, _)| *found == round)
                .map(|(_, value)| value)
        };
        let values: Vec<f64> = self
            .rounds(over.0, over.1)
            .filter_map(|(round, value)| Some(value / other(round)?))
            .collect();
        Spread::of(&values)
    }

    fn rounds(&self, metric: Metric, lane: Lane) -> impl Iterator<Item = (usize, f64)> {
        let matches = move |sample: &&Sample| sample.metric == metric && sample.lane == lane;
        self.samples
            .iter()
            .filter(matches)
            .map(|sample| (sample.round, sample.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Metric = Metric::new(Section::Enqueue, "rate", Unit::Rate);

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut book = Book::default();
        book.note(RATE, Lane::Raw, 0, 10.0);
        book.note(RATE, Lane::Raw, 1, 20.0);
        book.note(RATE, Lane::Sqlite, 1, 40.0);
        let ratio = book.ratio((RATE, Lane::Sqlite), (RATE, Lane::Raw));
        assert_eq!(ratio.map(|spread| spread.median), Some(2.0));
        assert_eq!(book.lanes(Section::Enqueue), [Lane::Raw, Lane::Sqlite]);
        assert!(book.lanes(Section::Start).is_empty());
    }
}
