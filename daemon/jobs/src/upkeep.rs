//! What keeps the queue going: commits, the bell, time, retention.

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use shared::job::{Complete, Fail, JobId};
use shared::timestamp::Timestamp;
use store::jobs::Finished;

use crate::error::Error;
use crate::queue::{Queue, Submission};
use crate::work::{self, Settings};

/// How often leases, deadlines and delays are looked at.
const REAP_INTERVAL: Duration = Duration::from_secs(1);
/// How often old jobs are looked for.
const PURGE_INTERVAL: Duration = Duration::from_secs(3600);
/// Between two notices to other servers: they look by themselves too.
const BETWEEN_NOTICES: Duration = Duration::from_millis(20);
/// Commits of one sort that run side by side where the database can do that.
const SIDE_BY_SIDE: usize = 2;

impl Queue {
    /// Starts everything that moves jobs, on this runtime, and returns when all of it must be
    /// dropped.
    pub async fn run(&self, settings: Settings, lifecycle: Lifecycle) {
        let bell = self.0.bell.clone();
        let changes = self.0.store.jobs().changes();
        lifecycle.spawn_behind("job hints", async move { bell.listen(changes).await });
        if self.0.store.writes_side_by_side() {
            let queue = self.clone();
            lifecycle.spawn_behind("job notices", async move { queue.tell_others().await });
        }
        let writers = match self.0.store.writes_side_by_side() {
            true => SIDE_BY_SIDE,
            false => 1,
        };
        for _ in 0..writers {
            let queue = self.clone();
            lifecycle.spawn_behind("job submits", async move { queue.write_submits().await });
            let queue = self.clone();
            lifecycle.spawn_behind("job results", async move { queue.write_results().await });
        }
        let queue = self.clone();
        lifecycle.spawn_behind("job failures", async move { queue.write_failures().await });
        let queue = self.clone();
        lifecycle.spawn_behind("job time", async move { queue.let_time_pass().await });
        let queue = self.clone();
        lifecycle.spawn_behind("job retention", async move { queue.forget_old().await });
        work::start(self, settings, &lifecycle);
        lifecycle.dropping().await;
    }

    /// Tells other servers of the same database that jobs were queued; what is queued while that is
    /// told is told together.
    async fn tell_others(&self) {
        loop {
            self.0.bell.queued().await;
            self.0.store.jobs().tell_others().await;
            tokio::time::sleep(BETWEEN_NOTICES).await;
        }
    }

    async fn write_submits(&self) {
        let write = |parts| self.clone().submit_together(parts);
        self.0.submits.serve(write).await;
    }

    async fn submit_together(self, parts: Vec<Arc<Submission>>) -> Result<Vec<Vec<JobId>>, Error> {
        let lengths = parts.iter().map(|part| part.jobs.len()).collect();
        let jobs = parts.iter().flat_map(|part| part.jobs.iter().cloned());
        let jobs: Vec<_> = jobs.collect();
        // What goes into one transaction is of one principal's.
        let principal = &parts[0].principal;
        let stored = self.0.store.jobs();
        let ids = stored.submit(&jobs, principal, None, self.now()).await?;
        Ok(split(ids, lengths))
    }

    async fn write_results(&self) {
        let write = |parts| self.clone().complete_together(parts);
        self.0.completions.serve(write).await;
    }

    async fn complete_together(
        self,
        parts: Vec<Arc<[Complete]>>,
    ) -> Result<Vec<Vec<Finished>>, Error> {
        let (all, lengths) = together(parts);
        let finished = self.0.store.jobs().complete(&all, self.now()).await?;
        Ok(split(finished, lengths))
    }

    async fn write_failures(&self) {
        let write = |parts| self.clone().fail_together(parts);
        self.0.failures.serve(write).await;
    }

    async fn fail_together(self, parts: Vec<Arc<[Fail]>>) -> Result<Vec<Vec<Finished>>, Error> {
        let (all, lengths) = together(parts);
        let backoff = |attempts| self.0.retries.after(attempts);
        let jobs = self.0.store.jobs();
        let finished = jobs.fail(&all, &backoff, self.now()).await?;
        Ok(split(finished, lengths))
    }

    async fn let_time_pass(&self) {
        let mut ticks = tokio::time::interval(REAP_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_down = false;
        loop {
            ticks.tick().await;
            let backoff = |attempts| self.0.retries.after(attempts);
            match self.0.store.jobs().reap(&backoff, self.now()).await {
                Ok(reaped) => {
                    is_down = false;
                    if reaped.lapsed > 0 {
                        let lapsed = reaped.lapsed;
                        tracing::info!(lapsed, "jobs whose workers fell silent");
                    }
                }
                // Once, and not each second while a database is away.
                Err(error) if !std::mem::replace(&mut is_down, true) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "jobs can't be looked after now; tried each second");
                }
                Err(_) => {}
            }
        }
    }

    async fn forget_old(&self) {
        let mut ticks = tokio::time::interval(PURGE_INTERVAL);
        loop {
            ticks.tick().await;
            let kept = i64::try_from(self.0.retention.as_millis()).unwrap_or(i64::MAX);
            let before = self.now().as_millis().saturating_sub(kept);
            match self
                .0
                .store
                .jobs()
                .purge(Timestamp::from_millis(before))
                .await
            {
                Ok(0) => {}
                Ok(purged) => tracing::info!(purged, "old jobs deleted"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "old jobs can't be deleted now; tried again");
                }
            }
        }
    }
}

/// What several callers say, as one list, and how much is whose.
fn together<T: Clone>(parts: Vec<Arc<[T]>>) -> (Vec<T>, Vec<usize>) {
    let lengths = parts.iter().map(|part| part.len()).collect();
    let all = parts.iter().flat_map(|part| part.iter().cloned());
    (all.collect(), lengths)
}

/// Takes apart what was written together.
fn split<A>(all: Vec<A>, lengths: Vec<usize>) -> Vec<Vec<A>> {
    let mut all = all.into_iter();
    let each = lengths.into_iter();
    each.map(|length| all.by_ref().take(length).collect())
        .collect()
}
