//! What the bearers of tokens may use, and what they have used so far.

use std::collections::HashMap;

use gateway::period_start;
use shared::name::Name;
use shared::timestamp::Timestamp;
use shared::token::{Limits, Token};
use store::{Store, StoreError};

use crate::auth::tokens::{document, no_such_token};
use crate::auth::{Auth, Credential, still_in};
use crate::http::error::ApiError;

/// The largest budget, in US dollars.
const MAX_BUDGET_USD: f64 = 1e9;

/// What each token spent in the current periods, in nano-dollars.
///
/// Shape: by the token's id and the beginning of the period.
pub(super) struct SpentSoFar(HashMap<(String, Timestamp), i64>);

impl SpentSoFar {
    /// Asks the store, once per period that a budget has.
    pub(super) async fn load(
        store: &Store,
        limits: impl Iterator<Item = Limits>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let budgets = limits.filter_map(|limits| limits.budget);
        let mut starts: Vec<_> = budgets
            .map(|budget| period_start(budget.period, now))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let mut spent = HashMap::new();
        for start in starts {
            for (token, nano_usd) in store.usage().spent_since(start).await? {
                spent.insert((token, start), nano_usd);
            }
        }
        Ok(Self(spent))
    }

    /// What the token `id` spent in the period of its budget.
    pub(super) fn of(&self, id: &str, limits: &Limits, now: Timestamp) -> i64 {
        let Some(budget) = limits.budget else {
            return 0;
        };
        let start = period_start(budget.period, now);
        let spent = self.0.get(&(id.to_owned(), start));
        spent.copied().unwrap_or(0)
    }
}

impl Auth {
    /// Changes what the bearer of a token may use.
    ///
    /// Errors: 400 for limits that make no sense, 401 where `by` was deleted meanwhile, 404, and those of the store.
    pub async fn set_limits(
        &self,
        name: &Name,
        limits: Limits,
        by: &Credential,
    ) -> Result<Token, ApiError> {
        check(&limits)?;
        let _writing = self.0.writing.lock().await;
        still_in(Some(by))?;
        let record = self.visible(name, by)?;
        // What was spent before it had a budget counts too. It is asked for first: once the store has the new limits,
        // nothing may fail any more.
        let now = self.0.clock.now();
        self.0.accounts.write().await?;
        let spent = SpentSoFar::load(&self.0.store, std::iter::once(limits), now).await?;
        let tokens = self.0.store.tokens();
        let record = tokens.set_limits(&record.name, limits).await?;
        let spent = spent.of(&record.id, &limits, now);
        let credential = self.readmit(record, |ledger| ledger.set_limits(limits, spent, now));
        let credential = credential.ok_or_else(|| no_such_token(name))?;
        Ok(document(&credential, now))
    }
}

/// Refuses limits that make no sense.
pub(super) fn check(limits: &Limits) -> Result<(), ApiError> {
    let bad = |why: &str| {
        Err(ApiError::bad_request(why)
            .hint("leave a limit out to set none; `mcpctl delete token NAME` ends a token"))
    };
    if limits.requests_per_minute == Some(0) {
        return bad("`limits.requestsPerMinute` must be at least 1");
    }
    if limits.tokens_per_minute == Some(0) {
        return bad("`limits.tokensPerMinute` must be at least 1");
    }
    if limits.max_concurrency == Some(0) {
        return bad("`limits.maxConcurrency` must be at least 1");
    }
    match limits.budget {
        Some(budget) if !(0.0..=MAX_BUDGET_USD).contains(&budget.usd) => {
            bad("`limits.budget.usd` must be US dollars, from 0 to 1,000,000,000")
        }
        _ => Ok(()),
    }
}
