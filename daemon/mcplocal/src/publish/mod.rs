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
mod sleeper;
mod slot;

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

pub use health::{Failed, Health, Seen, for_server};
pub use poll::Pace;
pub use provider::Workshop;
pub use published::{Listed, Published, Served};
pub use sleeper::WakeFailed;

use crate::config::Config;
use crate::wake::Recipes;
use poll::Polled;
use sleeper::{Ended, Hands};
use slot::Slot;

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
    /// The revision of the offer that the server knows.
    told: watch::Receiver<u64>,
    slots: Vec<Slot>,
    pollers: u64,
    results: (mpsc::Sender<Polled>, mpsc::Receiver<Polled>),
    hands: Hands,
    ended: mpsc::Receiver<Ended>,
    /// Hears the alarms of all slots.
    ear: Arc<Notify>,
    settled: bool,
}

impl Reconciler {
    /// A reconciler that has not looked at the config yet. `told` is the revision of the offer that
    /// the server knows.
    pub fn new(
        lifecycle: Lifecycle,
        workshop: Workshop,
        config: watch::Receiver<Arc<Config>>,
        told: watch::Receiver<u64>,
    ) -> (Self, watch::Receiver<Arc<Published>>) {
        let published = watch::Sender::new(Arc::default());
        let offered = published.subscribe();
        let recipes = Recipes {
            client: workshop.client.clone(),
        };
        let (hands, ended) = Hands::new(lifecycle.clone(), recipes);
        let reconciler = Self {
            lifecycle,
            workshop,
            config,
            published,
            told,
            slots: Vec::new(),
            pollers: 0,
            results: mpsc::channel(RESULTS),
            hands,
            ended,
            ear: Arc::default(),
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
            let due = self.slots.iter().filter_map(Slot::due).min();
            tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                changed = self.config.changed() => match changed {
                    Ok(()) => self.apply().await,
                    Err(_) => return,
                },
                Some(polled) = self.results.1.recv() => self.take(polled),
                Some(ended) = self.ended.recv() => {
                    for slot in &mut self.slots {
                        slot.bed(&mut self.hands).ended(&ended);
                    }
                }
                () = self.ear.notified() => {
                    for slot in &mut self.slots {
                        slot.bed(&mut self.hands).listen();
                    }
                }
                Ok(()) = self.told.changed() => {
                    let revision = *self.told.borrow_and_update();
                    for slot in &mut self.slots {
                        slot.bed(&mut self.hands).told(revision);
                    }
                }
                () = elapsed(due) => {
                    for slot in &mut self.slots {
                        slot.bed(&mut self.hands).tick();
                    }
                }
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
                None => Slot::new(wanted, self.ear.clone()),
            };
            slot.config = Arc::new(wanted.clone());
            // The key may be another one under the same reference.
            if wanted.api_key.is_some() && matches!(slot.health, Health::Down(_)) {
                slot.polling = None;
            }
            slot.bed(&mut self.hands).configured();
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
                    slot.pace.clone(),
                    self.results.0.clone(),
                ));
                slot.health = Health::Unknown;
                slot.adapter = Some(adapter);
                slot.served = None;
            }
            Err(failed) => {
                slot.health = Health::Down(failed);
                slot.bed(&mut self.hands).polled(Instant::now());
            }
        }
    }

    fn take(&mut self, polled: Polled) {
        let mut slots = self.slots.iter_mut();
        let Some(slot) = slots.find(|slot| slot.poller == polled.poller) else {
            return;
        };
        let busy = slot.sleeper.alarm.in_flight() > 0;
        if busy && matches!(&polled.found, Err(failed) if failed.too_slow) {
            // Many servers answer nothing else while they generate.
            return;
        }
        slot.polled(polled.found);
        slot.bed(&mut self.hands).polled(polled.began);
    }

    /// Hands out a new snapshot.
    fn publish(&mut self) {
        let known = |slot: &Slot| slot.health != Health::Unknown;
        let wanted = |slot: &&Slot| slot.config.publish;
        self.settled |= self.slots.iter().filter(wanted).all(known);
        if !self.settled {
            return;
        }
        let revision = self.published.borrow().revision + 1;
        let listed: Vec<Listed> = self.slots.iter_mut().map(Slot::listed).collect();
        let offered = || listed.iter().filter(|listed| listed.is_offered());
        let served = offered().filter_map(|listed| {
            let served = listed.served.clone()?;
            Some((listed.config.name.clone(), served))
        });
        self.published.send_replace(Arc::new(Published {
            revision,
            wanted: self.slots.iter().any(|slot| slot.config.publish),
            offers: offered().filter_map(Listed::offer).collect(),
            served: served.collect(),
            listed,
        }));
        for slot in &mut self.slots {
            slot.bed(&mut self.hands).offered(revision);
        }
    }
}

async fn elapsed(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
