//! What the bearer of an access token may use: rates, requests at once, a budget.
//!
//! Everything a request may use is reserved in one step, under one lock, before it is sent; at its
//! end the reservation is settled with what it did use. So a thousand requests at once can't
//! overrun a limit that one could not: beyond a budget goes at most what a provider counts above
//! the reservation.

mod bucket;
mod period;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::timestamp::Timestamp;
use shared::token::{Limits, Period, Spent};
use tokio::time::Instant;

use crate::limits::bucket::Bucket;
use crate::prices::NANO;

pub use period::period_start;

/// The ledger of one access token. Cheap to clone; clones are the same ledger.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    limits: Limits,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    in_flight: u32,
    /// When the budget's period began; what was spent in it, in nano-dollars.
    since: Timestamp,
    spent: i64,
    reserved: i64,
}

/// The most that a request may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Tokens in and out.
    pub tokens: u64,
    /// Nano-dollars.
    pub cost_nano_usd: i64,
}

/// Why a request may not run now.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LimitReached {
    /// Requests per minute.
    #[error("the access token may make {limit} requests per minute")]
    Requests {
        /// The limit.
        limit: u32,
        /// When one more may be made.
        wait: Duration,
    },
    /// Tokens per minute.
    #[error("the access token may use {limit} tokens per minute; this request may use {asked}")]
    Tokens {
        /// The limit.
        limit: u64,
        /// What the request may use.
        asked: u64,
        /// When there are enough.
        wait: Duration,
    },
    /// Requests at once.
    #[error("the access token may have {limit} requests at once")]
    Concurrency {
        /// The limit.
        limit: u32,
    },
    /// Money.
    #[error(
        "the access token's budget of ${limit} {} leaves ${left:.6}; this request may cost ${asked:.6}",
        period_words(*period)
    )]
    Budget {
        /// The budget, in US dollars.
        limit: f64,
        /// What is not spent or reserved, in US dollars.
        left: f64,
        /// What the request may cost, in US dollars.
        asked: f64,
        /// The budget's period.
        period: Period,
    },
}

impl LimitReached {
    /// When it makes sense to try again, where that is known.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Requests { wait, .. } | Self::Tokens { wait, .. } => Some(*wait),
            Self::Concurrency { .. } => Some(Duration::from_secs(1)),
            Self::Budget { .. } => None,
        }
    }
}

fn period_words(period: Period) -> &'static str {
    match period {
        Period::Day => "per day",
        Period::Week => "per week",
        Period::Month => "per month",
        Period::Total => "in all",
    }
}

impl Ledger {
    /// A ledger in whose period `spent` nano-dollars are spent already.
    pub fn new(limits: Limits, spent: i64, now: Timestamp) -> Self {
        let at = Instant::now();
        Self(Arc::new(Mutex::new(State {
            requests: requests(&limits, at),
            tokens: tokens(&limits, at),
            in_flight: 0,
            since: period_start(period(&limits), now),
            spent,
            reserved: 0,
            limits,
        })))
    }

    /// Changes the limits; `spent` is what the period of the new budget has seen so far. What runs
    /// already is settled as it was reserved.
    pub fn set_limits(&self, limits: Limits, spent: i64, now: Timestamp) {
        let (mut state, at) = (self.lock(), Instant::now());
        state.requests = requests(&limits, at);
        state.tokens = tokens(&limits, at);
        state.since = period_start(period(&limits), now);
        state.spent = spent;
        state.limits = limits;
    }

    /// Reserves what a request may use: all of it, or nothing.
    ///
    /// Errors: [`LimitReached`], with the first limit that stands in the way.
    pub fn reserve(&self, most: Estimate, now: Timestamp) -> Result<Reservation, LimitReached> {
        let (mut state, at) = (self.lock(), Instant::now());
        state.turn_over(now);
        state.check_room(most)?;
        let limits = state.limits;
        if let (Some(bucket), Some(limit)) = (&mut state.requests, limits.requests_per_minute) {
            let wait = |wait| LimitReached::Requests { limit, wait };
            bucket.take(1.0, at).map_err(wait)?;
        }
        if let (Some(bucket), Some(limit)) = (&mut state.tokens, limits.tokens_per_minute) {
            let asked = most.tokens;
            if let Err(wait) = bucket.take(asked as f64, at) {
                // Nothing was sent: the request does not count.
                if let Some(requests) = &mut state.requests {
                    requests.give_back(1.0, at);
                }
                return Err(LimitReached::Tokens { limit, asked, wait });
            }
        }
        state.in_flight += 1;
        state.reserved += most.cost_nano_usd;
        Ok(Reservation {
            ledger: self.clone(),
            most,
            used: Estimate::default(),
        })
    }

    /// What was used of the budget.
    pub fn spent(&self, now: Timestamp) -> Spent {
        let mut state = self.lock();
        state.turn_over(now);
        let has_budget = state.limits.budget.is_some();
        Spent {
            usd: state.spent as f64 / NANO,
            reserved_usd: state.reserved as f64 / NANO,
            since: has_budget.then_some(state.since),
        }
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> u32 {
        self.lock().in_flight
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, most: Estimate, used: Estimate) {
        let (mut state, at) = (self.lock(), Instant::now());
        state.in_flight = state.in_flight.saturating_sub(1);
        state.reserved -= most.cost_nano_usd;
        state.spent = state.spent.saturating_add(used.cost_nano_usd);
        if let Some(bucket) = &mut state.tokens {
            bucket.give_back(most.tokens as f64 - used.tokens as f64, at);
        }
    }
}

impl State {
    fn turn_over(&mut self, now: Timestamp) {
        let since = period_start(period(&self.limits), now);
        if since > self.since {
            self.since = since;
            self.spent = 0;
        }
    }

