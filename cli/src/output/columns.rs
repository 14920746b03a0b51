//! Which columns a resource's table has, and what stands in them.

use serde_json::Value;
use shared::timestamp::Timestamp;

use super::Output;
use super::quantity::money;
use crate::args::Format;
use crate::duration::age;
use crate::resource::Resource;

/// A column: its header and how its cell is found in a document.
pub(crate) struct Column {
    pub(crate) header: &'static str,
    cell: Cell,
}

enum Cell {
    /// The value at a JSON pointer.
    Field(&'static str),
    /// The time since the instant at a JSON pointer.
    Since(&'static str),
    /// The strings of an array at a JSON pointer.
    Each(&'static str),
    /// What is made of several fields.
    Made(fn(&Value) -> String),
}

pub(crate) const fn field(header: &'static str, pointer: &'static str) -> Column {
    Column {
        header,
        cell: Cell::Field(pointer),
    }
}

pub(crate) const fn since(header: &'static str, pointer: &'static str) -> Column {
    Column {
        header,
        cell: Cell::Since(pointer),
    }
}

const fn each(header: &'static str, pointer: &'static str) -> Column {
    Column {
        header,
        cell: Cell::Each(pointer),
    }
}

pub(crate) const fn made(header: &'static str, cell: fn(&Value) -> String) -> Column {
    Column {
        header,
        cell: Cell::Made(cell),
    }
}

const NAME: Column = field("NAME", "/metadata/name");
const ID: Column = field("ID", "/metadata/id");
const OWNER: Column = field("OWNER", "/metadata/owner");
const AGE: Column = since("AGE", "/metadata/createdAt");

/// The columns of a resource's table; `-o wide` and `--show-labels` add some.
pub(crate) fn columns(resource: Resource, output: &Output) -> Vec<Column> {
    let wide = output.format == Format::Wide;
    let mut columns = match resource {
        Resource::Llm => vec![
            NAME,
            field("KIND", "/spec/kind"),
            field("STATUS", "/status/phase"),
            field("TYPE", "/spec/type"),
            field("MODEL", "/spec/model"),
            field("TIER", "/spec/tier"),
            field("KEY", "/spec/key"),
            ID,
        ],
        Resource::Alias => vec![
            NAME,
            made("TARGET", target),
            field("POLICY", "/spec/policy"),
            each("FALLBACKS", "/spec/fallbacks"),
            made("ACTIVE", active),
            field("ON-UNAVAILABLE", "/spec/onUnavailable"),
            field("CACHE", "/spec/cache/ttl"),
        ],
        Resource::Price => vec![
            NAME,
            made("INPUT", |price| price_at(price, "/spec/input")),
            made("CACHED", |price| price_at(price, "/spec/cachedInput")),
            made("OUTPUT", |price| price_at(price, "/spec/output")),
        ],
        Resource::Secret => vec![NAME, each("FIELDS", "/status/fields")],
        Resource::Token => vec![
            NAME,
            field("PRINCIPAL", "/spec/principal"),
            each("ROLES", "/spec/roles"),
            field("EXPIRES", "/spec/expiresAt"),
            since("LAST-USED", "/status/lastUsedAt"),
        ],
        Resource::Job => vec![
            field("ID", "/id"),
            field("KIND", "/kind"),
            made("STATUS", job_status),
            made("ATTEMPTS", attempts),
            field("WAITS-FOR", "/waits_for"),
            field("WORKER", "/worker"),
        ],
    };
    match (resource, wide) {
        (Resource::Llm, true) => columns.extend([
            OWNER,
            field("IN-FLIGHT", "/status/inFlight"),
            since("HEARTBEAT", "/status/lastHeartbeatAt"),
            AGE,
        ]),
        (Resource::Llm, false) => {}
        (Resource::Token, true) => {
            columns.extend([made("LIMITS", limits), made("SPENT", spent), OWNER, ID, AGE])
        }
        (Resource::Job, wide) => {
            if wide {
                columns.extend([
                    field("PRIORITY", "/priority"),
                    field("SOURCE", "/source"),
                    field("ERROR", "/error"),
                ]);
            }
            columns.push(since("AGE", "/queued_at"));
        }
        (_, true) => columns.extend([OWNER, ID, AGE]),
        (_, false) => columns.push(AGE),
    }
    if output.show_labels {
        columns.push(made("LABELS", labels));
    }
    columns
}

/// A document's cells. An empty one is shown as `-` by the table.
pub(crate) fn row(columns: &[Column], document: &Value, now: Timestamp) -> Vec<String> {
    let each = columns.iter().map(|column| column.text(document, now));
    each.collect()
}

/// The cells that change when the document does, and not with the time alone.
pub(crate) fn row_without_clocks(columns: &[Column], document: &Value) -> Vec<String> {
    let lasting = columns
        .iter()
        .filter(|column| !matches!(column.cell, Cell::Since(_)));
    let epoch = Timestamp::from_millis(0);
    lasting.map(|column| column.text(document, epoch)).collect()
}

impl Column {
    fn text(&self, document: &Value, now: Timestamp) -> String {
        match self.cell {
            Cell::Field(pointer) => document.pointer(pointer).map(text).unwrap_or_default(),
            Cell::Made(cell) => cell(document),
            Cell::Since(pointer) => ago(document.pointer(pointer), now).unwrap_or_default(),
            Cell::Each(pointer) => {
                let values = document.pointer(pointer).and_then(Value::as_array);
                let texts: Vec<_> = values.into_iter().flatten().map(text).collect();
                texts.join(",")
            }
        }
    }
}

/// Whom an alias stands for: a model id, LLMs, or both.
pub(crate) fn target(alias: &Value) -> String {
    let model = alias.pointer("/spec/model").map(text);
    let llms = alias.pointer("/spec/llms").and_then(Value::as_array);
    let llms = llms.into_iter().flatten().map(text);
    model.into_iter().chain(llms).collect::<Vec<_>>().join(",")
}

/// How many of an alias's LLMs can be called, of how many: those that it names and that are not
/// there count too.
pub(crate) fn active(alias: &Value) -> String {
    let active = alias.pointer("/status/active").and_then(Value::as_u64);
    let members = alias.pointer("/status/members").and_then(Value::as_array);
    match (active, members) {
        (Some(active), Some(members)) => {
            format!("{active}/{}", members.len() + missing(alias).len())
        }
        _ => String::new(),
    }
}

/// The LLMs that an alias names and that are not there, in its order. None where the server does
/// not say who is.
pub(crate) fn missing(alias: &Value) -> Vec<&str> {
    let Some(members) = alias.pointer("/status/members").and_then(Value::as_array) else {
        return Vec::new();
    };
    let named = alias.pointer("/spec/llms").and_then(Value::as_array);
    let mut missing = Vec::new();
    for name in named.into_iter().flatten() {
        if let Some(text) = name.as_str()
            && !members.contains(name)
            && !missing.contains(&text)
        {
            missing.push(text);
        }
    }
    missing
}

fn price_at(price: &Value, pointer: &str) -> String {
    let usd = price.pointer(pointer).and_then(Value::as_f64);
    usd.map(money).unwrap_or_default()
}

/// A token's limits in short: `60/min,10000tok/min,4par,20usd/month`.
fn limits(token: &Value) -> String {
    let at = |field: &str| token.pointer(&format!("/spec/limits/{field}"));
    let mut parts = Vec::new();
    for (field, unit) in [
        ("requestsPerMinute", "/min"),
        ("tokensPerMinute", "tok/min"),
        ("maxConcurrency", "par"),
    ] {
        parts.extend(at(field).map(|value| format!("{}{unit}", text(value))));
    }
    if let Some(usd) = at("budget/usd").and_then(Value::as_f64) {
        let period = at("budget/period").map_or_else(|| "month".into(), text);
        parts.push(format!("{}usd/{period}", money(usd)));
    }
    parts.join(",")
}

/// What a token has spent of its budget: `3.20usd`.
fn spent(token: &Value) -> String {
    let usd = token.pointer("/status/spent/usd").and_then(Value::as_f64);
    usd.map(|usd| format!("{}usd", money(usd)))
        .unwrap_or_default()
}

/// `a=b,c=d`, in order of the keys.
fn labels(document: &Value) -> String {
    let labels = ["/metadata/labels", "/labels"].iter();
    let mut labels = labels.filter_map(|at| document.pointer(at)?.as_object());
    let each = labels.next().into_iter().flatten();
    let mut each: Vec<_> = each.map(|(key, v)| format!("{key}={}", text(v))).collect();
    each.sort_unstable();
    each.join(",")
}

/// A job that somebody took back and that still runs is neither the one nor the other.
fn job_status(job: &Value) -> String {
    let status = job.get("status").map(text).unwrap_or_default();
    let asked = job.get("cancel_requested").and_then(Value::as_bool);
    match (status.as_str(), asked) {
        ("running", Some(true)) => "canceling".into(),
        _ => status,
    }
}

fn attempts(job: &Value) -> String {
    let count = |field: &str| job.get(field).and_then(Value::as_u64);
    match (count("attempts"), count("max_attempts")) {
        (Some(attempts), Some(most)) => format!("{attempts}/{most}"),
        (Some(attempts), None) => attempts.to_string(),
        _ => String::new(),
    }
}

/// The time since an RFC 3339 instant, as the AGE column shows it.
pub(crate) fn ago(value: Option<&Value>, now: Timestamp) -> Option<String> {
    let at: Timestamp = value?.as_str()?.parse().ok()?;
    Some(age(now.since(at)))
}

/// A scalar as a person reads it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
