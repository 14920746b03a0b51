//! How each LLM stands: its breaker, and what was seen of its requests.
//!
//! One lock per LLM, held for a few additions. What is counted here is what `/metrics`,
//! `mcpctl top` and the policies look at; what is charged is the accounts' business.

mod breaker;
mod histogram;
mod numbers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use registry::{Registry, Row};
use shared::llm;
use shared::name::Name;
use tokio::time::Instant;

pub(crate) use breaker::{Admission, Breaker};
pub use histogram::{BOUNDS, Distribution};
pub(crate) use numbers::{Ended, Numbers};

/// The standing of one LLM.
#[derive(Debug)]
pub(crate) struct Standing(Mutex<State>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) breaker: Breaker,
    pub(crate) numbers: Numbers,
    /// Why it failed last, for its owner; forgotten with the next good answer.
    pub(crate) last_error: Option<String>,
}

impl Standing {
    fn new() -> Self {
        Self(Mutex::new(State {
            breaker: Breaker::default(),
            numbers: Numbers::new(),
            last_error: None,
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The LLM of `row` failed.
    pub(crate) fn failed(&self, row: &Row, retry_after: Option<Duration>, why: String) {
        let settings = row.spec().breaker.unwrap_or_default();
        let opened = {
            let mut state = self.lock();
            state.last_error = Some(why);
            state.breaker.failed(Instant::now(), retry_after, settings)
        };
        if opened {
            let llm::Breaker { failures, open_for } = settings;
            tracing::warn!(llm.name = %row.name(), failures, %open_for, "breaker open: the LLM failed too often in a row");
        }
    }
}

/// A request that an LLM's breaker let pass, and what the breaker learns of it.
#[derive(Debug)]
pub(crate) struct Passed {
    row: Arc<Row>,
    standing: Arc<Standing>,
    /// The breaker waits for what becomes of it.
    is_probe: bool,
}

impl Passed {
    /// Lets a request pass.
    ///
    /// Errors: when it may be tried again.
    pub(crate) fn admit(
        row: Arc<Row>,
        standing: Arc<Standing>,
        only: bool,
    ) -> Result<Self, Instant> {
        let admission = standing.lock().breaker.admit(Instant::now(), only);
        let is_probe = match admission {
            Admission::Pass => false,
            Admission::Probe => true,
            Admission::Refused(until) => return Err(until),
        };
        Ok(Self {
            row,
            standing,
            is_probe,
        })
    }

    pub(crate) fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    /// The first byte of a good answer came.
    pub(crate) fn began(&mut self) {
        self.is_probe = false;
        self.standing.lock().breaker.began();
    }

    /// A good answer came to its end.
    pub(crate) fn succeeded(&self) {
        let mut state = self.standing.lock();
        state.breaker.succeeded();
        state.last_error = None;
    }

    /// The LLM failed; `why` is for its owner, and holds no secret.
    pub(crate) fn failed(&mut self, retry_after: Option<Duration>, why: String) {
        self.is_probe = false;
        self.standing.failed(&self.row, retry_after, why);
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        if self.is_probe {
            self.standing.lock().breaker.abandoned(Instant::now());
        }
    }
}

/// The standings of all LLMs.
#[derive(Debug, Default)]
pub(crate) struct Standings(DashMap<Name, Arc<Standing>>);

impl Standings {
    /// The standing of `name`; new and spotless where it has none.
    pub(crate) fn of(&self, name: &Name) -> Arc<Standing> {
        if let Some(found) = self.0.get(name) {
            return found.clone();
        }
        let new = || Arc::new(Standing::new());
        self.0.entry(name.clone()).or_insert_with(new).clone()
    }

    /// Forgets LLMs that exist no more.
    pub(crate) fn prune(&self, registry: &Registry) {
        self.0
            .retain(|name, _| registry.find(name.as_str()).is_some());
    }

    /// Forgives an LLM: what it is has changed.
    pub(crate) fn forgive(&self, name: &Name) {
        if let Some(standing) = self.0.get(name) {
            let mut state = standing.lock();
            state.breaker = Breaker::default();
            state.last_error = None;
        }
    }
}
