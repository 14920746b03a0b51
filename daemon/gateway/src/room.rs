//! How much a model's name can take now, for whoever would rather wait than be refused.

use shared::alias::OnUnavailable;

use crate::error::Error;
use crate::infer::Gateway;
use crate::plan::{Plan, Readiness, reason};
use crate::prices::{NANO, cost_nano_usd};

/// The room of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Requests that would run at once, or after a wake.
    pub free: u32,
    /// Requests that run side by side where nobody else asks.
    pub slots: u32,
    /// Why nobody can take a request, where that is so.
    pub why: Option<String>,
    /// Whether there is such a name.
    pub is_known: bool,
    /// A name that is almost this one, where there is none.
    pub near: Option<String>,
}

/// Who an LLM is, and what some tokens cost there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    /// The provider's type.
    pub provider: Option<String>,
    /// The provider's own id of the model.
    pub model: Option<String>,
    /// US dollars, where there is a price.
    pub cost_usd: Option<f64>,
}

impl Gateway {
    /// How much `model` can take now. Changes nothing, and wakes nobody.
    pub fn room(&self, model: &str) -> Room {
        let plan = match self.inner().planner.look(model) {
            Ok(plan) => plan,
            Err(error) => {
                let near = match &error {
                    Error::UnknownModel { near, .. } => near.clone(),
                    _ => None,
                };
                return Room {
                    free: 0,
                    slots: 0,
                    why: Some(error.to_string()),
                    is_known: false,
                    near,
                };
            }
        };
        let (mut free, mut slots) = (0, 0u32);
        for one in &plan.candidates {
            let gate = &one.row.live().gate;
            match one.readiness {
                Readiness::Ready | Readiness::Asleep => free += gate.free(),
                Readiness::Busy | Readiness::Full => {}
                Readiness::Resting(_) | Readiness::Offline => continue,
            }
            slots = slots.saturating_add(gate.slots());
        }
        Room {
            free,
            slots,
            why: (slots == 0).then(|| self.why_nobody(model, &plan)),
            is_known: true,
            near: None,
        }
    }

    fn why_nobody(&self, model: &str, plan: &Plan) -> String {
        let now = self.inner().clock.now();
        let each = plan.candidates.iter().map(|one| {
            let reason = reason(one, now);
            match one.row.name().as_str() == model {
                true => reason,
                false => format!("`{}`: {reason}", one.row.name()),
            }
        });
        let each: Vec<_> = each.collect();
        match each.is_empty() {
            true => "it has no LLM that exists now".into(),
            false => each.join("; "),
        }
    }

    /// Whether a request for `model` that nobody can take at once shall become a job, as its alias
    /// says. Cheap where no alias says so.
    pub fn queues(&self, model: &str) -> bool {
        let alias = self.inner().planner.aliases.find(model);
        alias.is_some_and(|alias| alias.spec.on_unavailable == OnUnavailable::Queue)
    }

    /// Whether any alias queues what nobody can take.
    pub fn queues_any(&self) -> bool {
        let aliases = &self.inner().planner.aliases;
        aliases.any(|alias| alias.spec.on_unavailable == OnUnavailable::Queue)
    }

    /// Whether somebody can take a request for `model` without being woken, now or in a moment.
    /// True also for a name that there is not: the request will be told so.
    pub fn takes(&self, model: &str) -> bool {
        let Ok(plan) = self.inner().planner.look(model) else {
            return true;
        };
        let takes = |readiness| matches!(readiness, Readiness::Ready | Readiness::Busy);
        plan.candidates.iter().any(|one| takes(one.readiness))
    }

    /// Resolves when some LLM has changed after the call, so that one may have room.
    pub async fn changed(&self) {
        let mut changes = self.inner().planner.registry.watch();
        changes.next().await;
    }

    /// Who `llm` is, and what so many tokens cost there.
    pub fn served(&self, llm: &str, input: u64, output: u64) -> Served {
        let planner = &self.inner().planner;
        let Some(row) = planner.registry.find(llm) else {
            return Served::default();
        };
        let tokens = shared::usage::Tokens {
            input,
            output,
            ..Default::default()
        };
        let price = planner.prices.of(&row);
        let cost = price.map(|price| cost_nano_usd(&price, &tokens) as f64 / NANO);
        Served {
            provider: Some(row.spec().provider_type.as_str().to_owned()),
            model: Some(row.spec().model.clone()),
            cost_usd: cost,
        }
    }
}
