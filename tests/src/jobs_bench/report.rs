//! The report: Markdown, the machine, one table per section, its ratios to the floor, then the aims.

use super::aims::verdicts;
use super::book::{Book, Lane, Metric, Section, Unit};
use super::machine::Facts;
use super::rows;
use crate::bench::aims::{Limit, Verdict};
use crate::bench::quantile::Spread;
use std::fmt::Write;

/// The share of the machine above which other programs had a part in the figures; below it is the kernel's own work.
const QUIET: f64 = 0.1;

/// What the reader must know about the run.
#[derive(Debug)]
pub struct Heading {
    /// Rounds that were run.
    pub rounds: usize,
    /// Whether the windows were short.
    pub quick: bool,
    /// The share of the machine that other programs used meanwhile, 0 to 1.
    pub others: f64,
    /// Machine, versions, settings.
    pub facts: Facts,
}

/// The whole report.
#[must_use]
pub fn markdown(book: &Book, heading: &Heading) -> String {
    let mut text = String::new();
    title(&mut text, heading);
    for section in Section::ALL {
        table(&mut text, book, section);
    }
    aims(&mut text, &verdicts(book));
    faults(&mut text, book);
    text
}

fn title(text: &mut String, heading: &Heading) {
    line(text, "# Bench of the jobs\n");
    if heading.others > QUIET {
        line(
            text,
            &format!(
                "**Disturbed:** other programs used {:.0} % of the machine meanwhile. These figures say little.\n",
                heading.others * 100.0
            ),
        );
    }
    let kind = if heading.quick { "quick" } else { "full" };
    line(
        text,
        &format!(
            "{kind} run, {} round(s), ways in alternation, everything on one machine, load included. A cell is the median of \
             the rounds (smallest–largest). CPU is that of the servers: PostgreSQL, mcpd, graphile-worker's node. \
             `raw SQL` is the floor: a plain `skip locked` table through the driver that mcpd uses too; it claims in one commit \
             and finishes in another, as a queue must whose jobs take longer than a transaction may. graphile-worker's jobs are \
             enqueued by its SQL functions through the same driver, and are deleted when they end; the other ways keep them with \
             their results. mcpd is called over HTTP on loopback, with its admin's token. Its own workers run `echo`, which they claim and \
             finish hundreds at once however many they are: compare that to graphile-worker, batched, and to 100 at once. What a \
             job costs that is run by itself is told by those that ask a mock LLM (its CPU is the bench's, not counted).\n",
            heading.rounds
        ),
    );
    line(text, "| | |\n|---|---|");
    for (name, value) in &heading.facts {
        line(text, &format!("| {name} | {value} |"));
    }
    line(text, "");
}

fn table(text: &mut String, book: &Book, section: Section) {
    let lanes = book.lanes(section);
    if lanes.is_empty() {
        return;
    }
    line(text, &format!("## {}\n", section.title()));
    head(text, "", &lanes);
    let rows = rows::of(section);
    for metric in &rows {
        row(text, metric.name, &lanes, |lane| {
            let cell = book.cell(*metric, lane)?;
            Some(spread_text(cell, |value| number(value, metric.unit)))
        });
    }
    line(text, "");
    ratios(text, book, &rows, &lanes);
}

/// What is measured on the floor and elsewhere, over the floor.
fn ratios(text: &mut String, book: &Book, rows: &[Metric], lanes: &[Lane]) {
    let others: Vec<Lane> = lanes
        .iter()
        .copied()
        .filter(|lane| *lane != Lane::Raw)
        .collect();
    if others.is_empty() || !lanes.contains(&Lane::Raw) {
        return;
    }
    head(text, "over raw SQL, round by round", &others);
    for metric in rows {
        let ratio = |lane| book.ratio((*metric, lane), (*metric, Lane::Raw));
        if others.iter().any(|lane| ratio(*lane).is_some()) {
            row(text, metric.name, &others, |lane| {
                Some(spread_text(ratio(lane)?, |value| format!("{value:.2}")))
            });
        }
    }
    line(text, "");
}

fn head(text: &mut String, corner: &str, lanes: &[Lane]) {
    let names: Vec<&str> = lanes.iter().map(|lane| lane.name()).collect();
    line(text, &format!("| {corner} | {} |", names.join(" | ")));
    line(text, &format!("|---|{}", "---:|".repeat(names.len())));
}

fn row(text: &mut String, name: &str, lanes: &[Lane], cell: impl Fn(Lane) -> Option<String>) {
    let cells: Vec<String> = lanes
        .iter()
        .map(|lane| cell(*lane).unwrap_or_else(|| "-".to_owned()))
        .collect();
    if cells.iter().any(|cell| cell != "-") {
        line(text, &format!("| {name} | {} |", cells.join(" | ")));
    }
}

fn aims(text: &mut String, verdicts: &[Verdict]) {
    line(text, "## Aims\n");
    line(
        text,
        "| aim | wanted | measured | kept |\n|---|---:|---:|---|",
    );
    for verdict in verdicts {
        let wanted = match verdict.limit {
            Limit::AtMost(limit) => format!("≤ {limit}"),
            Limit::AtLeast(limit) => format!("≥ {limit}"),
        };
        let digits = if matches!(verdict.limit, Limit::AtLeast(limit) if limit > 100.0) {
            0
        } else {
            2
        };
        let measured = verdict.measured.map_or_else(
            || "-".to_owned(),
            |spread| spread_text(spread, |value| format!("{value:.digits$}")),
        );
        let kept = match verdict.measured {
            None => "not measured",
            Some(spread) if verdict.limit.keeps(spread.median) => "yes",
            Some(_) => "MISSED",
        };
        line(
            text,
            &format!("| {} | {wanted} | {measured} | {kept} |", verdict.text),
        );
    }
}

fn faults(text: &mut String, book: &Book) {
    if book.faults().is_empty() {
        return;
    }
    line(text, "\n## Not measured\n");
    for fault in book.faults() {
        line(text, &format!("- {}", fault.replace('\n', " ")));
    }
}

fn spread_text(spread: Spread, print: impl Fn(f64) -> String) -> String {
    let (median, low, high) = (print(spread.median), print(spread.low), print(spread.high));
    if low == high {
        median
    } else {
        format!("{median} ({low}–{high})")
    }
}

fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Rate => format!("{value:.0}"),
        Unit::Micros => format!("{value:.1}"),
        Unit::Millis => format!("{value:.2}"),
    }
}

fn line(text: &mut String, content: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{content}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_holds_what_was_noted_its_ratios_and_what_was_not_measured() {
        let mut book = Book::default();
        book.note(rows::SINGLE.rate, Lane::Raw, 0, 4000.0);
        book.note(rows::SINGLE.rate, Lane::Postgres, 0, 2000.0);
        book.fault("graphile-worker: not installed".to_owned());
        let heading = Heading {
            rounds: 1,
            quick: true,
            others: 0.5,
            facts: vec![("PostgreSQL", "15".to_owned())],
        };
        let text = markdown(&book, &heading);
        for wanted in [
            "**Disturbed:**",
            "| PostgreSQL | 15 |",
            "| one at a time, 8 callers (jobs/s) | 4000 | 2000 |",
            "| one at a time, 8 callers (jobs/s) | 0.50 |",
            "| PostgreSQL: one at a time / raw SQL | ≥ 0.6 | 0.50 | MISSED |",
            "- graphile-worker: not installed",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in {text}");
        }
    }
}
