//! What the gateway shows of itself: how each LLM stands, for `/metrics`, `top` and `describe`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use registry::{Change, Row};
use shared::llm::{BreakerState, BreakerStatus, Llm, Phase};
use shared::load::{Load, LoadList};
use shared::name::Name;
use shared::route::Explanation;
use shared::timestamp::Timestamp;
use shared::usage::Tokens;
use tokio::time::Instant;

use crate::error::Error;
use crate::infer::Gateway;
pub use crate::standing::{BOUNDS, Distribution};

/// How often what was seen of LLMs that are gone is forgotten.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

/// Requests that no LLM was called for, by status.
#[derive(Debug, Default)]
pub(crate) struct Unserved(Mutex<Vec<(u16, u64)>>);

impl Unserved {
    pub(crate) fn count(&self, status: u16) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => counts.push((status, 1)),
        }
    }

    fn all(&self) -> Vec<(u16, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }
}

/// The sums of one LLM since the start.
#[derive(Clone, Debug)]
pub struct LlmNumbers {
    /// The LLM.
    pub name: Name,
    /// `public` or `virtual`.
    pub kind: &'static str,
    /// Requests that ended, by status.
    pub by_status: Vec<(u16, u64)>,
    /// Those that their callers broke off.
    pub cancelled: u64,
    /// What they used.
    pub tokens: Tokens,
    /// What they cost, in nano-dollars.
    pub cost_nano_usd: i64,
    /// How long they took.
    pub seconds: Distribution,
    /// How long their first bytes took.
    pub first_byte_seconds: Distribution,
    /// Requests that run.
    pub in_flight: u32,
    /// Requests that wait for a slot, or for it to wake.
    pub queued: u32,
    /// Its breaker.
    pub breaker: BreakerState,
}

impl Gateway {
    /// The sums of every LLM, ordered by name.
    pub fn numbers(&self) -> Vec<LlmNumbers> {
        let planner = &self.inner().planner;
        let rows = planner.registry.list();
        let numbers = |row: &std::sync::Arc<Row>| {
            let standing = planner.standings.of(row.name());
            let state = standing.lock();
            let numbers = &state.numbers;
            let gate = &row.live().gate;
            LlmNumbers {
                name: row.name().clone(),
                kind: row.spec().kind.as_str(),
                by_status: numbers.by_status.clone(),
                cancelled: numbers.cancelled,
                tokens: numbers.tokens,
                cost_nano_usd: numbers.cost_nano_usd,
                seconds: numbers.seconds,
                first_byte_seconds: numbers.first_byte_seconds,
                in_flight: gate.in_flight(),
                queued: gate.queued() + self.inner().wakes.waiting(row.name()),
                breaker: state.breaker.state(),
            }
        };
        rows.iter().map(numbers).collect()
    }

    /// Requests that no LLM was called for, by status.
    pub fn unserved(&self) -> Vec<(u16, u64)> {
        self.inner().unserved.all()
    }

    /// How busy every LLM is.
    pub fn load(&self) -> LoadList {
        let rows = self.inner().planner.registry.list();
        LoadList {
            at: self.inner().clock.now(),
            items: rows.iter().map(|row| self.load_of(row)).collect(),
        }
    }

    fn load_of(&self, row: &Row) -> Load {
        let now = Instant::now();
        let standing = self.inner().planner.standings.of(row.name());
        let mut state = standing.lock();
        let breaker_until = state.breaker.until().map(|until| self.told(until, now));
        let breaker = state.breaker.state();
        let numbers = &mut state.numbers;
        let (requests_per_second, tokens_per_second) = numbers.per_second(now);
        let (p50_ms, ttft_p50_ms) = numbers.quantiles_ms(0.5, now);
        let (p99_ms, _) = numbers.quantiles_ms(0.99, now);
        Load {
            llm: row.name().clone(),
            kind: row.spec().kind,
            phase: row.phase(),
            breaker,
            breaker_until,
            in_flight: row.live().gate.in_flight(),
            queued: row.live().gate.queued() + self.inner().wakes.waiting(row.name()),
            requests: numbers.requests,
            errors: numbers.errors,
            tokens_out: numbers.tokens.output,
            requests_per_second,
            tokens_per_second,
            p50_ms,
            p99_ms,
            ttft_p50_ms,
        }
    }

    /// The document of a row, with its breaker.
    pub fn document(&self, row: &Row) -> Llm {
        let mut llm = row.document();
        let standing = self.inner().planner.standings.of(row.name());
        let (breaker, last_error) = {
            let state = standing.lock();
            (state.breaker, state.last_error.clone())
        };
        if let Some(status) = &mut llm.status {
            status.last_error = status.last_error.take().or(last_error);
        }
        if let (Some(until), Some(status)) = (breaker.until(), &mut llm.status) {
            status.breaker = Some(BreakerStatus {
                state: breaker.state(),
                until: self.told(until, Instant::now()),
            });
        }
        llm
    }

    /// Where a request for `model` would go, and why not elsewhere. Changes nothing.
    ///
    /// Errors: [`Error::UnknownModel`].
    pub fn explain(&self, model: &str) -> Result<Explanation, Error> {
        self.inner()
            .planner
            .explain(model, self.inner().clock.now())
    }

    /// Forgives an LLM its failures: what it is has changed.
    pub fn forgive(&self, name: &Name) {
        self.inner().planner.standings.forgive(name);
    }

    /// The same for all LLMs whose key is kept in the secret `name`.
    pub fn forgive_keyed(&self, name: &Name) {
        for row in self.inner().planner.registry.list() {
            let key = row.spec().key.as_ref();
            if key.is_some_and(|key| key.name == *name) {
                self.forgive(row.name());
            }
        }
    }

    /// Keeps what is seen of LLMs in step with the registry, until it is dropped: one that comes
    /// back is forgiven, one that is gone forgotten. Run it once.
    pub async fn keep_standings(&self) {
        let planner = &self.inner().planner;
        let mut changes = planner.registry.watch();
        let mut pruning = tokio::time::interval(PRUNE_INTERVAL);
        loop {
            tokio::select! {
                change = changes.next() => {
                    if let Some(Change::Modified(row)) = change
                        && row.is_virtual()
                        && row.phase() == Phase::Active
                    {
                        self.forgive(row.name());
                    }
                }
                _ = pruning.tick() => planner.standings.prune(&planner.registry),
            }
        }
    }

    fn told(&self, at: Instant, now: Instant) -> Timestamp {
        let clock = &self.inner().clock;
        clock.now().plus(at.saturating_duration_since(now))
    }
}
