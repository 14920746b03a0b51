//! The report: Markdown, one table per section, then what each way adds, then the aims.

use super::aims::{Limit, Verdict, added_us, verdicts};
use super::book::{Book, Section, Subject, Unit};
use super::lane::Path;
use super::quantile::Spread;
use std::fmt::Write;

/// What the reader must know about the run.
#[derive(Debug)]
pub struct Heading {
    /// Rounds that were run.
    pub rounds: usize,
    /// Whether the windows were short.
    pub quick: bool,
    /// Processor and number of cores.
    pub machine: String,
}

/// The whole report.
#[must_use]
pub fn markdown(book: &Book, heading: &Heading) -> String {
    let mut text = String::new();
    title(&mut text, heading);
    for section in Section::ALL {
        table(&mut text, book, section);
    }
    added(&mut text, book);
    aims(&mut text, &verdicts(book));
    faults(&mut text, book);
    text
}

fn title(text: &mut String, heading: &Heading) {
    let kind = if heading.quick { "quick" } else { "full" };
    line(text, "# Bench\n");
    line(
        text,
        &format!(
            "{kind} run, {} round(s), {}. One mock provider, everything on loopback, ways in alternation. \
             A cell is the median of the rounds (smallest–largest). CPU is that of all processes between caller and mock. \
             `public` and `virtual` are calls of one LLM by its name (`infer`), `v1` is the data plane with accounts, prices \
             and a token that has limits; `litellm` gets fewer requests, in the first round only.\n",
            heading.rounds, heading.machine
        ),
    );
}

fn table(text: &mut String, book: &Book, section: Section) {
    let subjects = book.subjects(section);
    if subjects.is_empty() {
        return;
    }
    line(text, &format!("## {}\n", section.title()));
    let names: Vec<&str> = subjects.iter().map(|subject| subject.name()).collect();
    line(text, &format!("| | {} |", names.join(" | ")));
    line(text, &format!("|---|{}", "---:|".repeat(names.len())));
    for metric in book.metrics(section) {
        let cells: Vec<String> = subjects
            .iter()
            .map(|subject| cell(book.cell(metric, *subject), metric.unit))
            .collect();
        line(
            text,
            &format!("| {} | {} |", metric.name, cells.join(" | ")),
        );
    }
    line(text, "");
}

fn added(text: &mut String, book: &Book) {
    let ways = Path::ALL
        .into_iter()
        .filter(|path| *path != Path::Direct)
        .map(Subject::Path);
    let rows: Vec<(Subject, Spread)> = ways
        .filter_map(|way| Some((way, Spread::of(&added_us(book, way))?)))
        .collect();
    if rows.is_empty() {
        return;
    }
    line(text, "## Added to direct, median of one connection\n");
    line(text, "| way | us |\n|---|---:|");
    for (way, spread) in rows {
        line(
            text,
            &format!("| {} | {} |", way.name(), cell(Some(spread), Unit::Micros)),
        );
    }
    line(text, "");
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
        let measured = verdict.measured.map_or_else(
            || "-".to_owned(),
            |spread| spread_text(spread, |value| format!("{value:.2}")),
        );
        let kept = match verdict.measured {
            None => "not measured",
            Some(spread) if verdict.limit.keeps(spread.median) => "yes",
            Some(_) => "NO",
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

fn cell(spread: Option<Spread>, unit: Unit) -> String {
    spread.map_or_else(
        || "-".to_owned(),
        |spread| spread_text(spread, |value| number(value, unit)),
    )
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
        Unit::Count => format!("{value:.0}"),
        Unit::Micros => format!("{value:.1}"),
        Unit::Millis => format!("{value:.2}"),
        Unit::Seconds => format!("{value:.3}"),
        Unit::Kib => format!("{:.1}", value / 1024.0),
        Unit::Mib => format!("{:.1}", value / 1024.0 / 1024.0),
    }
}

fn line(text: &mut String, content: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{content}");
}

#[cfg(test)]
mod tests {
    use super::super::sections::requests;
    use super::*;

    #[test]
    fn a_report_holds_what_was_noted_and_what_was_not() {
        let mut book = Book::default();
        book.note(requests::MANY.rate, Subject::Path(Path::Nginx), 0, 1000.0);
        book.note(requests::MANY.rate, Subject::Path(Path::Public), 0, 500.0);
        book.fault("bore: not found".to_owned());
        let text = markdown(
            &book,
            &Heading {
                rounds: 1,
                quick: true,
                machine: "a machine".to_owned(),
            },
        );
        assert!(text.contains("| req/s, 64 conn. | 1000 | 500 |"), "{text}");
        assert!(
            text.contains("| public row: req/s / nginx's | ≥ 0.6 | 0.50 | NO |"),
            "{text}"
        );
        assert!(text.contains("- bore: not found"), "{text}");
    }
}
