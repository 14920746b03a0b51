//! The aims of the project's speed, and how a run stands to them. A run never fails by them.

use super::book::{Book, Metric, Subject};
use super::lane::Path;
use super::quantile::Spread;
use super::sections::{burst, memory, paced, publishers, requests, soak, start};

/// A limit, and which side of it is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The measured value shall not be above.
    AtMost(f64),
    /// The measured value shall not be below.
    AtLeast(f64),
}

impl Limit {
    /// Whether `value` keeps it.
    #[must_use]
    pub fn keeps(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

/// One aim with what a run measured for it.
#[derive(Debug)]
pub struct Verdict {
    /// What is aimed at, with its unit.
    pub text: &'static str,
    /// The limit.
    pub limit: Limit,
    /// Over the rounds; `None` where it was not measured.
    pub measured: Option<Spread>,
}

const DIRECT: Subject = Subject::Path(Path::Direct);
const NGINX: Subject = Subject::Path(Path::Nginx);
const BORE: Subject = Subject::Path(Path::Bore);
const PUBLIC: Subject = Subject::Path(Path::Public);
const VIRTUAL: Subject = Subject::Path(Path::Virtual);
const V1: Subject = Subject::Path(Path::V1);
const MIB: f64 = 1024.0 * 1024.0;

/// All aims, against `book`.
#[must_use]
pub fn verdicts(book: &Book) -> Vec<Verdict> {
    let ratio =
        |metric: Metric, a, b| Spread::of(&book.paired((metric, a), (metric, b), |a, b| a / b));
    let scaled = |metric: Metric, subject, by: f64| {
        book.cell(metric, subject).map(|s| Spread {
            median: s.median / by,
            low: s.low / by,
            high: s.high / by,
        })
    };
    let added = |subject| Spread::of(&added_us(book, subject));
    let many = &requests::MANY;
    vec![
        Verdict {
            text: "data plane: CPU per request / nginx's",
            limit: Limit::AtMost(2.5),
            measured: ratio(many.cpu, V1, NGINX),
        },
        Verdict {
            text: "data plane: req/s / nginx's",
            limit: Limit::AtLeast(0.55),
            measured: ratio(many.rate, V1, NGINX),
        },
        Verdict {
            text: "data plane: added p50 (us)",
            limit: Limit::AtMost(80.0),
            measured: added(V1),
        },
        Verdict {
            text: "data plane: added time to first token p50, 64 paced streams (ms)",
            limit: Limit::AtMost(0.15),
            measured: Spread::of(&book.paired(
                (paced::TTFT_P50, V1),
                (paced::TTFT_P50, DIRECT),
                |way, direct| (way - direct) / 1e3,
            )),
        },
        Verdict {
            text: "data plane: CPU per million tokens, token by token (s)",
            limit: Limit::AtMost(4.0),
            measured: scaled(burst::SINGLE_TOKENS.cpu, V1, 1.0),
        },
        Verdict {
            text: "data plane: 1,000 slow streams add (MiB)",
            limit: Limit::AtMost(25.0),
            measured: scaled(memory::GROWN, V1, MIB),
        },
        Verdict {
            text: "data plane: grown by as many requests again (MiB)",
            limit: Limit::AtMost(1.0),
            measured: scaled(soak::GROWTH, V1, MIB),
        },
        Verdict {
            text: "public row: CPU per request / nginx's",
            limit: Limit::AtMost(2.0),
            measured: ratio(many.cpu, PUBLIC, NGINX),
        },
        Verdict {
            text: "public row: added p50 / nginx's added p50",
            limit: Limit::AtMost(1.5),
            measured: added_ratio(book, PUBLIC, NGINX),
        },
        Verdict {
            text: "public row: req/s / nginx's",
            limit: Limit::AtLeast(0.6),
            measured: ratio(many.rate, PUBLIC, NGINX),
        },
        Verdict {
            text: "virtual row: CPU per request / bore's",
            limit: Limit::AtMost(3.0),
            measured: ratio(many.cpu, VIRTUAL, BORE),
        },
        Verdict {
            text: "virtual row: added p50 (ms)",
            limit: Limit::AtMost(0.2),
            measured: Spread::of(
                &added_us(book, VIRTUAL)
                    .iter()
                    .map(|us| us / 1e3)
                    .collect::<Vec<_>>(),
            ),
        },
        Verdict {
            text: "virtual row: req/s / bore's",
            limit: Limit::AtLeast(0.35),
            measured: ratio(many.rate, VIRTUAL, BORE),
        },
        Verdict {
            text: "virtual row: time to first token p99, 64 paced streams (ms)",
            limit: Limit::AtMost(2.0),
            measured: scaled(paced::TTFT_P99, VIRTUAL, 1e3),
        },
        Verdict {
            text: "virtual row: lateness p99, 64 paced streams (ms)",
            limit: Limit::AtMost(1.0),
            measured: scaled(paced::LATE_P99, VIRTUAL, 1e3),
        },
        Verdict {
            text: "idle publisher in mcpd (KiB)",
            limit: Limit::AtMost(16.0),
            measured: scaled(publishers::PER_PUBLISHER, Subject::Mcpd, 1024.0),
        },
        Verdict {
            text: "mcpd idle, resident (MiB)",
            limit: Limit::AtMost(15.0),
            measured: scaled(memory::IDLE, Subject::Mcpd, MIB),
        },
        Verdict {
            text: "mcplocal idle, resident (MiB)",
            limit: Limit::AtMost(10.0),
            measured: scaled(memory::IDLE, Subject::Mcplocal, MIB),
        },
        Verdict {
            text: "mcpd start (ms)",
            limit: Limit::AtMost(50.0),
            measured: scaled(start::AGAIN, Subject::Mcpd, 1.0),
        },
    ]
}

/// What a way adds to the direct one, round by round, in microseconds at the median of one connection.
#[must_use]
pub fn added_us(book: &Book, subject: Subject) -> Vec<f64> {
    let p50 = requests::ONE.p50;
    book.paired((p50, subject), (p50, DIRECT), |way, direct| way - direct)
}

fn added_ratio(book: &Book, a: Subject, b: Subject) -> Option<Spread> {
    let ratios: Vec<f64> = added_us(book, a)
        .iter()
        .zip(added_us(book, b))
        .map(|(a, b)| a / b)
        .collect();
    Spread::of(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_measured_gives_no_verdict_but_all_aims() {
        let verdicts = verdicts(&Book::default());
        assert_eq!(verdicts.len(), 19);
        assert!(verdicts.iter().all(|verdict| verdict.measured.is_none()));
    }

    #[test]
    fn what_a_way_adds_is_taken_within_a_round() {
        let mut book = Book::default();
        for (round, direct, way) in [(0, 10.0, 30.0), (1, 20.0, 50.0)] {
            book.note(requests::ONE.p50, DIRECT, round, direct);
            book.note(requests::ONE.p50, VIRTUAL, round, way);
        }
        assert_eq!(added_us(&book, VIRTUAL), vec![20.0, 30.0]);
    }
}
