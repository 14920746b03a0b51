//! The samples of a run: one value per metric, subject and round.

use super::lane::Path;
use super::quantile::Spread;
use clap::ValueEnum;

/// A kind of measurement; a table of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Section {
    /// Requests per second and latency over kept connections.
    Requests,
    /// A new connection for each request.
    Connect,
    /// Many streams at the pace of a model.
    Paced,
    /// Streams as fast as they go.
    Burst,
    /// Resident memory, idle and with many slow streams.
    Memory,
    /// Resident memory over very many requests.
    Soak,
    /// What one idle publisher costs mcpd.
    Publishers,
    /// From exec to ready.
    Start,
}

impl Section {
    /// All of them, in the order they run.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Connect,
        Self::Paced,
        Self::Burst,
        Self::Memory,
        Self::Soak,
        Self::Publishers,
        Self::Start,
    ];

    /// The heading of its table.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Requests => "Small chat completions, kept connections",
            Self::Connect => "A new connection per request",
            Self::Paced => "64 streams, a token every 20 ms",
            Self::Burst => "Streams without a pace",
            Self::Memory => "Resident memory",
            Self::Soak => "Memory over many requests",
            Self::Publishers => "Idle publishers",
            Self::Start => "Start",
        }
    }
}

/// What a column is about: a way, or one of our daemons by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// All processes of a way.
    Path(Path),
    /// mcpd alone.
    Mcpd,
    /// mcplocal alone.
    Mcplocal,
}

impl Subject {
    /// The column's heading.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Path(path) => path.name(),
            Self::Mcpd => "mcpd",
            Self::Mcplocal => "mcplocal",
        }
    }
}

/// How a value is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A rate or a number.
    Count,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Bytes, printed as KiB.
    Kib,
    /// Bytes, printed as MiB.
    Mib,
}

/// One row of a table. The name identifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The table it stands in.
    pub section: Section,
    /// The row's label, unique over all sections.
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
    subject: Subject,
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
    pub fn note(&mut self, metric: Metric, subject: Subject, round: usize, value: f64) {
        self.samples.push(Sample {
            metric,
            subject,
            round,
            value,
        });
    }

    /// Notes something that could not be measured, and why.
    pub fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    /// What could not be measured, in order.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The rows of a section: in the order in which the subject with the most rows noted them, then the others'.
    #[must_use]
    pub fn metrics(&self, section: Section) -> Vec<Metric> {
        let mut of_subjects: Vec<Vec<Metric>> = self
            .subjects(section)
            .into_iter()
            .map(|subject| self.rows_of(section, subject))
            .collect();
        of_subjects.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
        distinct(of_subjects.into_iter().flatten())
    }

    fn rows_of(&self, section: Section, subject: Subject) -> Vec<Metric> {
        let of_subject =
            |sample: &&Sample| sample.metric.section == section && sample.subject == subject;
        distinct(
            self.samples
                .iter()
                .filter(of_subject)
                .map(|sample| sample.metric),
        )
    }

    /// The columns of a section, in the order of [`Subject`].
    #[must_use]
    pub fn subjects(&self, section: Section) -> Vec<Subject> {
        let of_section = self
            .samples
            .iter()
            .filter(|sample| sample.metric.section == section);
        let mut columns: Vec<Subject> = of_section.map(|sample| sample.subject).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// The spread of one cell over the rounds.
    #[must_use]
    pub fn cell(&self, metric: Metric, subject: Subject) -> Option<Spread> {
        let values: Vec<f64> = self
            .rounds(metric, subject)
            .map(|(_, value)| value)
            .collect();
        Spread::of(&values)
    }

    /// Combines two cells round by round, so that both values come from the same minute of the machine.
    #[must_use]
    pub fn paired(
        &self,
        a: (Metric, Subject),
        b: (Metric, Subject),
        combine: impl Fn(f64, f64) -> f64,
    ) -> Vec<f64> {
        let other = |round| {
            self.rounds(b.0, b.1)
                .find(|(found, _)| *found == round)
                .map(|(_, value)| value)
        };
        self.rounds(a.0, a.1)
            .filter_map(|(round, value)| Some(combine(value, other(round)?)))
            .collect()
    }

    fn rounds(&self, metric: Metric, subject: Subject) -> impl Iterator<Item = (usize, f64)> {
        let matches = move |sample: &&Sample| sample.metric == metric && sample.subject == subject;
        self.samples
            .iter()
            .filter(matches)
            .map(|sample| (sample.round, sample.value))
    }
}

/// Each metric once, in the order of its first appearance.
fn distinct(metrics: impl Iterator<Item = Metric>) -> Vec<Metric> {
    let mut rows = Vec::new();
    for metric in metrics {
        if !rows.contains(&metric) {
            rows.push(metric);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Metric = Metric::new(Section::Requests, "rate", Unit::Count);
    const A: Subject = Subject::Path(Path::Nginx);
    const B: Subject = Subject::Path(Path::Public);

    #[test]
    fn pairs_are_made_within_a_round() {
        let mut book = Book::default();
        book.note(RATE, A, 0, 10.0);
        book.note(RATE, B, 1, 40.0);
        book.note(RATE, A, 1, 20.0);
        assert_eq!(book.paired((RATE, B), (RATE, A), |b, a| b / a), vec![2.0]);
    }

    #[test]
    fn rows_stand_in_the_order_of_the_fullest_column() {
        const COST: Metric = Metric::new(Section::Requests, "cost", Unit::Count);
        const LAST: Metric = Metric::new(Section::Requests, "last", Unit::Count);
        let mut book = Book::default();
        for (metric, subject) in [(RATE, A), (LAST, A), (RATE, B), (COST, B), (LAST, B)] {
            book.note(metric, subject, 0, 1.0);
        }
        assert_eq!(book.metrics(Section::Requests), [RATE, COST, LAST]);
    }

    #[test]
    fn a_cell_without_samples_is_empty() {
        assert!(Book::default().cell(RATE, A).is_none());
    }
}
