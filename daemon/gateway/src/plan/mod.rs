//! From a model's name to the LLMs that may serve it, in the order in which they are tried.
//!
//! A name is an LLM, else an alias, else a model id that several LLMs serve. The order inside a
//! pool: who can be called at once, before who is asleep, before who can't; then the policy; then
//! the fewest in flight. Fallbacks follow in the order in which they are written.

mod explain;
mod order;

use std::sync::Arc;
use std::time::Duration;

use registry::{Registry, Row};
use shared::alias::{Alias, CacheSpec, OnUnavailable, Policy};
use shared::llm::Phase;
use shared::route::ResolvedAs;
use tokio::time::Instant;

use crate::aliases::{Aliases, members};
use crate::error::Error;
use crate::prices::Prices;
use crate::standing::{Admission, Standing, Standings};

pub(crate) use explain::reason;
pub(crate) use order::Turns;

/// Whose turn it is in a pool: taken, or only looked at.
type Turn = fn(&Turns, &str) -> usize;

/// The LLMs that one request may try, at most.
const MAX_CANDIDATES: usize = 64;

/// What a model's name stands for at this moment.
pub(crate) struct Plan {
    pub(crate) resolved_as: ResolvedAs,
    pub(crate) policy: Policy,
    pub(crate) on_unavailable: OnUnavailable,
    pub(crate) timeout: Option<Duration>,
    pub(crate) first_byte_timeout: Option<Duration>,
    pub(crate) cache: Option<CacheSpec>,
    /// There is one candidate, or all rest: one that rests may be called sooner than it would be
    /// where there is another.
    pub(crate) is_last_resort: bool,
    /// In the order in which they are tried; never empty but for an alias without members.
    pub(crate) candidates: Vec<Candidate>,
}

/// One LLM of a plan.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) row: Arc<Row>,
    pub(crate) standing: Arc<Standing>,
    /// 0 in the pool, then the place among the fallbacks.
    pub(crate) fallback: u32,
    pub(crate) readiness: Readiness,
}

/// Whether an LLM can be called, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Readiness {
    /// At once.
    Ready,
    /// All slots are taken; it has room to wait.
    Busy,
    /// Slots and queue are full.
    Full,
    /// After it was woken.
    Asleep,
    /// Its breaker is open, or it asked for peace, until then.
    Resting(Instant),
    /// Nobody serves it.
    Offline,
}

/// What plans are made from.
pub(crate) struct Planner {
    pub(crate) registry: Registry,
    pub(crate) aliases: Aliases,
    pub(crate) prices: Prices,
    pub(crate) standings: Standings,
    pub(crate) turns: Turns,
}

impl Planner {
    /// The plan for `model`.
    ///
    /// Errors: [`Error::UnknownModel`].
    pub(crate) fn plan(&self, model: &str) -> Result<Plan, Error> {
        self.resolve(model, Turns::next)
    }

    /// The plan that the next request for `model` will get.
    ///
    /// Errors: [`Error::UnknownModel`].
    pub(crate) fn look(&self, model: &str) -> Result<Plan, Error> {
        self.resolve(model, Turns::look)
    }

    fn resolve(&self, model: &str, turn: Turn) -> Result<Plan, Error> {
        if let Some(row) = self.registry.find(model) {
            return Ok(self.single(row));
        }
        if let Some(alias) = self.aliases.find(model) {
            return Ok(self.of_alias(&alias, turn));
        }
        let pool = self.registry.pool(model);
        if pool.is_empty() {
            return Err(self.not_found(model));
        }
        let plan = Plan::of(ResolvedAs::Pool);
        let candidates = self.in_order((model, turn), pool, plan.policy, 0);
        Ok(plan.with(candidates))
    }

    /// The most frequent plan: one LLM by its name.
    fn single(&self, row: Arc<Row>) -> Plan {
        Plan::of(ResolvedAs::Llm).with(vec![self.candidate(row, 0)])
    }

