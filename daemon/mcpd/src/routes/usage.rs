//! What was used and what it cost: sums, single requests, the summary of a period.
//!
//! An admin sees everybody's; others see their own.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use gateway::period_start;
use serde::{Deserialize, Serialize};
use shared::role::Role;
use shared::timestamp::Timestamp;
use shared::token::Period;
use shared::usage::{CostSummary, ProviderCost, RequestRecord, UsageList};
use store::usage::{GroupBy, Query as SumsQuery, RequestFilter};

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::routes::App;

/// Requests that a list has where nobody says how many.
const DEFAULT_REQUESTS: u32 = 50;

#[derive(Deserialize)]
pub(crate) struct UsageQuery {
    by: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    llm: Option<String>,
    principal: Option<String>,
    token: Option<String>,
}

/// `GET /api/v1/usage?by=llm,day&since=...`
pub(crate) async fn sums(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    query: Result<Query<UsageQuery>, QueryRejection>,
) -> Result<Json<UsageList>, ApiError> {
    let query = checked(query)?;
    let now = app.clock.now();
    let since = query
        .since
        .unwrap_or_else(|| period_start(Period::Month, now));
    let asked = SumsQuery {
        since: Some(since),
        until: query.until,
        by: groups(query.by.as_deref().unwrap_or("llm"))?,
        llm: query.llm,
        principal: seen_by(&caller, query.principal)?,
        token: query.token,
    };
    // What ended a moment ago is in it.
    app.accounts.write().await?;
    let items = app.store.usage().sums(&asked).await?;
    Ok(Json(UsageList {
        since: asked.since,
        until: asked.until,
        items,
    }))
}

#[derive(Deserialize)]
pub(crate) struct RequestsQuery {
    limit: Option<u32>,
    before: Option<Timestamp>,
    after: Option<Timestamp>,
    llm: Option<String>,
    principal: Option<String>,
}

/// The last requests.
#[derive(Serialize)]
pub(crate) struct Requests {
    items: Vec<RequestRecord>,
}

/// `GET /api/v1/requests?limit=50`
pub(crate) async fn requests(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    query: Result<Query<RequestsQuery>, QueryRejection>,
) -> Result<Json<Requests>, ApiError> {
    let query = checked(query)?;
    let filter = RequestFilter {
        before: query.before,
        after: query.after,
        llm: query.llm,
        principal: seen_by(&caller, query.principal)?,
    };
    app.accounts.write().await?;
    let limit = query.limit.unwrap_or(DEFAULT_REQUESTS);
    let items = app.store.usage().requests(limit, &filter).await?;
    Ok(Json(Requests { items }))
}

#[derive(Deserialize)]
pub(crate) struct CostsQuery {
    #[serde(default)]
    period: Period,
}

/// `GET /v1/costs/summary?period=day|week|month`
pub(crate) async fn costs(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    query: Result<Query<CostsQuery>, QueryRejection>,
) -> Result<Json<CostSummary>, ApiError> {
    let CostsQuery { period } = checked(query)?;
    let asked = SumsQuery {
        since: Some(period_start(period, app.clock.now())),
        by: vec![GroupBy::Provider],
        principal: seen_by(&caller, None)?,
        ..SumsQuery::default()
    };
    app.accounts.write().await?;
    let rows = app.store.usage().sums(&asked).await?;
    let total_cost_usd = rows.iter().map(|row| row.cost_usd).sum();
    let total_requests = rows.iter().map(|row| row.requests).sum();
    let by_provider = rows.into_iter().filter_map(|row| {
        Some(ProviderCost {
            provider: row.provider.filter(|provider| !provider.is_empty())?,
            cost_usd: row.cost_usd,
            jobs: row.requests,
            tokens_in: row.tokens.input,
            tokens_out: row.tokens.output,
        })
    });
    let mut by_provider: Vec<_> = by_provider.collect();
    by_provider.sort_by(|a, b| b.cost_usd.total_cmp(&a.cost_usd));
    Ok(Json(CostSummary {
        period: match period {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::Total => "total",
        }
        .into(),
        total_cost_usd,
        total_requests,
        by_provider,
    }))
}

fn checked<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    Ok(query)
}

/// Whose usage the caller sees; `None` is everybody's.
///
/// Errors: 403 for another's.
fn seen_by(caller: &Credential, asked: Option<String>) -> Result<Option<String>, ApiError> {
    if caller.covers(Role::Admin) {
        return Ok(asked);
    }
    let own = caller.principal();
    match asked {
        Some(other) if other != own => {
            let message = "only an admin sees what other principals used";
            Err(ApiError::new(
                403,
                shared::error_body::code::FORBIDDEN,
                message,
            ))
        }
        _ => Ok(Some(own.to_owned())),
    }
}

fn groups(text: &str) -> Result<Vec<GroupBy>, ApiError> {
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let group = |word| match word {
        "day" => Ok(GroupBy::Day),
        "hour" => Ok(GroupBy::Hour),
        "llm" => Ok(GroupBy::Llm),
        "provider" => Ok(GroupBy::Provider),
        "principal" => Ok(GroupBy::Principal),
        "token" => Ok(GroupBy::Token),
        other => {
            let other: String = other.escape_debug().take(40).collect();
            let message = format!(
                "`by` can't be `{other}`: use llm, principal, token, provider, day or hour"
            );
            Err(ApiError::bad_request(message))
        }
    };
    words.map(group).collect()
}
