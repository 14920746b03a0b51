//! Which columns a resource's table has, and what stands in them.

use serde_json::Value;
use shared::timestamp::Timestamp;

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
}

const fn field(header: &'static str, pointer: &'static str) -> Column {
    Column {
        header,
        cell: Cell::Field(pointer),
    }
}

const fn since(header: &'static str, pointer: &'static str) -> Column {
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

const NAME: Column = field("NAME", "/metadata/name");
const ID: Column = field("ID", "/metadata/id");
const OWNER: Column = field("OWNER", "/metadata/owner");
const AGE: Column = since("AGE", "/metadata/createdAt");

/// The columns of a resource's table; `wide` adds some.
pub(crate) fn columns(resource: Resource, wide: bool) -> Vec<Column> {
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
        Resource::Secret => vec![NAME, each("FIELDS", "/status/fields")],
        Resource::Token => vec![
            NAME,
            field("PRINCIPAL", "/spec/principal"),
            each("ROLES", "/spec/roles"),
            field("EXPIRES", "/spec/expiresAt"),
            since("LAST-USED", "/status/lastUsedAt"),
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
        (_, true) => columns.extend([OWNER, ID, AGE]),
        (_, false) => columns.push(AGE),
    }
    columns
}

/// A document's cells. An empty one is shown as `-` by the table.
pub(crate) fn row(columns: &[Column], document: &Value, now: Timestamp) -> Vec<String> {
    let each = columns.iter().map(|column| column.text(document, now));
    each.collect()
}

impl Column {
    fn text(&self, document: &Value, now: Timestamp) -> String {
        match self.cell {
            Cell::Field(pointer) => document.pointer(pointer).map(text).unwrap_or_default(),
            Cell::Since(pointer) => ago(document.pointer(pointer), now).unwrap_or_default(),
            Cell::Each(pointer) => {
                let values = document.pointer(pointer).and_then(Value::as_array);
                let texts: Vec<_> = values.into_iter().flatten().map(text).collect();
                texts.join(",")
            }
        }
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
