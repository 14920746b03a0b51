//! One attempt of one job, from its claim to the word that ends it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::job::{Claimed, Complete, Fail, Json};
use store::jobs::{Heard, Lease};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::models::{Refused, Then};
use crate::queue::Queue;
use crate::work::ask::{Brought, work};
use crate::work::dispatch::Dispatcher;
use crate::work::rooms::OnTheWay;
use crate::work::{AGAIN, SERVER};

/// Heartbeats within one lease: two may be lost.
const BEATS_PER_LEASE: u32 = 3;

/// One attempt.
pub(super) struct Run {
    dispatcher: Arc<Dispatcher>,
    claimed: Claimed,
    lease: Lease,
    /// Cancelled when somebody wants the job to end.
    unwanted: CancellationToken,
    began: Instant,
}

/// How it ended.
enum End {
    Brought(Brought),
    Refused(Refused),
    /// Somebody wants no result.
    Unwanted,
    /// The deadline passed, or the lease is another's: there is nothing more to say.
    Over,
    /// The server stops.
    PutBack,
}

/// What a heartbeat found.
enum Beat {
    Held,
    Unwanted,
    Lost,
}

impl Run {
    pub(super) fn new(dispatcher: Arc<Dispatcher>, claimed: Claimed) -> Self {
        let id = claimed.job.id.clone();
        let running = &dispatcher.queue.0.running;
        let unwanted = running.entry(id.clone()).or_default().clone();
        let lease = Lease {
            job_id: id,
            lease_token: claimed.lease_token.clone(),
        };
        Self {
            claimed,
            lease,
            unwanted,
            began: Instant::now(),
            dispatcher,
        }
    }

    fn queue(&self) -> &Queue {
        &self.dispatcher.queue
    }

    /// Works, and writes down what came of it.
    pub(super) async fn finish(self, on_the_way: OnTheWay) {
        let end = self.work(on_the_way).await;
        // A word that the database can't take now is said again, until the lease is another's.
        loop {
            match self.write(&end).await {
                Ok(()) | Err(Error::Stale) => return,
                Err(error) if error.retryable() => tokio::time::sleep(AGAIN).await,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(job.id = %self.lease.job_id, error, "a job's end can't be written");
                    return;
                }
            }
        }
    }

    async fn work(&self, on_the_way: OnTheWay) -> End {
        let queue = self.queue();
        let work = work(queue, &self.claimed, &self.lease, on_the_way);
        let put_back = self.dispatcher.settings.put_back.cancelled();
        let over = self.deadline_passed();
        // Beside the work and not in its stead: a chunk that is being written holds what the heartbeat waits for.
        let beats = self.beats();
        tokio::select! {
            biased;
            () = self.unwanted.cancelled() => End::Unwanted,
            () = over => End::Over,
            () = put_back => End::PutBack,
            done = work => match done {
                Ok(brought) => End::Brought(brought),
                Err(refused) => End::Refused(refused),
            },
            end = beats => end,
        }
    }

    /// Keeps the lease, until there is nothing to keep.
    async fn beats(&self) -> End {
        let mut beats = tokio::time::interval(self.dispatcher.settings.lease / BEATS_PER_LEASE);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is the claim's.
        beats.tick().await;
        loop {
            beats.tick().await;
            match self.beat().await {
                Beat::Held => {}
                Beat::Unwanted => return End::Unwanted,
                Beat::Lost => return End::Over,
            }
        }
    }

    /// Resolves when the job's time is up: what comes then is wanted by nobody.
    async fn deadline_passed(&self) {
        match self.claimed.job.deadline_at {
            Some(at) => tokio::time::sleep(at.since(self.queue().now())).await,
            None => std::future::pending().await,
        }
    }

    async fn beat(&self) -> Beat {
        let jobs = self.queue().0.store.jobs();
        let extend = self.dispatcher.settings.lease;
        match jobs.heartbeat(&self.lease, extend).await {
            Ok(Heard::Extended {
                cancel_requested: true,
            }) => Beat::Unwanted,
            Ok(Heard::Extended { .. }) => Beat::Held,
            Ok(Heard::Stale) => Beat::Lost,
            // The model goes on: the database may be back before the lease ends.
            Err(_) => Beat::Held,
        }
    }

    async fn write(&self, end: &End) -> Result<(), Error> {
        let queue = self.queue();
        match end {
            End::Brought(brought) => {
                let entry = Complete {
                    job_id: self.lease.job_id.clone(),
                    lease_token: self.lease.lease_token.clone(),
                    result: brought.result.clone(),
                    metrics: Some(self.metrics(Some(brought))),
                };
                queue.complete(vec![entry], SERVER).await?;
            }
            End::Refused(refused) if refused.then == Then::Wait => {
                tracing::debug!(job.id = %self.lease.job_id, why = refused.message, "a job is put back: it waits");
                if let Some(name) = &self.claimed.job.waits_for {
                    self.dispatcher.rooms.rest(name);
                }
                self.put_back().await?;
            }
            End::Refused(refused) => {
                self.fail(&refused.message, refused.then == Then::Again)
                    .await?;
            }
            End::Unwanted => self.fail("the job was canceled", false).await?,
            // Who waits for its end sees it at the next look at deadlines.
            End::Over => {}
            End::PutBack => self.put_back().await?,
        }
        Ok(())
    }

    async fn fail(&self, error: &str, retryable: bool) -> Result<(), Error> {
        let entry = Fail {
            job_id: self.lease.job_id.clone(),
            lease_token: self.lease.lease_token.clone(),
            error: error.to_owned(),
            metrics: Some(self.metrics(None)),
            retryable,
        };
        self.queue().fail(vec![entry], SERVER).await.map(drop)
    }

    async fn put_back(&self) -> Result<(), Error> {
        let (jobs, now) = (self.queue().0.store.jobs(), self.queue().now());
        jobs.park(std::slice::from_ref(&self.lease), now).await?;
        Ok(())
    }

    fn metrics(&self, brought: Option<&Brought>) -> Json {
        let took: Duration = self.began.elapsed();
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let mut metrics = json!({"duration_ms": took});
        if let Some(llm) = brought.and_then(|brought| brought.llm.as_ref()) {
            metrics["llm"] = llm.as_str().into();
        }
        if let Some(text) = brought.and_then(|brought| brought.content_type.as_ref()) {
            metrics["content_type"] = text.as_str().into();
        }
        metrics.into()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.queue().0.running.remove(&self.lease.job_id);
    }
}
