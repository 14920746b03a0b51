//! Reading the sums: grouped by what was asked for, and what each access token has spent.

use shared::timestamp::Timestamp;
use shared::usage::{Tokens, UsageRow};

use super::{KIND, MS_PER_DAY, MS_PER_HOUR, NANO_PER_USD, Usage, start_of_hour};
use crate::backend::on_read;
use crate::error::{During, StoreError};

/// Rows that one query may answer with.
pub const MAX_GROUPS: usize = 10_000;
/// A span that all hours share, for queries that don't ask by time: their rows begin at 0.
const ALL_TIME_MS: i64 = i64::MAX;

/// What is asked of the sums. The default asks for everything, as one row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// From the hour that this lies in.
    pub since: Option<Timestamp>,
    /// Hours that begin before this.
    pub until: Option<Timestamp>,
    /// What the rows are grouped by, in any order. Of day and hour, hour wins.
    pub by: Vec<GroupBy>,
    /// This LLM alone.
    pub llm: Option<String>,
    /// This principal alone.
    pub principal: Option<String>,
    /// The access tokens of this name alone.
    pub token: Option<String>,
}

/// What sums can be grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// The day, in UTC.
    Day,
    /// The hour, in UTC.
    Hour,
    /// The LLM.
    Llm,
    /// The provider's dialect.
    Provider,
    /// On whose behalf.
    Principal,
    /// The access token's name.
    Token,
}

impl Usage<'_> {
    /// The sums that `query` asks for.
    ///
    /// Shape: ordered by time, LLM, provider, principal, token; a row per combination that was
    /// used, so none where nothing was.
    /// Units: whole hours.
    /// Errors: [`StoreError::TooMany`] beyond [`MAX_GROUPS`] rows: ask for less time or fewer
    /// groups.
    pub async fn sums(self, query: &Query) -> Result<Vec<UsageRow>, StoreError> {
        let by = |what| query.by.contains(&what);
        let span_ms = match (by(GroupBy::Hour), by(GroupBy::Day)) {
            (true, _) => MS_PER_HOUR,
            (false, true) => MS_PER_DAY,
            (false, false) => ALL_TIME_MS,
        };
        let since = query
            .since
            .map_or(i64::MIN, |at| start_of_hour(at.as_millis()));
        let until = query.until.map_or(i64::MAX, Timestamp::as_millis);
        let rows = on_read!(self.store, |pool| {
            // A column that is not asked for is the same in all rows, so one text serves every
            // choice; the database does the folding, which is twice as fast as reading the rows.
            // Tokens and money come from outside: as floats their sums can't overflow, and are
            // exact up to 2^53, which is nine million dollars.
            sqlx::query_as::<_, SumRow>(
                "select
                    hour - hour % $1 as time,
                    case when $2 then llm else '' end as llm,
                    case when $3 then provider else '' end as provider,
                    case when $4 then principal else '' end as principal,
                    case when $5 then token else '' end as token,
                    cast(sum(requests) as bigint) as requests,
                    cast(sum(errors) as bigint) as errors,
                    cast(sum(cancelled) as bigint) as cancelled,
                    cast(sum(cache_hits) as bigint) as cache_hits,
                    cast(sum(estimated) as bigint) as estimated,
                    sum(cast(tokens_in as double precision)) as tokens_in,
                    sum(cast(tokens_out as double precision)) as tokens_out,
                    sum(cast(tokens_cached as double precision)) as tokens_cached,
                    sum(cast(tokens_reasoning as double precision)) as tokens_reasoning,
                    sum(cast(cost_nano_usd as double precision)) as cost_nano_usd
                from usage_hours
                where hour >= $6 and hour < $7
                    and ($8 is null or llm = $8)
                    and ($9 is null or principal = $9)
                    and ($10 is null or token = $10)
                group by 1, 2, 3, 4, 5
                order by 1, 2, 3, 4, 5
                limit $11",
            )
            .bind(span_ms)
            .bind(by(GroupBy::Llm))
            .bind(by(GroupBy::Provider))
            .bind(by(GroupBy::Principal))
            .bind(by(GroupBy::Token))
            .bind(since)
            .bind(until)
            .bind(query.llm.as_deref())
            .bind(query.principal.as_deref())
            .bind(query.token.as_deref())
            .bind(MAX_GROUPS as i64 + 1)
            .fetch_all(pool)
            .await
        })
        .during("sum up usage")?;
        if rows.len() > MAX_GROUPS {
            return Err(StoreError::TooMany {
                what: "rows of usage in one answer",
                limit: MAX_GROUPS,
            });
        }
        rows.into_iter().map(|row| row.usage(&query.by)).collect()
    }

    /// What each access token has spent in the hours that begin at or after `since`, in
    /// nano-dollars.
    ///
    /// Shape: `(token id, nano-dollars)`, ordered by token id, those without usage left out. What
    /// was used without an access token stands under the empty id.
    pub async fn spent_since(self, since: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, (String, f64)>(
                "select token_id, sum(cast(cost_nano_usd as double precision))
                from usage_hours
                where hour >= $1
                group by token_id
                order by token_id",
            )
            .bind(since.as_millis())
            .fetch_all(pool)
            .await
        })
        .during("sum up what tokens have spent")?
        .into_iter()
        .map(|(token_id, spent)| {
            if spent < 0.0 {
                let id = token_id.escape_debug();
                return Err(StoreError::corrupt(KIND, id, "cost_nano_usd"));
            }
            Ok((token_id, spent as i64))
        })
        .collect()
    }
}

