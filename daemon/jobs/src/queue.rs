//! The queue as its edges see it: submit, look, cancel, retry, delete.
//!
//! What workers say stands in `claim.rs`, what watchers hear in `watch.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use kit::clock::SharedClock;
use kit::random::SharedRandom;
use sha2::{Digest, Sha256};
use shared::job::{
    Complete, Counts, Fail, Job, JobId, JobList, Looked, Lookup, MAX_BATCH, Status, Submit,
    Summary, WorkerId,
};
use shared::timestamp::Timestamp;
use store::jobs::{CancelOutcome, Filter, Finished, IdempotencyKey, NewJob};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::backoff::Retries;
use crate::batch::Batcher;
use crate::bell::Bell;
use crate::error::Error;
use crate::estimate::Estimates;
use crate::kinds::{Deferred, Kind};
use crate::models::Models;
use crate::roster::Roster;

/// Ended jobs are counted that far back.
const COUNTED: Duration = Duration::from_secs(24 * 3600);
/// What is running is listed up to this.
const MAX_RUNNING: u32 = 1000;

/// The queue. Cheap to clone; clones are the same queue.
#[derive(Clone)]
pub struct Queue(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    pub(crate) models: Arc<dyn Models>,
    pub(crate) retries: Retries,
    pub(crate) retention: Duration,
    pub(crate) bell: Bell,
    pub(crate) estimates: Estimates,
    pub(crate) roster: Roster,
    pub(crate) submits: Batcher<Arc<Submission>, Vec<JobId>>,
    pub(crate) completions: Batcher<Arc<[Complete]>, Vec<Finished>>,
    pub(crate) failures: Batcher<Arc<[Fail]>, Vec<Finished>>,
    /// This server's id as a worker, the same in its next life.
    pub(crate) worker_id: WorkerId,
    /// What the server's own workers run: cancelled when somebody wants the job to end.
    pub(crate) running: DashMap<JobId, CancellationToken>,
}

/// What a queue is made of.
pub struct Parts {
    /// Where jobs are.
    pub store: Store,
    /// The time of day.
    pub clock: SharedClock,
    /// Chance.
    pub random: SharedRandom,
    /// The way to models.
    pub models: Arc<dyn Models>,
    /// How long a failed job waits.
    pub retries: Retries,
    /// How long ended jobs are kept.
    pub retention: Duration,
    /// This server's id as a worker, the same in its next life.
    pub worker_id: WorkerId,
}

/// Jobs of one caller, on their way into a commit.
pub(crate) struct Submission {
    pub(crate) jobs: Vec<NewJob>,
    pub(crate) principal: String,
}

/// Who submits.
#[derive(Clone, Copy, Debug)]
pub struct Submitter<'a> {
    /// The principal.
    pub principal: &'a str,
    /// The access token's public id.
    pub token_id: &'a str,
}

/// Who looks.
#[derive(Clone, Copy, Debug)]
pub enum Viewer<'a> {
    /// Sees every job.
    Admin,
    /// Sees its own.
    Principal(&'a str),
}

impl<'a> Viewer<'a> {
    pub(crate) const fn principal(self) -> Option<&'a str> {
        match self {
            Self::Admin => None,
            Self::Principal(principal) => Some(principal),
        }
    }
}

/// Jobs that are on disk.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Their ids, in order.
    pub ids: Vec<JobId>,
    /// What looks like mistakes, each once.
    pub warnings: Vec<String>,
}

