//! Audit lines: who did what to what, and what came of it. Added, read, and deleted when old;
//! never changed.
//!
//! A line is never refused for its length: what is too long is cut, and says so.

use serde_json::{Value, json};
use shared::timestamp::Timestamp;

use crate::Store;
use crate::backend::{in_tx, on_read, on_write};
use crate::bounds::{self, MAX_NOTE_BYTES, MAX_PAGE};
use crate::error::{During, StoreError};
use crate::ids::new_id;

/// The largest detail, in bytes of JSON.
pub const MAX_DETAIL_BYTES: usize = 8 * 1024;
/// The aggregate's name in errors.
const KIND: &str = "audit line";

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub principal: String,
    /// Did what: `llm.create`, `token.delete`, `provider.register`.
    pub action: String,
    /// To what: `llm/qwen3`.
    pub object: String,
    /// And what came of it: `ok`, `denied`, `failed`.
    pub outcome: String,
    /// More, for whoever investigates; never a secret or a prompt.
    pub detail: Value,
    /// The request that it was part of.
    pub request_id: Option<String>,
}

/// A stored line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// What it says.
    pub entry: Entry,
}

/// The audit lines of a store.
#[derive(Clone, Copy, Debug)]
pub struct Audit<'a> {
    store: &'a Store,
}

impl<'a> Audit<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Adds lines, all or none.
    pub async fn append(self, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.try_append(entries).await.during("add audit lines")
    }

    async fn try_append(self, entries: &[Entry]) -> Result<(), sqlx::Error> {
        in_tx!(self.store, |tx| {
            for entry in entries {
                let request_id = entry.request_id.as_deref();
                sqlx::query(
                    "insert into audit_lines (
                        id, at, principal, action, object, outcome, detail, request_id
                    )
                    values ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(new_id(entry.at, self.store.random()))
                .bind(entry.at.as_millis())
                .bind(bounds::cut(&entry.principal, MAX_NOTE_BYTES))
                .bind(bounds::cut(&entry.action, MAX_NOTE_BYTES))
                .bind(bounds::cut(&entry.object, MAX_NOTE_BYTES))
                .bind(bounds::cut(&entry.outcome, MAX_NOTE_BYTES))
                .bind(detail_text(&entry.detail))
                .bind(request_id.map(|id| bounds::cut(id, MAX_NOTE_BYTES)))
                .execute(&mut *tx)
                .await?;
            }
        });
        Ok(())
    }

    /// A page of lines.
    ///
    /// Shape: newest first, those older than `before` (the last line of the page before), at most
    /// `limit` and never more than 1000.
    pub async fn list(self, before: Option<&Line>, limit: u32) -> Result<Vec<Line>, StoreError> {
        let at = before.map_or(i64::MAX, |line| line.entry.at.as_millis());
        let id = before.map_or("", |line| &line.id);
        let limit = i64::from(limit.min(MAX_PAGE));
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, LineRow>(
                "select id, at, principal, action, object, outcome, detail, request_id
                from audit_lines
                where (at, id) < ($1, $2)
                order by at desc, id desc
                limit $3",
            )
            .bind(at)
            .bind(id)
            .bind(limit)
            .fetch_all(pool)
            .await
        })
        .during("list audit lines")?
        .into_iter()
        .map(Line::try_from)
        .collect()
    }

    /// Deletes the lines from before `at`, and answers how many.
    pub async fn delete_before(self, at: Timestamp) -> Result<u64, StoreError> {
        on_write!(self.store, |pool| {
            sqlx::query("delete from audit_lines where at < $1")
                .bind(at.as_millis())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
        .during("delete old audit lines")
    }
}

#[derive(sqlx::FromRow)]
struct LineRow {
    id: String,
    at: i64,
    principal: String,
    action: String,
    object: String,
    outcome: String,
    detail: String,
    request_id: Option<String>,
}

impl TryFrom<LineRow> for Line {
    type Error = StoreError;

    fn try_from(row: LineRow) -> Result<Self, StoreError> {
        let detail = serde_json::from_str(&row.detail)
            .map_err(|_| StoreError::corrupt(KIND, &row.id, "detail"))?;
        Ok(Self {
            id: row.id,
            entry: Entry {
                at: Timestamp::from_millis(row.at),
                principal: row.principal,
                action: row.action,
                object: row.object,
                outcome: row.outcome,
                detail,
                request_id: row.request_id,
            },
        })
    }
}

/// The detail as JSON; a larger one is replaced by its beginning.
fn detail_text(detail: &Value) -> String {
    let text = detail.to_string();
    if text.len() <= MAX_DETAIL_BYTES {
        return text;
    }
    // Half the room, since quoting may double it.
    json!({"cut": bounds::cut(&text, MAX_DETAIL_BYTES / 2)}).to_string()
}