#[derive(sqlx::FromRow)]
struct SumRow {
    time: i64,
    llm: String,
    provider: String,
    principal: String,
    token: String,
    requests: i64,
    errors: i64,
    cancelled: i64,
    cache_hits: i64,
    estimated: i64,
    tokens_in: f64,
    tokens_out: f64,
    tokens_cached: f64,
    tokens_reasoning: f64,
    cost_nano_usd: f64,
}

impl SumRow {
    fn usage(self, by: &[GroupBy]) -> Result<UsageRow, StoreError> {
        let corrupt = |column| StoreError::corrupt(KIND, self.llm.escape_debug(), column);
        let count = |number, column| u64::try_from(number).map_err(|_| corrupt(column));
        let whole = |number: f64, column| match number < 0.0 {
            true => Err(corrupt(column)),
            false => Ok(number as u64),
        };
        let tokens = Tokens {
            input: whole(self.tokens_in, "tokens_in")?,
            output: whole(self.tokens_out, "tokens_out")?,
            cached: whole(self.tokens_cached, "tokens_cached")?,
            reasoning: whole(self.tokens_reasoning, "tokens_reasoning")?,
        };
        whole(self.cost_nano_usd, "cost_nano_usd")?;
        let time = match (by.contains(&GroupBy::Hour), by.contains(&GroupBy::Day)) {
            (true, _) => Some("2026-11-21T09".len()),
            (false, true) => Some("2026-11-21".len()),
            (false, false) => None,
        };
        let time = time.map(|length| start_of(self.time, length).ok_or_else(|| corrupt("hour")));
        Ok(UsageRow {
            time: time.transpose()?,
            requests: count(self.requests, "requests")?,
            errors: count(self.errors, "errors")?,
            cancelled: count(self.cancelled, "cancelled")?,
            cache_hits: count(self.cache_hits, "cache_hits")?,
            estimated: count(self.estimated, "estimated")?,
            tokens,
            cost_usd: self.cost_nano_usd / NANO_PER_USD,
            llm: by.contains(&GroupBy::Llm).then_some(self.llm),
            provider: by.contains(&GroupBy::Provider).then_some(self.provider),
            principal: by.contains(&GroupBy::Principal).then_some(self.principal),
            token: by.contains(&GroupBy::Token).then_some(self.token),
        })
    }
}

/// The first `length` bytes of the time in RFC 3339; `None` where it lies beyond all calendars.
fn start_of(millis: i64, length: usize) -> Option<String> {
    let at = Timestamp::from_millis(millis);
    let mut text = at.is_in_calendar().then(|| at.to_string())?;
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_an_hour_are_written_short() {
        assert_eq!(start_of(1_795_251_600_000, 13).unwrap(), "2026-11-21T09");
        assert_eq!(start_of(1_795_251_600_000, 10).unwrap(), "2026-11-21");
        assert_eq!(start_of(i64::MAX, 10), None);
    }
}