impl Queue {
    /// A queue of these parts; nothing moves before [`Queue::run`].
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            store: parts.store,
            clock: parts.clock,
            random: parts.random,
            models: parts.models,
            retries: parts.retries,
            retention: parts.retention,
            bell: Bell::default(),
            estimates: Estimates::default(),
            roster: Roster::default(),
            submits: Batcher::new(
                MAX_BATCH,
                |submission| submission.jobs.len(),
                |one, other| one.principal == other.principal,
            ),
            completions: Batcher::new(MAX_BATCH, |entries| entries.len(), |_, _| true),
            failures: Batcher::new(MAX_BATCH, |entries| entries.len(), |_, _| true),
            worker_id: parts.worker_id,
            running: DashMap::new(),
        }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Stores jobs, all or none; they are on disk when this returns. `key` is the caller's
    /// idempotency key with the body that it came with.
    ///
    /// Errors: [`Error::BadJob`] with the field; [`Error::Conflict`] for a key that came with
    /// another body; the store's.
    pub async fn submit(
        &self,
        jobs: Vec<Submit>,
        by: Submitter<'_>,
        key: Option<(&str, &[u8])>,
    ) -> Result<Accepted, Error> {
        let mut names = BTreeSet::new();
        let mut new = Vec::with_capacity(jobs.len());
        for submit in jobs {
            submit.check()?;
            if submit.kind == Deferred::KIND {
                let why = "jobs of the kind `gateway.request` are made by `Prefer: respond-async`";
                return Err(Error::BadJob(why.into()));
            }
            let job = self.planned(submit, by)?;
            names.extend(job.waits_for.clone());
            new.push(job);
        }
        let warnings = names.iter().filter_map(|name| self.warning(name)).collect();
        let ids = match key {
            None => self.store_together(new, by.principal).await?,
            Some((key, body)) => {
                let key = IdempotencyKey {
                    key: key.to_owned(),
                    body_hash: hash(body),
                };
                let now = self.now();
                let stored = self.0.store.jobs();
                stored.submit(&new, by.principal, Some(&key), now).await?
            }
        };
        Ok(Accepted { ids, warnings })
    }

    /// Stores a request that nobody could take.
    pub async fn defer(&self, deferred: &Deferred, by: Submitter<'_>) -> Result<Job, Error> {
        let payload = deferred.payload();
        let payload = payload.map_err(|why| Error::BadJob(why.to_string()))?;
        let submit = Submit::new(Deferred::KIND, payload);
        submit.check()?;
        let job = self.planned(submit, by)?;
        let ids = self.store_together(vec![job], by.principal).await?;
        let id = ids.into_iter().next();
        let id = id.ok_or_else(|| Error::NotFound("-".into()))?;
        self.get(&id, Viewer::Principal(by.principal), false).await
    }

    fn planned(&self, submit: Submit, by: Submitter<'_>) -> Result<NewJob, Error> {
        let waits_for = match Kind::find(&submit.kind) {
            Some(kind) => {
                let task = kind.read(&submit.payload)?;
                task.waits_for().map(str::to_owned)
            }
            None => None,
        };
        Ok(NewJob {
            submit,
            waits_for,
            token_id: by.token_id.to_owned(),
        })
    }

    async fn store_together(&self, jobs: Vec<NewJob>, by: &str) -> Result<Vec<JobId>, Error> {
        let principal = by.to_owned();
        let submission = Arc::new(Submission { jobs, principal });
        self.0.submits.commit(submission).await
    }

    fn warning(&self, name: &str) -> Option<String> {
        let room = self.0.models.room(name);
        if room.is_known {
            return None;
        }
        let near = room.near.map(|near| format!("; did you mean `{near}`?"));
        Some(format!(
            "nobody has an LLM, alias or model `{name}` now: its jobs wait until somebody does{}",
            near.unwrap_or_default()
        ))
    }

    /// A job, with what is known of its turn while it is queued, and its attempts where `history`
    /// is wanted.
    ///
    /// Errors: [`Error::NotFound`] also for a job that is not the viewer's.
    pub async fn get(&self, id: &JobId, viewer: Viewer<'_>, history: bool) -> Result<Job, Error> {
        let found = self.0.store.jobs().find(id).await?;
        let mut job = visible(found, id, viewer)?;
        if job.status == Status::Queued {
            let (store, models) = (&self.0.store, &*self.0.models);
            let outlook = self.0.estimates.of(&job, store, models).await?;
            (job.eta_s, job.reason) = (outlook.eta_s, outlook.reason);
        }
        if history {
            job.history = self.0.store.jobs().attempts(id).await?;
        }
        Ok(job)
    }

    /// Jobs without payloads and results, newest first, a page at a time.
    pub async fn list(
        &self,
        mut filter: Filter,
        viewer: Viewer<'_>,
        limit: u32,
    ) -> Result<JobList, Error> {
        filter.principal = viewer.principal().map(str::to_owned);
        Ok(self.0.store.jobs().list(&filter, limit).await?)
    }

    /// Where many jobs stand; those that there are and that are the viewer's.
    pub async fn lookup(&self, lookup: &Lookup, viewer: Viewer<'_>) -> Result<Looked, Error> {
        if lookup.ids.len() > MAX_BATCH {
            return Err(Error::BadJob("`ids` may name 1000 jobs at most".into()));
        }
        let jobs = self.0.store.jobs();
        let jobs = jobs.standings(&lookup.ids, viewer.principal()).await?;
        Ok(Looked { jobs })
    }

    /// How many jobs have not ended, by kind and status.
    pub async fn unfinished(&self) -> Result<Vec<Counts>, Error> {
        let since = Timestamp::from_millis(i64::MAX);
        Ok(self.0.store.jobs().counts(since, None).await?)
    }

    /// How many jobs stand where, what runs, and what waits for what.
    pub async fn summary(&self, viewer: Viewer<'_>) -> Result<Summary, Error> {
        let (now, jobs) = (self.now(), self.0.store.jobs());
        let ago = |span: Duration| {
            let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            Timestamp::from_millis(now.as_millis().saturating_sub(millis))
        };
        let since = ago(COUNTED);
        let counts = jobs.counts(since, viewer.principal()).await?;
        let minute = ago(Duration::from_secs(60));
        let lately = jobs.counts(minute, viewer.principal()).await?;
        let ended = lately.iter().filter(|count| count.status.is_ended());
        let running = Filter {
            status: Some(Status::Running),
            ..Filter::default()
        };
        let running = self.list(running, viewer, MAX_RUNNING).await?;
        let mut waiting = jobs.waiting(viewer.principal()).await?;
        let mut reasons = BTreeMap::new();
        for lane in waiting.iter_mut().filter(|lane| !lane.waits_for.is_empty()) {
            let reason = reasons
                .entry(lane.waits_for.clone())
                .or_insert_with(|| self.0.models.room(&lane.waits_for).why);
            lane.reason.clone_from(reason);
        }
        Ok(Summary {
            counts,
            running: running.jobs,
            waiting,
            ended_per_minute: ended.map(|count| count.jobs).sum(),
            since,
        })
    }

    /// Ends a queued job; asks the worker of a running one to end it. Idempotent.
    ///
    /// Errors: [`Error::NotFound`].
    pub async fn cancel(&self, id: &JobId, viewer: Viewer<'_>) -> Result<Job, Error> {
        self.check_visible(id, viewer).await?;
        let outcome = self.0.store.jobs().cancel(id, self.now()).await?;
        let job = self.get(id, viewer, false).await?;
        if outcome != CancelOutcome::Asked || !self.stop_here(&job) {
            return Ok(job);
        }
        let job = self.get(id, viewer, false).await?;
        if job.status != Status::Running {
            // It ended in between: its next attempt is wanted until somebody says otherwise.
            self.0.running.remove(id);
        }
        Ok(job)
    }

    /// Stops the job at once where it runs in this server. Answers whether it does.
    fn stop_here(&self, job: &Job) -> bool {
        let is_ours = job.worker.as_ref() == Some(&self.0.worker_id);
        // An echo is over before anybody could stop it.
        if !is_ours || job.status != Status::Running || job.kind == Kind::Echo.as_str() {
            return false;
        }
        // It may have been claimed and not have begun: it finds the token cancelled then.
        self.0.running.entry(job.id.clone()).or_default().cancel();
        true
    }

    /// Queues an ended job anew.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::Conflict`] where it has not ended.
    pub async fn retry(&self, id: &JobId, viewer: Viewer<'_>) -> Result<Job, Error> {
        self.check_visible(id, viewer).await?;
        match self.0.store.jobs().retry(id, self.now()).await {
            Err(StoreError::Stale { .. }) => Err(Error::Conflict(format!(
                "the job `{id}` has not ended, so it can't be retried"
            ))),
            Err(StoreError::Conflict { .. }) => Err(Error::Conflict(format!(
                "another job has the unique key of `{id}` by now"
            ))),
            other => Ok(other?),
        }?;
        self.get(id, viewer, false).await
    }

    /// Deletes an ended job with its attempts and events. Answers what it was.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::Conflict`] where it has not ended.
    pub async fn delete(&self, id: &JobId, viewer: Viewer<'_>) -> Result<Job, Error> {
        let job = self.get(id, viewer, false).await?;
        match self.0.store.jobs().delete(id).await {
            Err(StoreError::Stale { .. }) => Err(Error::Conflict(format!(
                "the job `{id}` has not ended: cancel it first"
            ))),
            other => Ok(other?),
        }?;
        Ok(job)
    }

    pub(crate) async fn check_visible(&self, id: &JobId, viewer: Viewer<'_>) -> Result<(), Error> {
        let seen = self.0.store.jobs().is_visible(id, viewer.principal());
        match seen.await? {
            true => Ok(()),
            false => Err(Error::NotFound(id.to_string())),
        }
    }
}

fn visible(found: Option<Job>, id: &JobId, viewer: Viewer<'_>) -> Result<Job, Error> {
    let is_theirs = |job: &Job| viewer.principal().is_none_or(|one| one == job.principal);
    let found = found.filter(is_theirs);
    found.ok_or_else(|| Error::NotFound(id.to_string()))
}

fn hash(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            use std::fmt::Write;
            let _ = write!(text, "{byte:02x}");
            text
        })
}
