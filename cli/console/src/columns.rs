//! What stands in the columns of each view, and which of them a narrow terminal keeps.

use quantity::{age, latency, left, money, rate};
use serde_json::Value;
use shared::timestamp::Timestamp;

use crate::feed::By;
use crate::text::count;
use crate::theme::Tone;
use crate::view::View;

/// A cell: its text, how it sorts, and how it looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// Where it is a quantity.
    pub(crate) number: Option<f64>,
    pub(crate) tone: Tone,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) header: &'static str,
    /// `0` always stays; of the others the highest goes first.
    pub(crate) rank: u8,
    /// Numbers stand under each other.
    pub(crate) right: bool,
    pub(crate) cell: fn(&Value, Timestamp) -> Cell,
}

const fn text(header: &'static str, rank: u8, cell: fn(&Value, Timestamp) -> Cell) -> Column {
    Column {
        header,
        rank,
        right: false,
        cell,
    }
}

const fn number(header: &'static str, rank: u8, cell: fn(&Value, Timestamp) -> Cell) -> Column {
    Column {
        header,
        rank,
        right: true,
        cell,
    }
}

/// The columns of a view.
pub(crate) fn columns(view: View, by: By) -> Vec<Column> {
    match view {
        View::Llm => llm(),
        View::Publishers => publishers(),
        View::Jobs => jobs(),
        View::Usage => usage(by),
        View::Requests => requests(),
        View::Alias => vec![
            NAME,
            text("TARGET", 0, |v, _| {
                plain(joined(v, &["/spec/model", "/spec/llms"]))
            }),
            text("POLICY", 2, |v, _| at(v, "/spec/policy")),
            number("ACTIVE", 1, |v, _| at(v, "/status/active")),
            text("FALLBACKS", 3, |v, _| {
                plain(joined(v, &["/spec/fallbacks"]))
            }),
            text("ON-UNAVAILABLE", 4, |v, _| at(v, "/spec/onUnavailable")),
            text("OWNER", 6, |v, _| at(v, "/metadata/owner")),
            AGE,
        ],
        View::Price => vec![
            NAME,
            number("INPUT", 0, |v, _| usd(v, "/spec/input")),
            number("CACHED", 1, |v, _| usd(v, "/spec/cachedInput")),
            number("OUTPUT", 0, |v, _| usd(v, "/spec/output")),
            AGE,
        ],
        View::Secret => vec![
            NAME,
            text("FIELDS", 0, |v, _| plain(joined(v, &["/status/fields"]))),
            text("OWNER", 2, |v, _| at(v, "/metadata/owner")),
            AGE,
        ],
        View::Token => vec![
            NAME,
            text("PRINCIPAL", 0, |v, _| at(v, "/spec/principal")),
            text("ROLES", 0, |v, _| plain(joined(v, &["/spec/roles"]))),
            number("SPENT", 4, |v, _| usd(v, "/status/spent/usd")),
            text("EXPIRES", 2, |v, _| at(v, "/spec/expiresAt")),
            number("LAST-USED", 1, |v, now| since(v, "/status/lastUsedAt", now)),
            AGE,
        ],
    }
}

const NAME: Column = text("NAME", 0, |v, _| at(v, "/metadata/name"));
const AGE: Column = number("AGE", 5, |v, now| since(v, "/metadata/createdAt", now));

fn llm() -> Vec<Column> {
    vec![
        NAME,
        text("KIND", 5, |v, _| at(v, "/spec/kind")),
        text("STATUS", 0, llm_status),
        text("TYPE", 4, |v, _| at(v, "/spec/type")),
        text("MODEL", 2, |v, _| at(v, "/spec/model")),
        text("TIER", 6, |v, _| at(v, "/spec/tier")),
        number("RUN", 0, |v, _| busy(v, "inFlight")),
        number("WAIT", 1, |v, _| busy(v, "queued")),
        number("TOK/S", 1, |v, _| per_second(v, "/load/tokensPerSecond")),
        number("REQ/S", 9, |v, _| per_second(v, "/load/requestsPerSecond")),
        number("TTFT", 8, |v, _| millis(v, "/load/ttftP50Ms")),
        number("P99", 8, |v, _| millis(v, "/load/p99Ms")),
        number("ERRORS", 10, |v, _| amount(v, "/load/errors")),
        text("PUBLISHER", 3, |v, _| publisher(v)),
        AGE,
    ]
}

