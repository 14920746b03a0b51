//! The aims of the queue's speed, and how a run stands to them. A run never fails by them.

use super::book::{Book, Lane, Metric};
use super::rows::{BATCHES, DEFAULT, HUNDRED, INSIDE, MANY_BATCHES, OUTSIDE, SINGLE};
use crate::bench::aims::{Limit, Verdict};

/// All aims, against `book`.
#[must_use]
pub fn verdicts(book: &Book) -> Vec<Verdict> {
    let cell = |text, limit, metric: Metric, lane| Verdict {
        text,
        limit,
        measured: book.cell(metric, lane),
    };
    let ratio = |text, metric: Metric| Verdict {
        text,
        limit: Limit::AtLeast(0.6),
        measured: book.ratio((metric, Lane::Postgres), (metric, Lane::Raw)),
    };
    let (pg, lite) = (Lane::Postgres, Lane::Sqlite);
    let (many, most) = (Limit::AtLeast(10_000.0), Limit::AtLeast(50_000.0));
    let (p50, p99) = (Limit::AtMost(2.0), Limit::AtMost(5.0));
    vec![
        cell(
            "PostgreSQL: jobs/s at default settings",
            many,
            DEFAULT.rate,
            pg,
        ),
        cell(
            "SQLite: jobs/s at default settings",
            many,
            DEFAULT.rate,
            lite,
        ),
        cell(
            "PostgreSQL: jobs/s, 100 claimed and finished at once",
            most,
            HUNDRED.rate,
            pg,
        ),
        cell(
            "SQLite: jobs/s, 100 claimed and finished at once",
            most,
            HUNDRED.rate,
            lite,
        ),
        ratio("PostgreSQL: one at a time / raw SQL", SINGLE.rate),
        ratio(
            "PostgreSQL: 1,000 at once, 1 caller / raw SQL",
            BATCHES.rate,
        ),
        ratio(
            "PostgreSQL: 1,000 at once, 8 callers / raw SQL",
            MANY_BATCHES.rate,
        ),
        cell(
            "PostgreSQL: enqueue to start, a worker that waits, p50 (ms)",
            p50,
            OUTSIDE.p50,
            pg,
        ),
        cell(
            "PostgreSQL: enqueue to start, a worker that waits, p99 (ms)",
            p99,
            OUTSIDE.p99,
            pg,
        ),
        cell(
            "PostgreSQL: enqueue to start, built-in, p50 (ms)",
            p50,
            INSIDE.p50,
            pg,
        ),
        cell(
            "PostgreSQL: enqueue to start, built-in, p99 (ms)",
            p99,
            INSIDE.p99,
            pg,
        ),
        cell(
            "SQLite: enqueue to start, a worker that waits, p50 (ms)",
            p50,
            OUTSIDE.p50,
            lite,
        ),
        cell(
            "SQLite: enqueue to start, a worker that waits, p99 (ms)",
            p99,
            OUTSIDE.p99,
            lite,
        ),
        cell(
            "SQLite: enqueue to start, built-in, p50 (ms)",
            p50,
            INSIDE.p50,
            lite,
        ),
        cell(
            "SQLite: enqueue to start, built-in, p99 (ms)",
            p99,
            INSIDE.p99,
            lite,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_kept_by_the_median_of_the_rounds() {
        let mut book = Book::default();
        for (round, rate) in [9_000.0, 11_000.0, 12_000.0].into_iter().enumerate() {
            book.note(DEFAULT.rate, Lane::Sqlite, round, rate);
        }
        let verdicts = verdicts(&book);
        let kept = |text: &str| {
            let verdict = verdicts.iter().find(|verdict| verdict.text == text)?;
            Some(verdict.limit.keeps(verdict.measured?.median))
        };
        assert_eq!(kept("SQLite: jobs/s at default settings"), Some(true));
        assert_eq!(kept("PostgreSQL: jobs/s at default settings"), None);
    }
}
