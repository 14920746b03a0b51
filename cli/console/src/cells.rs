//! What stands in a cell: quantities, ages, statuses in their colours.

use quantity::{age, latency, left, money, rate};
use serde_json::Value;
use shared::timestamp::Timestamp;

use crate::text::count;
use crate::theme::Tone;

/// A cell: its text, how it sorts, and how it looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// Where it is a quantity.
    pub(crate) number: Option<f64>,
    pub(crate) tone: Tone,
}

pub(crate) fn plain(text: String) -> Cell {
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

pub(crate) fn at(value: &Value, pointer: &str) -> Cell {
    let found = value.pointer(pointer);
    Cell {
        text: found.map(scalar).unwrap_or_default(),
        number: found.and_then(Value::as_f64),
        tone: Tone::Plain,
    }
}

/// A quantity in its own words.
pub(crate) fn quantity(value: &Value, pointer: &str, words: fn(f64) -> String) -> Cell {
    let number = value.pointer(pointer).and_then(Value::as_f64);
    Cell {
        text: number.map(words).unwrap_or_default(),
        number,
        tone: Tone::Plain,
    }
}

pub(crate) fn usd(value: &Value, pointer: &str) -> Cell {
    quantity(value, pointer, money)
}

pub(crate) fn per_second(value: &Value, pointer: &str) -> Cell {
    quantity(value, pointer, rate)
}

pub(crate) fn amount(value: &Value, pointer: &str) -> Cell {
    let whole = value.pointer(pointer).and_then(Value::as_u64);
    Cell {
        text: whole.map_or_else(|| at(value, pointer).text, count),
        ..quantity(value, pointer, |_| String::new())
    }
}

pub(crate) fn millis(value: &Value, pointer: &str) -> Cell {
    let whole = value.pointer(pointer).and_then(Value::as_u64);
    Cell {
        text: whole.map(latency).unwrap_or_default(),
        ..quantity(value, pointer, |_| String::new())
    }
}

/// The time since an instant.
pub(crate) fn since(value: &Value, pointer: &str, now: Timestamp) -> Cell {
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
pub(crate) fn joined(value: &Value, pointers: &[&str]) -> String {
    let found = pointers.iter().filter_map(|pointer| value.pointer(pointer));
    let texts = found.flat_map(|found| match found {
        Value::Array(items) => items.iter().map(scalar).collect(),
        one => vec![scalar(one)],
    });
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    texts.join(",")
}

/// What the load says, or where it says nothing, the row.
pub(crate) fn busy(llm: &Value, field: &str) -> Cell {
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

pub(crate) fn llm_status(llm: &Value, now: Timestamp) -> Cell {
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

pub(crate) fn publisher(llm: &Value) -> Cell {
    if llm.pointer("/spec/kind").and_then(Value::as_str) == Some("virtual") {
        at(llm, "/metadata/owner")
    } else {
        Cell::default()
    }
}

/// A job that somebody took back and that still runs is neither the one nor the other.
pub(crate) fn job_status(job: &Value) -> Cell {
    let asked = job["cancel_requested"] == true;
    let cell = at(job, "/status");
    if asked && cell.text == "running" {
        return status(plain("canceling".into()));
    }
    status(cell)
}

pub(crate) fn tries(job: &Value) -> Cell {
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
pub(crate) fn status(cell: Cell) -> Cell {
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
