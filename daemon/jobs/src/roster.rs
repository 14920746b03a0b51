//! The workers that were heard of since the server started, for people who look. In memory alone:
//! what a worker may do is decided by its leases, not by this list.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use shared::job::{Json, Platform, WorkerId};
use shared::timestamp::Timestamp;

/// Workers that are remembered; beyond, the one that was silent longest is forgotten.
const MAX_WORKERS: usize = 1000;

/// A worker that was heard of.
#[derive(Clone, Debug, Serialize)]
pub struct KnownWorker {
    /// Its id.
    pub worker_id: WorkerId,
    /// How it described itself.
    #[serde(flatten)]
    pub platform: Platform,
    /// On whose behalf it works.
    pub principal: String,
    /// When it was heard last.
    pub seen_at: Timestamp,
    /// What it told of itself last.
    pub metrics: Option<Json>,
    /// What it measured last.
    pub benchmark: Option<Json>,
}

#[derive(Default)]
pub(crate) struct Roster(Mutex<HashMap<WorkerId, KnownWorker>>);

impl Roster {
    /// Notes that `id` was heard, and lets `change` add to what is known.
    pub(crate) fn heard(
        &self,
        id: &WorkerId,
        principal: &str,
        now: Timestamp,
        change: impl FnOnce(&mut KnownWorker),
    ) {
        let mut workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !workers.contains_key(id) && workers.len() >= MAX_WORKERS {
            let oldest = workers.values().min_by_key(|worker| worker.seen_at);
            if let Some(oldest) = oldest.map(|worker| worker.worker_id.clone()) {
                workers.remove(&oldest);
            }
        }
        let worker = workers.entry(id.clone()).or_insert_with(|| KnownWorker {
            worker_id: id.clone(),
            platform: Platform::default(),
            principal: principal.to_owned(),
            seen_at: now,
            metrics: None,
            benchmark: None,
        });
        // An id is the worker's own to choose: what is shown is the last one's.
        principal.clone_into(&mut worker.principal);
        worker.seen_at = now;
        change(worker);
    }

    /// Those known, ordered by id.
    pub(crate) fn list(&self) -> Vec<KnownWorker> {
        let workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = workers.values().cloned().collect();
        all.sort_by(|a, b| a.worker_id.cmp(&b.worker_id));
        all
    }
}