    fn of_alias(&self, alias: &Alias, turn: Turn) -> Plan {
        let spec = &alias.spec;
        let pool = members(alias, &self.registry);
        let name = alias.metadata.name.as_str();
        let mut candidates = self.in_order((name, turn), pool, spec.policy, 0);
        for (at, fallback) in (1..).zip(&spec.fallbacks) {
            let mut rows = self.fallback(fallback);
            rows.retain(|row| candidates.iter().all(|one| one.row.name() != row.name()));
            candidates.extend(self.in_order((fallback, turn), rows, spec.policy, at));
        }
        candidates.truncate(MAX_CANDIDATES);
        let plan = Plan {
            policy: spec.policy,
            on_unavailable: spec.on_unavailable,
            timeout: spec.timeout.map(|span| span.0),
            first_byte_timeout: spec.first_byte_timeout.map(|span| span.0),
            cache: spec.cache,
            ..Plan::of(ResolvedAs::Alias)
        };
        plan.with(candidates)
    }

    /// The LLMs that a fallback names. What it falls back to itself is not followed.
    fn fallback(&self, name: &str) -> Vec<Arc<Row>> {
        if let Some(row) = self.registry.find(name) {
            return vec![row];
        }
        match self.aliases.find(name) {
            Some(alias) => members(&alias, &self.registry),
            None => self.registry.pool(name),
        }
    }

    fn in_order(
        &self,
        (pool, turn): (&str, Turn),
        rows: Vec<Arc<Row>>,
        policy: Policy,
        fallback: u32,
    ) -> Vec<Candidate> {
        let rows = rows.into_iter();
        let mut candidates: Vec<_> = rows.map(|row| self.candidate(row, fallback)).collect();
        let turn = match policy {
            Policy::RoundRobin => turn(&self.turns, pool),
            _ => 0,
        };
        order::by_policy(&mut candidates, policy, turn, &self.prices);
        candidates
    }

    fn candidate(&self, row: Arc<Row>, fallback: u32) -> Candidate {
        let standing = self.standings.of(row.name());
        Candidate {
            readiness: readiness(&row, &standing, false),
            standing,
            row,
            fallback,
        }
    }

    fn not_found(&self, model: &str) -> Error {
        let aliases = self.aliases.list();
        let near = self.registry.nearest_with(
            model,
            aliases
                .iter()
                .map(|alias| alias.metadata.name.to_string())
                .chain(self.registry.models()),
        );
        Error::UnknownModel {
            name: model.escape_debug().take(80).collect(),
            near,
        }
    }
}

impl Plan {
    fn of(resolved_as: ResolvedAs) -> Self {
        Self {
            resolved_as,
            policy: Policy::default(),
            on_unavailable: OnUnavailable::default(),
            timeout: None,
            first_byte_timeout: None,
            cache: None,
            is_last_resort: false,
            candidates: Vec::new(),
        }
    }

    /// The plan with these candidates, which are judged more kindly where there is nobody else.
    fn with(mut self, mut candidates: Vec<Candidate>) -> Self {
        let rests =
            |one: &Candidate| matches!(one.readiness, Readiness::Resting(_) | Readiness::Offline);
        self.is_last_resort = candidates.len() == 1 || candidates.iter().all(rests);
        if self.is_last_resort {
            for one in &mut candidates {
                one.readiness = readiness(&one.row, &one.standing, true);
            }
        }
        self.candidates = candidates;
        self
    }

    /// The place of the candidate that a request is sent to at this moment, if any.
    ///
    /// A free slot is better than a place in a queue; whoever sleeps is woken where its turn has come.
    pub(crate) fn chosen(&self) -> Option<usize> {
        let is_ready = |one: &Candidate| one.readiness == Readiness::Ready;
        let queues = !self.candidates.iter().any(is_ready);
        let takes = |one: &Candidate| match one.readiness {
            Readiness::Ready | Readiness::Asleep => true,
            Readiness::Busy => queues,
            Readiness::Full | Readiness::Resting(_) | Readiness::Offline => false,
        };
        self.candidates.iter().position(takes)
    }
}

/// Whether `row` can be called now.
fn readiness(row: &Row, standing: &Standing, only: bool) -> Readiness {
    match row.phase() {
        Phase::Inactive if row.is_virtual() => return Readiness::Offline,
        // A public row's phase tells what was seen last; only calling shows what is true now.
        Phase::Active | Phase::Inactive | Phase::Hibernating => {}
    }
    if let Admission::Refused(until) = standing.lock().breaker.look(Instant::now(), only) {
        return Readiness::Resting(until);
    }
    if row.phase() == Phase::Hibernating {
        return Readiness::Asleep;
    }
    row.live().gate.room().map_or(Readiness::Full, |is_free| {
        if is_free {
            Readiness::Ready
        } else {
            Readiness::Busy
        }
    })
}