fn publishers() -> Vec<Column> {
    vec![
        text("NAME", 0, |v, _| at(v, "/name")),
        text("ROLE", 1, |v, _| at(v, "/role")),
        text("OWNER", 3, |v, _| at(v, "/owner")),
        text("NODE", 4, |v, _| at(v, "/node")),
        text("STATUS", 1, |v, _| status(at(v, "/phase"))),
        number("HEARD", 0, |v, now| since(v, "/lastHeartbeatAt", now)),
        text("SERVES", 2, |v, _| plain(joined(v, &["/serves"]))),
    ]
}

fn jobs() -> Vec<Column> {
    vec![
        text("ID", 0, |v, _| at(v, "/id")),
        text("KIND", 2, |v, _| at(v, "/kind")),
        text("STATUS", 0, |v, _| job_status(v)),
        number("TRIES", 4, |v, _| tries(v)),
        text("WAITS-FOR", 3, |v, _| at(v, "/waits_for")),
        text("WORKER", 5, |v, _| at(v, "/worker")),
        number("PRIO", 7, |v, _| amount(v, "/priority")),
        text("WHO", 6, |v, _| at(v, "/principal")),
        text("ERROR", 8, |v, _| at(v, "/error")),
        number("AGE", 1, |v, now| since(v, "/queued_at", now)),
    ]
}

fn usage(by: By) -> Vec<Column> {
    let first = match by {
        By::Llm => text("LLM", 0, |v, _| at(v, "/llm")),
        By::Token => text("TOKEN", 0, |v, _| at(v, "/token")),
        By::Day => text("DAY", 0, |v, _| at(v, "/time")),
    };
    vec![
        first,
        number("REQUESTS", 0, |v, _| amount(v, "/requests")),
        number("ERRORS", 3, |v, _| amount(v, "/errors")),
        number("CANCELLED", 5, |v, _| amount(v, "/cancelled")),
        number("CACHE-HITS", 6, |v, _| amount(v, "/cache_hits")),
        number("IN", 2, |v, _| amount(v, "/tokens_in")),
        number("OUT", 1, |v, _| amount(v, "/tokens_out")),
        number("COST-USD", 0, |v, _| usd(v, "/cost_usd")),
    ]
}

fn requests() -> Vec<Column> {
    vec![
        number("AGE", 0, |v, now| since(v, "/at", now)),
        text("MODEL", 0, |v, _| at(v, "/model")),
        text("LLM", 2, |v, _| at(v, "/llm")),
        text("WHO", 4, |v, _| at(v, "/principal")),
        text("PATH", 7, |v, _| at(v, "/path")),
        number("STATUS", 1, |v, _| at(v, "/status")),
        text("OUTCOME", 0, |v, _| status(at(v, "/outcome"))),
        number("TTFT", 6, |v, _| millis(v, "/ttft_ms")),
        number("TIME", 2, |v, _| millis(v, "/duration_ms")),
        number("IN", 5, |v, _| amount(v, "/tokens_in")),
        number("OUT", 3, |v, _| amount(v, "/tokens_out")),
        number("USD", 8, |v, _| usd(v, "/cost_usd")),
        text("ID", 9, |v, _| at(v, "/id")),
    ]
}

fn plain(text: String) -> Cell {
    Cell {
        text,
        ..Cell::default()
    }
}

/// A scalar as a person reads it.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn at(value: &Value, pointer: &str) -> Cell {
    let found = value.pointer(pointer);
    Cell {
        text: found.map(scalar).unwrap_or_default(),
        number: found.and_then(Value::as_f64),
        tone: Tone::Plain,
    }
}

/// A quantity in its own words.
fn quantity(value: &Value, pointer: &str, words: fn(f64) -> String) -> Cell {
    let number = value.pointer(pointer).and_then(Value::as_f64);
    Cell {
        text: number.map(words).unwrap_or_default(),
        number,
        tone: Tone::Plain,
    }
}