    fn check_room(&self, most: Estimate) -> Result<(), LimitReached> {
        if let Some(limit) = self.limits.max_concurrency
            && self.in_flight >= limit
        {
            return Err(LimitReached::Concurrency { limit });
        }
        self.check_budget(most.cost_nano_usd)
    }

    /// Whether the budget leaves so many nano-dollars.
    fn check_budget(&self, cost: i64) -> Result<(), LimitReached> {
        let Some(budget) = self.limits.budget else {
            return Ok(());
        };
        let left = (budget.usd * NANO) as i64 - self.spent - self.reserved;
        // What costs nothing always passes.
        if cost == 0 || cost <= left {
            return Ok(());
        }
        Err(LimitReached::Budget {
            limit: budget.usd,
            left: left.max(0) as f64 / NANO,
            asked: cost as f64 / NANO,
            period: budget.period,
        })
    }
}

fn period(limits: &Limits) -> Period {
    limits.budget.map_or(Period::Total, |budget| budget.period)
}

fn requests(limits: &Limits, now: Instant) -> Option<Bucket> {
    let limit = limits.requests_per_minute?;
    Some(Bucket::full(f64::from(limit), now))
}

fn tokens(limits: &Limits, now: Instant) -> Option<Bucket> {
    let limit = limits.tokens_per_minute?;
    Some(Bucket::full(limit as f64, now))
}

/// What a request may use. Dropped unsettled, it has used nothing.
#[derive(Debug)]
pub struct Reservation {
    ledger: Ledger,
    most: Estimate,
    used: Estimate,
}

impl Reservation {
    /// Reserves up to `cost_nano_usd` where it is more than so far: another LLM is called, and may
    /// cost more.
    ///
    /// Errors: [`LimitReached::Budget`]; what was reserved stays.
    pub fn raise(&mut self, cost_nano_usd: i64, now: Timestamp) -> Result<(), LimitReached> {
        let more = cost_nano_usd.saturating_sub(self.most.cost_nano_usd);
        if more <= 0 {
            return Ok(());
        }
        let mut state = self.ledger.lock();
        state.turn_over(now);
        state.check_budget(more)?;
        state.reserved += more;
        drop(state);
        self.most.cost_nano_usd = cost_nano_usd;
        Ok(())
    }

    /// Ends it with what was used.
    pub fn settle(mut self, used: Estimate) {
        self.used = used;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.ledger.settle(self.most, self.used);
    }
}

#[cfg(test)]
mod tests {
    use shared::token::Budget;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn budget(usd: f64) -> Limits {
        Limits {
            budget: Some(Budget {
                usd,
                period: Period::Day,
            }),
            ..Limits::default()
        }
    }

    fn costs(cost_nano_usd: i64) -> Estimate {
        Estimate {
            tokens: 10,
            cost_nano_usd,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_hundred_at_once_reserve_no_more_than_the_budget() {
        let ledger = Ledger::new(budget(1.0), 0, NOW);
        let each = costs(10_000_000);
        let reserve = || ledger.reserve(each, NOW);
        let running: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..200).map(|_| scope.spawn(reserve)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let admitted: Vec<_> = running.into_iter().flatten().collect();
        assert_eq!(admitted.len(), 100);
        let spent = ledger.spent(NOW);
        assert_eq!((spent.usd, spent.reserved_usd), (0.0, 1.0));
        for reservation in admitted {
            reservation.settle(costs(4_000_000));
        }
        let spent = ledger.spent(NOW);
        assert_eq!((spent.usd, spent.reserved_usd), (0.4, 0.0));
        assert_eq!(ledger.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reservation_grows_with_a_dearer_llm_and_never_past_the_budget() {
        let ledger = Ledger::new(budget(1.0), 0, NOW);
        let mut reservation = ledger.reserve(costs(0), NOW).unwrap();
        reservation.raise(900_000_000, NOW).unwrap();
        reservation.raise(100_000_000, NOW).unwrap();
        assert_eq!(ledger.spent(NOW).reserved_usd, 0.9);
        let refused = reservation.raise(1_100_000_000, NOW).unwrap_err();
        assert!(matches!(refused, LimitReached::Budget { .. }), "{refused}");
        drop(reservation);
        assert_eq!(ledger.spent(NOW).reserved_usd, 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_begins_anew_with_its_period() {
        let ledger = Ledger::new(budget(1.0), 990_000_000, NOW);
        let refused = ledger.reserve(costs(20_000_000), NOW).unwrap_err();
        assert!(refused.to_string().contains("$1 per day"), "{refused}");
        let tomorrow = NOW.plus(Duration::from_secs(86_400));
        assert!(ledger.reserve(costs(20_000_000), tomorrow).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_ran_uses_nothing() {
        let limits = Limits {
            requests_per_minute: Some(2),
            tokens_per_minute: Some(15),
            max_concurrency: Some(1),
            ..Limits::default()
        };
        let ledger = Ledger::new(limits, 0, NOW);
        let first = ledger.reserve(costs(0), NOW).unwrap();
        let second = ledger.reserve(costs(0), NOW).unwrap_err();
        assert_eq!(second, LimitReached::Concurrency { limit: 1 });
        drop(first);
        let first = ledger.reserve(costs(0), NOW).unwrap();
        first.settle(costs(0));
        let third = ledger.reserve(costs(0), NOW).unwrap_err();
        assert!(
            matches!(third, LimitReached::Requests { limit: 2, .. }),
            "{third}"
        );
    }
}
