//! The reconciler: what the config wants against what is offered.
//!
//! ```text
//! config ──► slots (one per entry: adapter, poller, health) ──► Published ──► link: register again
//!            health polls ──┘                                            └──► serve, control
//! ```
//! A change of one entry touches that entry's slot only. An entry that is no longer to be published
//! is out of the next snapshot, at once; requests that already run are finished.

mod health;
mod poll;
mod provider;
mod published;

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use providers::Provider;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::DropGuard;

pub use health::{Failed, Health, Seen, for_server};
pub use provider::Workshop;
pub use published::{InFlight, Listed, Published, Served};

use crate::config::{Config, ProviderConfig};
use poll::Polled;

/// Poll results that may wait.
const RESULTS: usize = 64;
/// At the start, the first polls may take this long before the first offer is made without them.
const SETTLE: Duration = Duration::from_secs(2);

/// Keeps [`Published`] true to the config and to the providers' health. To be run.
pub struct Reconciler {
    lifecycle: Lifecycle,
    workshop: Workshop,
    config: watch::Receiver<Arc<Config>>,
    published: watch::Sender<Arc<Published>>,
    slots: Vec<Slot>,
    pollers: u64,
    results: (mpsc::Sender<Polled>, mpsc::Receiver<Polled>),
    settled: bool,
}

/// One entry of the config.
struct Slot {
    config: Arc<ProviderConfig>,
    health: Health,
    adapter: Option<Provider>,
    served: Option<Arc<Served>>,
    suspect: Arc<Notify>,
    poller: u64,
    /// Stops the polls when dropped.
    polling: Option<DropGuard>,
}

impl Reconciler {
    /// A reconciler that has not looked at the config yet.
    pub fn new(
        lifecycle: Lifecycle,
        workshop: Workshop,
        config: watch::Receiver<Arc<Config>>,
    ) -> (Self, watch::Receiver<Arc<Published>>) {
        let published = watch::Sender::new(Arc::default());
        let offered = published.subscribe();
        let reconciler = Self {
            lifecycle,
            workshop,
            config,
            published,
            slots: Vec::new(),
            pollers: 0,
            results: mpsc::channel(RESULTS),
            settled: false,
        };
        (reconciler, offered)
    }

    /// Runs until the soft stop.
    pub async fn run(mut self) {
        let settled_by = Instant::now() + SETTLE;
        self.apply().await;
        loop {
            let stopping = self.lifecycle.soft_token();
            tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                changed = self.config.changed() => match changed {
                    Ok(()) => self.apply().await,
                    Err(_) => return,
                },
                Some(polled) = self.results.1.recv() => self.take(polled),
                () = tokio::time::sleep_until(settled_by), if !self.settled => self.settled = true,
            }
            self.publish();
        }
    }

    /// Takes over a changed config: first what is withdrawn, then what is new.
    async fn apply(&mut self) {
        let config = self.config.borrow_and_update().clone();
        let mut old = std::mem::take(&mut self.slots);
        for wanted in &config.providers {
            let same = |slot: &Slot| slot.config.reaches_the_same(wanted);
            let mut slot = match old.iter().position(same) {
                Some(at) => old.swap_remove(at),
                None => Slot::new(wanted),
            };
            slot.config = Arc::new(wanted.clone());
            // The key may be another one under the same reference.
            if wanted.api_key.is_some() && matches!(slot.health, Health::Down(_)) {
                slot.polling = None;
            }
            self.slots.push(slot);
        }
        drop(old);
        self.publish();
        // Also an entry that is not published is polled: its owner sees whether it would work.
        let mut slots = std::mem::take(&mut self.slots);
        for slot in slots.iter_mut().filter(|slot| slot.polling.is_none()) {
            self.start(slot).await;
        }
        self.slots = slots;
    }

    /// Builds the adapter of `slot` and begins to poll it. Without a key that is tried again at the
    /// next change of the config.
    async fn start(&mut self, slot: &mut Slot) {
        match self.workshop.make(&slot.config).await {
            Ok(adapter) => {
                self.pollers += 1;
                slot.poller = self.pollers;
                slot.polling = Some(poll::start(
                    &self.lifecycle,
                    slot.poller,
                    slot.config.clone(),
                    adapter.clone(),
                    slot.suspect.clone(),
                    self.results.0.clone(),
                ));
                slot.health = Health::Unknown;
                slot.adapter = Some(adapter);
            }
            Err(failed) => slot.health = Health::Down(failed),
        }
    }

    fn take(&mut self, polled: Polled) {
        let mut slots = self.slots.iter_mut();
        let Some(slot) = slots.find(|slot| slot.poller == polled.poller) else {
            return;
        };
        let busy = slot
            .served
            .as_ref()
            .is_some_and(|served| served.in_flight() > 0);
        if busy && matches!(&polled.found, Err(failed) if failed.too_slow) {
            // Many servers answer nothing else while they generate.
            return;
        }
        let before = std::mem::replace(&mut slot.health, Health::Unknown);
        let was_offered = before.offered().is_some();
        slot.health = before.after(polled.found);
        let name = slot.config.name.as_str();
        match (&slot.health, was_offered) {
            (Health::Ready(seen), false) => {
                tracing::info!(llm.name = name, model = &*seen.model, "provider ready");
            }
            (Health::Shaky(_, failed), _) => {
                tracing::debug!(llm.name = name, why = failed.for_owner, "a poll failed");
            }
            (Health::Down(failed), true) => {
                let why = &*failed.for_owner;
                tracing::warn!(llm.name = name, why, "provider not ready: withdrawn");
            }
            _ => {}
        }
    }

    /// Hands out a new snapshot where it differs from the last one.
    fn publish(&mut self) {
        let known = |slot: &Slot| slot.health != Health::Unknown;
        let wanted = |slot: &&Slot| slot.config.publish;
        self.settled |= self.slots.iter().filter(wanted).all(known);
        if !self.settled {
            return;
        }
        let listed: Vec<Listed> = self.slots.iter_mut().map(Slot::listed).collect();
        let offered = || listed.iter().filter(|listed| listed.is_offered());
        let served = offered().filter_map(|listed| {
            let served = listed.served.clone()?;
            Some((listed.config.name.clone(), served))
        });
        self.published.send_replace(Arc::new(Published {
            wanted: self.slots.iter().any(|slot| slot.config.publish),
            offers: offered().filter_map(Listed::offer).collect(),
            served: served.collect(),
            listed,
        }));
    }
}

impl Slot {
    fn new(config: &ProviderConfig) -> Self {
        Self {
            config: Arc::new(config.clone()),
            health: Health::Unknown,
            adapter: None,
            served: None,
            suspect: Arc::default(),
            poller: 0,
            polling: None,
        }
    }

    fn listed(&mut self) -> Listed {
        if let (Some(seen), Some(adapter)) = (self.health.offered(), &self.adapter) {
            let same = |served: &Arc<Served>| served.model == seen.model;
            if !self.served.as_ref().is_some_and(same) {
                let (model, suspect) = (seen.model.clone(), self.suspect.clone());
                let served = Served::new(adapter.clone(), model, suspect);
                self.served = Some(Arc::new(served));
            }
        }
        Listed {
            config: self.config.clone(),
            health: self.health.clone(),
            served: self.served.clone(),
        }
    }
}
