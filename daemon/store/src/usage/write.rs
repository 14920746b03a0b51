//! Writing a batch: two statements, one transaction, whatever the number of rows.
//!
//! The rows go as one JSON text, which the database takes apart: a statement per row would cost a
//! network round trip per row on PostgreSQL. `->>` means the same in both dialects; only the
//! function that yields the rows has another name ([`Statements`]).

use serde::Serialize;
use shared::usage::Outcome;

use super::{HourSum, MAX_ADDED, MAX_BATCH, MAX_TEXT_BYTES, RequestLine, Usage, start_of_hour};
use crate::backend::{Backend, in_tx};
use crate::bounds;
use crate::error::{During, StoreError};

/// The statements of one dialect.
struct Statements {
    add_sums: &'static str,
    add_lines: &'static str,
}

/// Adds the rows of the JSON array `$1` to the sums. (`where true` tells SQLite that `on` begins
/// no join.)
macro_rules! add_sums {
    ($rows:literal) => {
        concat!(
            "insert into usage_hours (
                hour, token_id, llm, provider, principal, token,
                requests, errors, cancelled, cache_hits, estimated,
                tokens_in, tokens_out, tokens_cached, tokens_reasoning, cost_nano_usd
            )
            select
                cast(value ->> 'hour' as bigint),
                value ->> 'token_id',
                value ->> 'llm',
                value ->> 'provider',
                value ->> 'principal',
                value ->> 'token',
                cast(value ->> 'requests' as bigint),
                cast(value ->> 'errors' as bigint),
                cast(value ->> 'cancelled' as bigint),
                cast(value ->> 'cache_hits' as bigint),
                cast(value ->> 'estimated' as bigint),
                cast(value ->> 'tokens_in' as bigint),
                cast(value ->> 'tokens_out' as bigint),
                cast(value ->> 'tokens_cached' as bigint),
                cast(value ->> 'tokens_reasoning' as bigint),
                cast(value ->> 'cost_nano_usd' as bigint)
            from ",
            $rows,
            " where true
            on conflict (hour, token_id, llm, provider, principal) do update
            set requests = usage_hours.requests + excluded.requests,
                errors = usage_hours.errors + excluded.errors,
                cancelled = usage_hours.cancelled + excluded.cancelled,
                cache_hits = usage_hours.cache_hits + excluded.cache_hits,
                estimated = usage_hours.estimated + excluded.estimated,
                tokens_in = usage_hours.tokens_in + excluded.tokens_in,
                tokens_out = usage_hours.tokens_out + excluded.tokens_out,
                tokens_cached = usage_hours.tokens_cached + excluded.tokens_cached,
                tokens_reasoning = usage_hours.tokens_reasoning + excluded.tokens_reasoning,
                cost_nano_usd = usage_hours.cost_nano_usd + excluded.cost_nano_usd"
        )
    };
}

/// Adds the rows of the JSON array `$1` as lines, in their order.
macro_rules! add_lines {
    ($rows:literal) => {
        concat!(
            "insert into usage_requests (
                id, at, model, llm, provider, principal, token, path,
                status, outcome, attempts, cache_hit, estimated, ttft_ms, duration_ms,
                tokens_in, tokens_out, tokens_cached, tokens_reasoning, cost_nano_usd
            )
            select
                value ->> 'id',
                cast(value ->> 'at' as bigint),
                value ->> 'model',
                value ->> 'llm',
                value ->> 'provider',
                value ->> 'principal',
                value ->> 'token',
                value ->> 'path',
                cast(value ->> 'status' as bigint),
                value ->> 'outcome',
                cast(value ->> 'attempts' as bigint),
                cast(value ->> 'cache_hit' as bigint),
                cast(value ->> 'estimated' as bigint),
                cast(value ->> 'ttft_ms' as bigint),
                cast(value ->> 'duration_ms' as bigint),
                cast(value ->> 'tokens_in' as bigint),
                cast(value ->> 'tokens_out' as bigint),
                cast(value ->> 'tokens_cached' as bigint),
                cast(value ->> 'tokens_reasoning' as bigint),
                cast(value ->> 'cost_nano_usd' as bigint)
            from ",
            $rows
        )
    };
}

const SQLITE: Statements = Statements {
    add_sums: add_sums!("json_each($1)"),
    add_lines: add_lines!("json_each($1)"),
};
const POSTGRES: Statements = Statements {
    add_sums: add_sums!("jsonb_array_elements($1::jsonb)"),
    add_lines: add_lines!("jsonb_array_elements($1::jsonb)"),
};

