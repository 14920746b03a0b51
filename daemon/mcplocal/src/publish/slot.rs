//! One entry of the config, and all that is known and done about it.

use std::sync::Arc;

use providers::Provider;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::DropGuard;

use super::health::{Failed, Health, Seen};
use super::poll::Pace;
use super::published::{Listed, Served};
use super::sleeper::{Bed, Hands, Sleeper};
use crate::config::ProviderConfig;

/// One entry of the config.
pub(super) struct Slot {
    pub(super) config: Arc<ProviderConfig>,
    pub(super) health: Health,
    pub(super) adapter: Option<Provider>,
    pub(super) served: Option<Arc<Served>>,
    pub(super) pace: Arc<Pace>,
    pub(super) poller: u64,
    /// Stops the polls when dropped.
    pub(super) polling: Option<DropGuard>,
    pub(super) sleeper: Sleeper,
    /// What the last poll saw that saw anything.
    last_seen: Option<Seen>,
}

impl Slot {
    pub(super) fn new(config: &ProviderConfig, ear: Arc<Notify>) -> Self {
        Self {
            config: Arc::new(config.clone()),
            health: Health::Unknown,
            adapter: None,
            served: None,
            pace: Arc::default(),
            poller: 0,
            polling: None,
            sleeper: Sleeper::new(ear),
            last_seen: None,
        }
    }

    pub(super) fn bed<'a>(&'a mut self, hands: &'a mut Hands) -> Bed<'a> {
        Bed {
            sleeper: &mut self.sleeper,
            config: &self.config,
            health: &self.health,
            pace: &self.pace,
            hands,
        }
    }

    /// When time alone changes something.
    pub(super) fn due(&self) -> Option<Instant> {
        self.sleeper.due()
    }

    /// Takes over what a poll found.
    pub(super) fn polled(&mut self, found: Result<Seen, Failed>) {
        if let Ok(seen) = &found {
            self.last_seen = Some(seen.clone());
        }
        let before = std::mem::replace(&mut self.health, Health::Unknown);
        let was_offered = before.offered().is_some();
        self.health = before.after(found);
        let name = self.config.name.as_str();
        match (&self.health, was_offered) {
            (Health::Ready(seen), false) => {
                tracing::info!(llm.name = name, model = &*seen.model, "provider ready");
            }
            (Health::Shaky(_, failed), _) => {
                tracing::debug!(llm.name = name, why = failed.for_owner, "a poll failed");
            }
            (Health::Down(failed), true) if self.config.wake.is_none() => {
                let why = &*failed.for_owner;
                tracing::warn!(llm.name = name, why, "provider not ready: withdrawn");
            }
            _ => {}
        }
    }

    /// What is offered, if it is fit to be.
    fn seen(&self) -> Option<Seen> {
        if self.config.wake.is_none() {
            return self.health.offered().cloned();
        }
        self.sleeper.wakefulness()?;
        // Never seen awake: what its owner says of it must do.
        let told = || Seen {
            model: self.config.model.as_deref().unwrap_or_default().into(),
            context_window: None,
            capabilities: Vec::new(),
        };
        Some(self.last_seen.clone().unwrap_or_else(told))
    }

    /// The entry as others see it.
    pub(super) fn listed(&mut self) -> Listed {
        let seen = self.seen();
        if let (Some(seen), Some(adapter)) = (&seen, &self.adapter) {
            let same = |served: &Arc<Served>| served.model == seen.model;
            if !self.served.as_ref().is_some_and(same) {
                self.served = Some(Arc::new(Served {
                    provider: adapter.clone(),
                    model: seen.model.clone(),
                    pace: self.pace.clone(),
                    alarm: self.sleeper.alarm.clone(),
                }));
            }
        }
        Listed {
            config: self.config.clone(),
            health: self.health.clone(),
            seen,
            wakefulness: self.sleeper.wakefulness(),
            wake_failed: self.sleeper.wake_failed.clone(),
            served: self.served.clone(),
        }
    }
}
