//! Where a request would go, and why not elsewhere, in words.

use shared::llm::LlmKind;
use shared::route::{self, Explanation, ResolvedAs, Verdict};
use shared::timestamp::Timestamp;
use tokio::time::Instant;

use crate::error::{Error, offline_since};
use crate::plan::{Candidate, Plan, Planner, Readiness};

impl Planner {
    /// Explains where a request for `model` would go at `now`. Changes nothing.
    ///
    /// Errors: [`Error::UnknownModel`].
    pub(crate) fn explain(&self, model: &str, now: Timestamp) -> Result<Explanation, Error> {
        let plan = self.look(model)?;
        let chosen = plan.chosen();
        let candidates: Vec<_> = plan
            .candidates
            .iter()
            .enumerate()
            .map(|(at, one)| self.told(one, Some(at) == chosen, now))
            .collect();
        let would_go_to = chosen.map(|at| plan.candidates[at].row.name().clone());
        Ok(Explanation {
            model: model.to_owned(),
            resolved_as: plan.resolved_as,
            policy: plan.policy,
            on_unavailable: plan.on_unavailable,
            summary: summary(model, &plan, chosen, &candidates),
            would_go_to,
            candidates,
        })
    }

    fn told(&self, one: &Candidate, is_chosen: bool, now: Timestamp) -> route::Candidate {
        let row = &one.row;
        let price = self.prices.of(row);
        let first_byte_ms = one.standing.lock().numbers.first_byte_ms;
        let verdict = match (is_chosen, takes(one.readiness)) {
            (true, _) => Verdict::Chosen,
            (false, true) => Verdict::Standby,
            (false, false) => Verdict::Excluded,
        };
        route::Candidate {
            llm: row.name().clone(),
            kind: row.spec().kind,
            phase: row.phase(),
            fallback: one.fallback,
            verdict,
            reason: reason(one, now),
            in_flight: row.live().gate.in_flight(),
            queued: row.live().gate.queued(),
            ttft_ms: first_byte_ms.map(|ms| ms.round() as u64),
            price: price.map(|price| price.input + price.output),
        }
    }
}

/// Whether a request would be sent there.
fn takes(readiness: Readiness) -> bool {
    match readiness {
        Readiness::Ready | Readiness::Busy | Readiness::Asleep => true,
        Readiness::Full | Readiness::Resting(_) | Readiness::Offline => false,
    }
}

/// Why, as a clause.
pub(crate) fn reason(one: &Candidate, now: Timestamp) -> String {
    let row = &one.row;
    let gate = &row.live().gate;
    let rank = match one.fallback {
        0 => String::new(),
        at => format!("fallback {at}; "),
    };
    let why = match one.readiness {
        Readiness::Ready => "it can take a request at once".into(),
        Readiness::Busy => format!("its slots are taken, {} wait", gate.queued()),
        Readiness::Full => format!(
            "it is full: {} running, {} waiting",
            gate.in_flight(),
            gate.queued()
        ),
        Readiness::Asleep => "it is asleep and would be woken".into(),
        Readiness::Resting(until) => {
            let at = now.plus(until.saturating_duration_since(Instant::now()));
            let breaker = one.standing.lock().breaker;
            match (breaker.until(), breaker.cooling_until()) {
                (None, Some(_)) => format!("its provider asked for a pause until {at}"),
                _ => format!("its breaker is {} until {at}", breaker.state()),
            }
        }
        Readiness::Offline => offline_since(row.inactive_since()),
    };
    rank + &why
}

fn summary(
    model: &str,
    plan: &Plan,
    chosen: Option<usize>,
    candidates: &[route::Candidate],
) -> String {
    let what = match plan.resolved_as {
        ResolvedAs::Llm => "LLM",
        ResolvedAs::Alias => "alias",
        ResolvedAs::Pool => "pool",
    };
    let kind = |one: &route::Candidate| match one.kind {
        LlmKind::Public => "public",
        LlmKind::Virtual => "virtual",
    };
    let left_out = candidates
        .iter()
        .filter(|one| one.verdict == Verdict::Excluded)
        .map(|one| format!("not `{}`: {}", one.llm, one.reason));
    let left_out: Vec<_> = left_out.collect();
    let mut text = match chosen.map(|at| &candidates[at]) {
        Some(one) => format!(
            "a request for the {what} `{model}` would go to `{}` ({}): {}",
            one.llm,
            kind(one),
            one.reason
        ),
        None if candidates.is_empty() => {
            format!("the {what} `{model}` has no LLM that exists now")
        }
        None => format!("nobody would take a request for the {what} `{model}` now"),
    };
    if !left_out.is_empty() {
        text += "; ";
        text += &left_out.join("; ");
    }
    text
}
