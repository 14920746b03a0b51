//! The columns of `top llm`, and which of them a narrow terminal keeps.

use shared::llm::BreakerState;
use shared::load::Load;
use shared::timestamp::Timestamp;

use crate::output::quantity::{latency, left, rate};
use crate::output::table;

/// A column, and how soon a narrow terminal does without it.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) header: &'static str,
    /// `0` always stays; of the others the highest goes first.
    rank: u8,
    cell: fn(&Load, Timestamp) -> String,
}

/// Every column, in order.
pub(super) fn all() -> Vec<Column> {
    const fn column(
        header: &'static str,
        rank: u8,
        cell: fn(&Load, Timestamp) -> String,
    ) -> Column {
        Column { header, rank, cell }
    }
    vec![
        column("NAME", 0, |load, _| load.llm.to_string()),
        column("KIND", 11, |load, _| load.kind.to_string()),
        column("PHASE", 1, |load, _| load.phase.to_string()),
        column("BREAKER", 4, breaker),
        column("IN-FLIGHT", 0, |load, _| load.in_flight.to_string()),
        column("QUEUED", 2, |load, _| load.queued.to_string()),
        column("REQ/S", 5, |load, _| rate(load.requests_per_second)),
        column("TOK/S", 3, |load, _| rate(load.tokens_per_second)),
        column("P50", 8, |load, _| millis(load.p50_ms)),
        column("P99", 7, |load, _| millis(load.p99_ms)),
        column("TTFT", 6, |load, _| millis(load.ttft_p50_ms)),
        column("REQUESTS", 10, |load, _| load.requests.to_string()),
        column("ERRORS", 9, |load, _| load.errors.to_string()),
    ]
}

/// The cells of every LLM, as seen at `at` by the server's clock.
pub(super) fn rows(columns: &[Column], items: &[Load], at: Timestamp) -> Vec<Vec<String>> {
    let row = |load| columns.iter().map(|c| (c.cell)(load, at)).collect();
    items.iter().map(row).collect()
}

/// The columns that fit into `width` cells without a cut; NAME and IN-FLIGHT stay in any case.
pub(super) fn fitting(width: u16, items: &[Load], at: Timestamp) -> Vec<Column> {
    let mut columns = all();
    loop {
        let headers: Vec<_> = columns.iter().map(|column| column.header).collect();
        let widths = table::widths(&headers, &rows(&columns, items, at));
        let gaps = 2 * widths.len().saturating_sub(1);
        let wanted: usize = widths.iter().map(|w| usize::from(*w)).sum::<usize>() + gaps;
        let last = columns.iter().map(|column| column.rank).max().unwrap_or(0);
        if wanted <= usize::from(width) || last == 0 {
            return columns;
        }
        columns.retain(|column| column.rank != last);
    }
}

fn breaker(load: &Load, at: Timestamp) -> String {
    match (load.breaker, load.breaker_until) {
        (BreakerState::Open, Some(until)) => format!("open/{}", left(until.since(at))),
        (state, _) => state.to_string(),
    }
}

fn millis(millis: Option<u64>) -> String {
    millis.map(latency).unwrap_or_default()
}
