//! Rows that a publisher offers.

use std::sync::Arc;

use shared::channel::{Conflict, Offer};
use shared::llm::{LlmKind, LlmSpec, Phase};
use shared::timestamp::Timestamp;
use store::StoreError;
use store::llms::{HeldBy, NameConflict, Offered};

use crate::Registry;
use crate::changes::Change;
use crate::row::Row;

/// What became of an offer.
#[derive(Debug, Default)]
pub struct OfferOutcome {
    /// The rows that the session serves now, ordered by name.
    pub rows: Vec<Arc<Row>>,
    /// The names that were refused.
    pub conflicts: Vec<Conflict>,
}

impl Registry {
    /// Turns the whole offer of a session into rows; rows that it does not name are withdrawn.
    ///
    /// A row that the session served already keeps its phase; every other is inactive until the
    /// channel is proven. A name that another publisher of the same principal serves now is a
    /// conflict; one that it served before is taken over.
    /// Errors: [`StoreError`]; then nothing has changed.
    pub async fn register_offer(
        &self,
        session: &str,
        principal: &str,
        offers: &[Offer],
        now: Timestamp,
    ) -> Result<OfferOutcome, StoreError> {
        let _writing = self.0.writing.lock().await;
        let held = |offer: &&Offer| self.is_held_by_another(offer, session, principal);
        let mut conflicts: Vec<_> = offers.iter().filter(held).map(held_by_own).collect();
        let offered: Vec<_> = offers
            .iter()
            .filter(|offer| !held(offer))
            .map(offered)
            .collect();
        let registered = self
            .0
            .store
            .llms()
            .register(session, principal, &offered, now)
            .await?;
        let mut outcome = OfferOutcome::default();
        for llm in registered.withdrawn {
            self.take_over(llm, session, now);
        }
        for llm in registered.llms {
            let row = self.take_over(llm, session, now);
            outcome.rows.push(row);
        }
        conflicts.extend(registered.conflicts.into_iter().map(conflict));
        outcome.conflicts = conflicts;
        Ok(outcome)
    }

    /// Whether another publisher of the same principal serves the name now. Taking it over would
    /// pull it from under requests, and the two would pull it to and fro.
    fn is_held_by_another(&self, offer: &Offer, session: &str, principal: &str) -> bool {
        self.find(offer.name.as_str()).is_some_and(|row| {
            row.is_virtual()
                && row.owner() == Some(principal)
                && row.phase() != Phase::Inactive
                && row.session() != Some(session)
        })
    }

    /// Takes a row over from the store, with the phase that is true here.
    fn take_over(&self, llm: shared::llm::Llm, session: &str, now: Timestamp) -> Arc<Row> {
        let before = self.find(llm.metadata.name.as_str());
        let mut row = Row::new(llm, before.as_deref());
        let kept = before
            .as_ref()
            .filter(|before| before.session() == Some(session) && row.session() == Some(session));
        let phase = kept.map_or(Phase::Inactive, |before| before.phase());
        if row.phase() != phase {
            row = row.in_phase(phase, now);
            self.not_saved(row.name());
        }
        let unchanged = before
            .as_ref()
            .is_some_and(|before| before.is_same_as(&row));
        let is_new = before.is_none();
        let row = self.put(row);
        if !unchanged {
            self.tell(if is_new {
                Change::Added(row.clone())
            } else {
                Change::Modified(row.clone())
            });
        }
        row
    }
}

fn offered(offer: &Offer) -> Offered {
    Offered {
        name: offer.name.clone(),
        spec: LlmSpec {
            kind: LlmKind::Virtual,
            provider_type: offer.provider_type,
            model: offer.model.clone(),
            tier: offer.tier.clone(),
            url: None,
            key: None,
            capabilities: offer.capabilities.clone(),
            context_window: offer.context_window,
            max_concurrency: offer.max_concurrency,
            max_queue: offer.max_queue,
            breaker: None,
            stream_usage: offer.stream_usage,
            wake_timeout: offer.wake_timeout,
            extra: serde_json::Map::new(),
        },
    }
}

fn held_by_own(offer: &Offer) -> Conflict {
    Conflict {
        name: offer.name.clone(),
        message: "another publisher of yours serves this name now: rename it on one of them".into(),
    }
}

fn conflict(conflict: NameConflict) -> Conflict {
    let message = match conflict.held_by {
        HeldBy::PublicLlm => "a public LLM has this name",
        HeldBy::AnotherPrincipal => "another principal publishes under this name",
    };
    Conflict {
        name: conflict.name,
        message: message.into(),
    }
}
