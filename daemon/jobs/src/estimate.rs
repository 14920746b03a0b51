//! When a queued job may begin.

use std::time::Duration;

use dashmap::DashMap;
use shared::job::Job;
use store::{Store, StoreError};
use tokio::time::Instant;

use crate::models::{Models, Room};

/// How long a mean is good for.
const FRESH: Duration = Duration::from_secs(5);
/// Means that are remembered; beyond, they are read again.
const MAX_MEANS: usize = 1000;

/// What is known of how long jobs take.
#[derive(Default)]
pub(crate) struct Estimates(DashMap<(String, String), Mean>);

#[derive(Clone, Copy)]
struct Mean {
    took: Option<Duration>,
    read_at: Instant,
}

/// What is told to who waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outlook {
    pub(crate) eta_s: Option<u64>,
    pub(crate) reason: Option<String>,
}

impl Estimates {
    /// The outlook of a queued job: the mean time that jobs like it took lately, times the turns
    /// ahead of it. While nobody can serve it, counted from when somebody can.
    pub(crate) async fn of(
        &self,
        job: &Job,
        store: &Store,
        models: &dyn Models,
    ) -> Result<Outlook, StoreError> {
        let room = job.waits_for.as_deref().map(|name| models.room(name));
        let ahead = job.position.unwrap_or(0);
        let mean = self.mean(store, job).await?;
        Ok(Outlook {
            eta_s: eta(ahead, room.as_ref(), mean),
            reason: room.and_then(|room| room.why),
        })
    }

    async fn mean(&self, store: &Store, job: &Job) -> Result<Option<Duration>, StoreError> {
        let name = job.waits_for.clone().unwrap_or_default();
        let key = (job.kind.clone(), name);
        let known = self.0.get(&key).map(|mean| *mean);
        if let Some(mean) = known.filter(|mean| mean.read_at.elapsed() < FRESH) {
            return Ok(mean.took);
        }
        let took = store.jobs().usual(&key.0, &key.1).await?;
        if self.0.len() >= MAX_MEANS {
            self.0.clear();
        }
        let read_at = Instant::now();
        self.0.insert(key, Mean { took, read_at });
        Ok(took)
    }
}

fn eta(ahead: u64, room: Option<&Room>, mean: Option<Duration>) -> Option<u64> {
    let slots = room.map_or(1, |room| u64::from(room.slots.max(1)));
    let starts_at_once = room.is_some_and(|room| u64::from(room.free) > ahead);
    if starts_at_once {
        return Some(0);
    }
    // Somebody who runs now is half through, on the average; the turns ahead follow.
    let is_busy = room.is_some_and(|room| room.free == 0 && room.why.is_none());
    let turns = (ahead / slots) as f64 + if is_busy { 0.5 } else { 0.0 };
    let seconds = mean?.as_secs_f64() * turns;
    Some(seconds.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_counts_turns_and_is_none_where_nothing_is_known() {
        let room = |free, why: Option<&str>| Room {
            free,
            slots: 2,
            why: why.map(Into::into),
            is_known: true,
            near: None,
        };
        let ten = Some(Duration::from_secs(10));
        assert_eq!(eta(0, Some(&room(1, None)), None), Some(0));
        assert_eq!(eta(4, Some(&room(0, None)), ten), Some(25));
        assert_eq!(eta(4, Some(&room(0, Some("away"))), ten), Some(20));
        assert_eq!(eta(4, Some(&room(0, None)), None), None);
        assert_eq!(eta(3, None, ten), Some(30));
    }
}