impl Usage<'_> {
    /// Adds `sums` to those of their hours and keeps `lines`: all or nothing.
    ///
    /// Shape: sums of the same hour, LLM, provider, principal and token id may stand in a batch
    /// several times. Texts are cut to [`MAX_TEXT_BYTES`], numbers to [`MAX_ADDED`].
    /// Errors: [`StoreError::TooMany`] where either has more than [`MAX_BATCH`].
    pub async fn write(self, sums: &[HourSum], lines: &[RequestLine]) -> Result<(), StoreError> {
        if sums.is_empty() && lines.is_empty() {
            return Ok(());
        }
        if sums.len().max(lines.len()) > MAX_BATCH {
            return Err(StoreError::TooMany {
                what: "sums or lines of usage in one batch",
                limit: MAX_BATCH,
            });
        }
        let sums = json(&merged(sums))?;
        let lines = json(&lines.iter().map(LineRow::of).collect::<Vec<_>>())?;
        self.try_write(&sums, &lines).await.during("write usage")
    }

    async fn try_write(self, sums: &str, lines: &str) -> Result<(), sqlx::Error> {
        let statements = match self.store.backend() {
            Backend::Sqlite { .. } => SQLITE,
            Backend::Postgres(_) => POSTGRES,
        };
        in_tx!(self.store, |tx| {
            sqlx::query(statements.add_sums)
                .bind(sums)
                .execute(&mut *tx)
                .await?;
            sqlx::query(statements.add_lines)
                .bind(lines)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }
}

/// A row of `usage_hours`; each field is a column.
#[derive(Serialize)]
struct HourRow {
    hour: i64,
    token_id: String,
    llm: String,
    provider: String,
    principal: String,
    token: String,
    requests: u64,
    errors: u64,
    cancelled: u64,
    cache_hits: u64,
    estimated: u64,
    tokens_in: u64,
    tokens_out: u64,
    tokens_cached: u64,
    tokens_reasoning: u64,
    cost_nano_usd: u64,
}

impl HourRow {
    fn of(sum: &HourSum) -> Self {
        Self {
            hour: start_of_hour(sum.hour.as_millis()),
            token_id: text(&sum.token_id),
            llm: text(&sum.llm),
            provider: text(&sum.provider),
            principal: text(&sum.principal),
            token: text(&sum.token),
            requests: number(sum.requests),
            errors: number(sum.errors),
            cancelled: number(sum.cancelled),
            cache_hits: number(sum.cache_hits),
            estimated: number(sum.estimated),
            tokens_in: number(sum.tokens.input),
            tokens_out: number(sum.tokens.output),
            tokens_cached: number(sum.tokens.cached),
            tokens_reasoning: number(sum.tokens.reasoning),
            cost_nano_usd: money(sum.cost_nano_usd),
        }
    }

    /// The primary key.
    fn key(&self) -> (i64, &str, &str, &str, &str) {
        let Self { token_id, llm, .. } = self;
        (self.hour, token_id, llm, &self.provider, &self.principal)
    }

    fn add(&mut self, other: &Self) {
        self.requests = number(self.requests + other.requests);
        self.errors = number(self.errors + other.errors);
        self.cancelled = number(self.cancelled + other.cancelled);
        self.cache_hits = number(self.cache_hits + other.cache_hits);
        self.estimated = number(self.estimated + other.estimated);
        self.tokens_in = number(self.tokens_in + other.tokens_in);
        self.tokens_out = number(self.tokens_out + other.tokens_out);
        self.tokens_cached = number(self.tokens_cached + other.tokens_cached);
        self.tokens_reasoning = number(self.tokens_reasoning + other.tokens_reasoning);
        self.cost_nano_usd = number(self.cost_nano_usd + other.cost_nano_usd);
    }
}

/// One row per key: PostgreSQL refuses a statement that would change a row twice. In the key's
/// order, in which the table lies.
fn merged(sums: &[HourSum]) -> Vec<HourRow> {
    let mut rows: Vec<HourRow> = sums.iter().map(HourRow::of).collect();
    rows.sort_by(|a, b| a.key().cmp(&b.key()));
    rows.dedup_by(|next, kept| {
        let is_same = next.key() == kept.key();
        if is_same {
            kept.add(next);
        }
        is_same
    });
    rows
}

/// A row of `usage_requests`; each field is a column.
#[derive(Serialize)]
struct LineRow {
    id: String,
    at: i64,
    model: String,
    llm: String,
    provider: String,
    principal: String,
    token: String,
    path: String,
    status: u16,
    outcome: Outcome,
    attempts: u32,
    cache_hit: u8,
    estimated: u8,
    ttft_ms: Option<u64>,
    duration_ms: u64,
    tokens_in: u64,
    tokens_out: u64,
    tokens_cached: u64,
    tokens_reasoning: u64,
    cost_nano_usd: u64,
}

impl LineRow {
    fn of(line: &RequestLine) -> Self {
        Self {
            id: text(&line.id),
            at: line.at.as_millis(),
            model: text(&line.model),
            llm: text(&line.llm),
            provider: text(&line.provider),
            principal: text(&line.principal),
            token: text(&line.token),
            path: text(&line.path),
            status: line.status,
            outcome: line.outcome,
            attempts: line.attempts,
            cache_hit: line.cache_hit.into(),
            estimated: line.estimated.into(),
            ttft_ms: line.ttft_ms.map(number),
            duration_ms: number(line.duration_ms),
            tokens_in: number(line.tokens.input),
            tokens_out: number(line.tokens.output),
            tokens_cached: number(line.tokens.cached),
            tokens_reasoning: number(line.tokens.reasoning),
            cost_nano_usd: money(line.cost_nano_usd),
        }
    }
}

fn text(text: &str) -> String {
    bounds::cut(text, MAX_TEXT_BYTES)
}

fn number(number: u64) -> u64 {
    number.min(MAX_ADDED)
}

fn money(nano_usd: i64) -> u64 {
    number(u64::try_from(nano_usd).unwrap_or(0))
}

fn json<T: Serialize>(rows: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|_| StoreError::BadText { what: "usage" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_one_key_become_one_row_and_nonsense_stays_in_bounds() {
        let sum = |llm: &str, requests| HourSum {
            llm: llm.into(),
            requests,
            ..HourSum::default()
        };
        let rows = merged(&[
            sum("b", 2),
            sum("a", 1),
            sum("b", u64::MAX),
            sum("b\u{0}", 3),
        ]);
        let rows: Vec<_> = rows.iter().map(|row| (&*row.llm, row.requests)).collect();
        assert_eq!(rows, [("a", 1), ("b", MAX_ADDED)]);
        assert_eq!(money(-1), 0);
    }
}
