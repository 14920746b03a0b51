//! Reading the lines of single requests, and sweeping the old ones.

use shared::timestamp::Timestamp;
use shared::usage::{Outcome, RequestRecord, Tokens};

use super::{NANO_PER_USD, Usage};
use crate::backend::{on_read, on_write_many};
use crate::bounds::MAX_PAGE;
use crate::error::{During, StoreError};

/// The aggregate's name in errors.
const KIND: &str = "request";
/// Lines that one statement deletes, so that writers wait for no sweep.
const SWEPT_AT_ONCE: i64 = 2000;

/// Which requests are listed. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// That came before this.
    pub before: Option<Timestamp>,
    /// That came at or after this.
    pub after: Option<Timestamp>,
    /// On this principal's behalf.
    pub principal: Option<String>,
    /// Served by this LLM, or tried last there.
    pub llm: Option<String>,
}

macro_rules! columns {
    () => {
        "id, at, model, llm, provider, principal, token, path,
         status, outcome, attempts, cache_hit, estimated, ttft_ms, duration_ms,
         tokens_in, tokens_out, tokens_cached, tokens_reasoning, cost_nano_usd"
    };
}

impl Usage<'_> {
    /// The last requests.
    ///
    /// Shape: newest first, at most `limit` and never more than 1000.
    pub async fn requests(
        self,
        limit: u32,
        filter: &RequestFilter,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        let limit = i64::from(limit.min(MAX_PAGE));
        let after = filter.after.map_or(i64::MIN, Timestamp::as_millis);
        let before = filter.before.map_or(i64::MAX, Timestamp::as_millis);
        let (principal, llm) = (filter.principal.as_deref(), filter.llm.as_deref());
        // A statement per index: with `$1 is null or ...` none of them would be used.
        let rows = on_read!(self.store, |pool| {
            let select = match (principal, llm) {
                (Some(principal), llm) => sqlx::query_as::<_, RequestRow>(concat!(
                    "select ",
                    columns!(),
                    " from usage_requests
                    where at >= $1 and at < $2 and principal = $4 and ($5 is null or llm = $5)
                    order by at desc, seq desc
                    limit $3"
                ))
                .bind(after)
                .bind(before)
                .bind(limit)
                .bind(principal)
                .bind(llm),
                (None, Some(llm)) => sqlx::query_as(concat!(
                    "select ",
                    columns!(),
                    " from usage_requests
                    where at >= $1 and at < $2 and llm = $4
                    order by at desc, seq desc
                    limit $3"
                ))
                .bind(after)
                .bind(before)
                .bind(limit)
                .bind(llm),
                (None, None) => sqlx::query_as(concat!(
                    "select ",
                    columns!(),
                    " from usage_requests
                    where at >= $1 and at < $2
                    order by at desc, seq desc
                    limit $3"
                ))
                .bind(after)
                .bind(before)
                .bind(limit),
            };
            select.fetch_all(pool).await
        })
        .during("list requests")?;
        rows.into_iter().map(RequestRecord::try_from).collect()
    }

    /// Deletes the lines of requests that came before `older_than`, and all but the last `keep`
    /// that were written, so that busy weeks don't fill the disk. Answers how many.
    ///
    /// Goes in small steps, each a transaction of its own: writers come in between, and one that
    /// is broken off has swept what it has swept.
    pub async fn sweep(self, older_than: Timestamp, keep: u64) -> Result<u64, StoreError> {
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let mut swept = 0;
        loop {
            let old = self.sweep_old(older_than).await?;
            let surplus = self.sweep_surplus(keep).await?;
            swept += old + surplus;
            if old.max(surplus) < SWEPT_AT_ONCE as u64 {
                return Ok(swept);
            }
        }
    }

    async fn sweep_old(self, older_than: Timestamp) -> Result<u64, StoreError> {
        on_write_many!(self.store, |db| {
            sqlx::query(
                "delete from usage_requests
                where seq in (
                    select seq from usage_requests
                    where at < $1
                    order by at
                    limit $2
                )",
            )
            .bind(older_than.as_millis())
            .bind(SWEPT_AT_ONCE)
            .execute(db)
            .await
            .map(|done| done.rows_affected())
        })
        .during("sweep old requests")
    }

    async fn sweep_surplus(self, keep: i64) -> Result<u64, StoreError> {
        on_write_many!(self.store, |db| {
            sqlx::query(
                "delete from usage_requests
                where seq in (
                    select seq from usage_requests
                    where seq <= (select max(seq) from usage_requests) - $1
                    order by seq
                    limit $2
                )",
            )
            .bind(keep)
            .bind(SWEPT_AT_ONCE)
            .execute(db)
            .await
            .map(|done| done.rows_affected())
        })
        .during("sweep surplus requests")
    }
}

#[derive(sqlx::FromRow)]
struct RequestRow {
    id: String,
    at: i64,
    model: String,
    llm: String,
    provider: String,
    principal: String,
    token: String,
    path: String,
    status: i64,
    outcome: String,
    attempts: i64,
    cache_hit: i64,
    estimated: i64,
    ttft_ms: Option<i64>,
    duration_ms: i64,
    tokens_in: i64,
    tokens_out: i64,
    tokens_cached: i64,
    tokens_reasoning: i64,
    cost_nano_usd: i64,
}

impl TryFrom<RequestRow> for RequestRecord {
    type Error = StoreError;

    fn try_from(row: RequestRow) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt(KIND, row.id.escape_debug(), column);
        let count = |number, column| u64::try_from(number).map_err(|_| corrupt(column));
        let tokens = Tokens {
            input: count(row.tokens_in, "tokens_in")?,
            output: count(row.tokens_out, "tokens_out")?,
            cached: count(row.tokens_cached, "tokens_cached")?,
            reasoning: count(row.tokens_reasoning, "tokens_reasoning")?,
        };
        count(row.cost_nano_usd, "cost_nano_usd")?;
        let ttft_ms = row.ttft_ms.map(|ms| count(ms, "ttft_ms"));
        Ok(Self {
            status: u16::try_from(row.status).map_err(|_| corrupt("status"))?,
            outcome: outcome(&row.outcome).ok_or_else(|| corrupt("outcome"))?,
            attempts: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
            ttft_ms: ttft_ms.transpose()?,
            duration_ms: count(row.duration_ms, "duration_ms")?,
            at: Some(Timestamp::from_millis(row.at)),
            cache_hit: row.cache_hit != 0,
            estimated: row.estimated != 0,
            cost_usd: row.cost_nano_usd as f64 / NANO_PER_USD,
            id: row.id,
            model: row.model,
            llm: row.llm,
            provider: row.provider,
            principal: row.principal,
            token: row.token,
            path: row.path,
            tokens,
        })
    }
}

/// The outcome as it is written: in JSON's word for it.
fn outcome(text: &str) -> Option<Outcome> {
    match text {
        "ok" => Some(Outcome::Ok),
        "error" => Some(Outcome::Error),
        "cancelled" => Some(Outcome::Cancelled),
        _ => None,
    }
}