fn usd(value: &Value, pointer: &str) -> Cell {
    quantity(value, pointer, money)
}

fn per_second(value: &Value, pointer: &str) -> Cell {
    quantity(value, pointer, rate)
}

fn amount(value: &Value, pointer: &str) -> Cell {
    let whole = value.pointer(pointer).and_then(Value::as_u64);
    Cell {
        text: whole.map_or_else(|| at(value, pointer).text, count),
        ..quantity(value, pointer, |_| String::new())
    }
}

fn millis(value: &Value, pointer: &str) -> Cell {
    let whole = value.pointer(pointer).and_then(Value::as_u64);
    Cell {
        text: whole.map(latency).unwrap_or_default(),
        ..quantity(value, pointer, |_| String::new())
    }
}

/// The time since an instant.
fn since(value: &Value, pointer: &str, now: Timestamp) -> Cell {
    let instant = value.pointer(pointer).and_then(Value::as_str);
    let instant: Option<Timestamp> = instant.and_then(|text| text.parse().ok());
    let span = instant.map(|instant| now.since(instant));
    Cell {
        text: span.map(age).unwrap_or_default(),
        number: span.map(|span| span.as_secs_f64()),
        tone: Tone::Plain,
    }
}

/// The texts at `pointers`, one after the other.
fn joined(value: &Value, pointers: &[&str]) -> String {
    let found = pointers.iter().filter_map(|pointer| value.pointer(pointer));
    let texts = found.flat_map(|found| match found {
        Value::Array(items) => items.iter().map(scalar).collect(),
        one => vec![scalar(one)],
    });
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    texts.join(",")
}

/// What the load says, or where it says nothing, the row.
fn busy(llm: &Value, field: &str) -> Cell {
    let load = llm.pointer(&format!("/load/{field}"));
    let cell = match load {
        Some(_) => amount(llm, &format!("/load/{field}")),
        None => amount(llm, &format!("/status/{field}")),
    };
    let tone = match cell.number {
        Some(number) if number > 0.0 && field == "queued" => Tone::Warn,
        Some(number) if number > 0.0 => Tone::Strong,
        _ => Tone::Plain,
    };
    Cell { tone, ..cell }
}

fn llm_status(llm: &Value, now: Timestamp) -> Cell {
    let breaker = llm.pointer("/load/breaker").and_then(Value::as_str);
    if let Some("open" | "probing") = breaker {
        let until = llm.pointer("/load/breakerUntil").and_then(Value::as_str);
        let until: Option<Timestamp> = until.and_then(|text| text.parse().ok());
        let text = match until {
            Some(until) => format!("failing/{}", left(until.since(now))),
            None => "failing".into(),
        };
        return Cell {
            text,
            number: None,
            tone: Tone::Bad,
        };
    }
    status(at(llm, "/status/phase"))
}

fn publisher(llm: &Value) -> Cell {
    if llm.pointer("/spec/kind").and_then(Value::as_str) == Some("virtual") {
        at(llm, "/metadata/owner")
    } else {
        Cell::default()
    }
}

/// A job that somebody took back and that still runs is neither the one nor the other.
fn job_status(job: &Value) -> Cell {
    let asked = job["cancel_requested"] == true;
    let cell = at(job, "/status");
    if asked && cell.text == "running" {
        return status(plain("canceling".into()));
    }
    status(cell)
}

fn tries(job: &Value) -> Cell {
    let tries = at(job, "/attempts");
    match at(job, "/max_attempts").text {
        most if most.is_empty() || tries.text.is_empty() => tries,
        most => Cell {
            text: format!("{}/{most}", tries.text),
            ..tries
        },
    }
}

/// A status in its colour.
fn status(cell: Cell) -> Cell {
    Cell {
        tone: tone_of(&cell.text),
        ..cell
    }
}

/// What a status means for the eye.
pub(crate) fn tone_of(status: &str) -> Tone {
    match status {
        "active" | "done" | "ok" => Tone::Good,
        "running" => Tone::Key,
        "hibernating" | "partly" | "canceling" | "expired" => Tone::Warn,
        "inactive" | "error" => Tone::Bad,
        "canceled" | "cancelled" => Tone::Faint,
        _ => Tone::Plain,
    }
}
