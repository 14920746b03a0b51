//! Wakes who waits: claimers when there may be jobs of their kinds, watchers when something
//! happened to their job. Only ever a hint; whoever waits also looks by itself now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;
use shared::job::JobId;
use store::jobs::{Changes, Hint};
use tokio::sync::{Notify, watch};

/// The bell. Cheap to clone; clones are the same bell.
#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Claimers by what they can do.
    claimers: Mutex<HashMap<Arc<[String]>, Claimers>>,
    watched: DashMap<JobId, watch::Sender<()>>,
    /// For whoever tells other servers.
    queued_here: Notify,
}

#[derive(Default)]
struct Claimers {
    wake: Arc<Notify>,
    waiting: usize,
}

/// A claimer's place. Gone when dropped.
pub(crate) struct Place {
    bell: Bell,
    kinds: Arc<[String]>,
    wake: Arc<Notify>,
}

/// A watcher's place. Gone when dropped.
pub(crate) struct Watching {
    bell: Bell,
    id: JobId,
    news: watch::Receiver<()>,
}

impl Bell {
    /// Passes on what the store hints at, for ever.
    pub(crate) async fn listen(&self, mut changes: Changes) {
        loop {
            match changes.next().await {
                Hint::Queued(kinds) => {
                    self.wake_claimers(kinds.as_deref());
                    self.0.queued_here.notify_one();
                }
                Hint::Changed(ids) => ids.iter().for_each(|id| self.wake_watchers(id)),
                Hint::Missed => {
                    self.wake_claimers(None);
                    for watched in &self.0.watched {
                        watched.value().send_replace(());
                    }
                }
            }
        }
    }

    /// Waits for jobs of `kinds`.
    pub(crate) fn claimer(&self, kinds: &[String]) -> Place {
        let kinds: Arc<[String]> = kinds.into();
        let mut claimers = self.claimers();
        let entry = claimers.entry(kinds.clone()).or_default();
        entry.waiting += 1;
        Place {
            bell: self.clone(),
            wake: entry.wake.clone(),
            kinds,
        }
    }

    /// Watches a job.
    pub(crate) fn watch(&self, id: &JobId) -> Watching {
        let watched = self.0.watched.entry(id.clone());
        let news = watched.or_insert_with(|| watch::channel(()).0).subscribe();
        Watching {
            bell: self.clone(),
            id: id.clone(),
            news,
        }
    }

    /// Resolves when jobs were queued, here or elsewhere.
    pub(crate) async fn queued(&self) {
        self.0.queued_here.notified().await;
    }

    /// Wakes those who can do one of `kinds`, or anybody.
    fn wake_claimers(&self, queued: Option<&[String]>) {
        let can = |kinds: &[String]| match queued {
            Some(queued) => queued.iter().any(|kind| kinds.contains(kind)),
            None => true,
        };
        // One of each sort: it wakes the next where it found something.
        for (_, claimers) in self.claimers().iter().filter(|(kinds, _)| can(kinds)) {
            claimers.wake.notify_one();
        }
    }

    fn wake_watchers(&self, id: &JobId) {
        if let Some(watched) = self.0.watched.get(id) {
            watched.send_replace(());
        }
    }

    fn claimers(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<[String]>, Claimers>> {
        let claimers = self.0.claimers.lock();
        claimers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Resolves when there may be jobs. A ring while nobody listened is not lost.
    pub(crate) async fn rung(&self) {
        self.wake.notified().await;
    }

    /// Wakes the next of the same sort: there may be more jobs.
    pub(crate) fn pass_on(&self) {
        self.wake.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut claimers = self.bell.claimers();
        if let Some(entry) = claimers.get_mut(&self.kinds) {
            entry.waiting -= 1;
            if entry.waiting == 0 {
                claimers.remove(&self.kinds);
            } else {
                // It may have been woken in the moment that it went.
                entry.wake.notify_one();
            }
        }
    }
}

impl Watching {
    /// Resolves when something happened since the last call.
    pub(crate) async fn news(&mut self) {
        if self.news.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.bell
            .0
            .watched
            .remove_if(&self.id, |_, sender| sender.receiver_count() <= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_ring_before_the_wait_is_not_lost_and_places_are_given_back() {
        let bell = Bell::default();
        let place = bell.claimer(&["echo".into()]);
        bell.wake_claimers(Some(&["echo".into()]));
        place.rung().await;
        bell.wake_claimers(Some(&["other".into()]));
        let nothing = tokio::time::timeout(Duration::ZERO, place.rung()).await;
        assert!(nothing.is_err());
        drop(place);
        assert!(bell.claimers().is_empty());

        let id: JobId = "019aa5c3-1b7d-7f00-8000-000000000001".parse().unwrap();
        let mut first = bell.watch(&id);
        let second = bell.watch(&id);
        bell.wake_watchers(&id);
        first.news().await;
        drop(first);
        assert_eq!(bell.0.watched.len(), 1);
        drop(second);
        assert!(bell.0.watched.is_empty());
    }
}
