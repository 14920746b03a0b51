//! What workers say: register, claim, heartbeat, complete, fail. Each word about a job is fenced by
//! its lease token, and the token is good for the principal alone that claimed it.

use std::sync::Arc;
use std::time::Duration;

use kit::random::base32;
use shared::job::{
    Claim, Claimed, Complete, EntryAnswer, Event, Fail, Heartbeat, HeartbeatAnswer, JobId, Json,
    LeaseToken, Register, Registered, WorkerId,
};
use store::jobs::{ClaimRequest, Finished, Heard, Holder, Lanes, Lease};
use tokio::time::Instant;

use crate::batch::Batcher;
use crate::error::Error;
use crate::kinds::Kind;
use crate::queue::Queue;
use crate::roster::KnownWorker;

/// A claim that waits looks by itself so often.
const POLL: Duration = Duration::from_secs(1);
/// Random bytes of an id that a worker is given.
const ID_BYTES: usize = 10;

impl Queue {
    /// Takes a worker in. An id of its own stays; one without gets one.
    pub fn register(&self, register: Register, principal: &str) -> Result<Registered, Error> {
        register.check()?;
        let platform = register.worker;
        let made = || {
            let id = base32(&*self.0.random, ID_BYTES);
            format!("w-{id}").parse::<WorkerId>()
        };
        let worker_id = match platform.id.clone() {
            Some(id) => id,
            None => made().map_err(|why| Error::BadJob(why.to_string()))?,
        };
        self.0
            .roster
            .heard(&worker_id, principal, self.now(), |worker| {
                worker.platform = platform;
                worker.platform.id = None;
            });
        Ok(Registered { worker_id })
    }

    /// The workers that were heard of since the server started.
    pub fn workers(&self) -> Vec<KnownWorker> {
        self.0.roster.list()
    }

    /// Keeps what a worker tells of itself.
    pub fn note_metrics(&self, worker: &WorkerId, principal: &str, metrics: Json) {
        let now = self.now();
        let roster = &self.0.roster;
        roster.heard(worker, principal, now, |known| {
            known.metrics = Some(metrics)
        });
    }

    /// Keeps what a worker has measured.
    pub fn note_benchmark(&self, worker: &WorkerId, principal: &str, benchmark: Json) {
        let (now, roster) = (self.now(), &self.0.roster);
        roster.heard(worker, principal, now, |known| {
            known.benchmark = Some(benchmark);
        });
    }

    /// Gives a worker the most urgent jobs of its kinds, and waits for some where it asks for that.
    ///
    /// Shape: at most `limit`; none when the wait is over. Dropping the future loses nothing but
    /// what was claimed in that moment, which comes back when its lease ends.
    pub async fn claim(&self, claim: &Claim, principal: &str) -> Result<Vec<Claimed>, Error> {
        claim.check()?;
        let worker = &claim.worker_id;
        self.0.roster.heard(worker, principal, self.now(), |_| {});
        let request = ClaimRequest {
            worker,
            kinds: &claim.kinds,
            lease: Duration::from_secs(claim.lease_seconds),
            limit: claim.limit as usize,
            absent: &[],
            principal,
            lanes: lanes(&claim.kinds),
        };
        let until = Instant::now() + Duration::from_secs(claim.wait_s);
        // Before the first look, so that no ring is missed.
        let place = (claim.wait_s > 0).then(|| self.0.bell.claimer(&claim.kinds));
        loop {
            let jobs = self.0.store.jobs().claim(request, self.now()).await?;
            let Some(place) = &place else {
                return Ok(jobs);
            };
            if !jobs.is_empty() {
                place.pass_on();
                return Ok(jobs);
            }
            if Instant::now() >= until {
                return Ok(jobs);
            }
            let next = until.min(Instant::now() + POLL);
            let _ = tokio::time::timeout_at(next, place.rung()).await;
        }
    }

    /// Puts claimed jobs back that could not be handed on; these attempts don't count.
    pub async fn put_back(&self, claimed: &[Claimed]) -> Result<(), Error> {
        let lease = |claimed: &Claimed| Lease {
            job_id: claimed.job.id.clone(),
            lease_token: claimed.lease_token.clone(),
        };
        let leases: Vec<Lease> = claimed.iter().map(lease).collect();
        self.0.store.jobs().park(&leases, self.now()).await?;
        Ok(())
    }

    /// Makes a lease last longer, and keeps how far the job is.
    ///
    /// Errors: [`Error::Stale`].
    pub async fn heartbeat(
        &self,
        heartbeat: &Heartbeat,
        principal: &str,
    ) -> Result<HeartbeatAnswer, Error> {
        heartbeat.check()?;
        let (job_id, token) = (&heartbeat.job_id, &heartbeat.lease_token);
        let worker = &heartbeat.worker_id;
        self.0.roster.heard(worker, principal, self.now(), |_| {});
        let lease = held(job_id, token, principal)?;
        let extend = Duration::from_secs(heartbeat.extend_seconds);
        let heard = self.0.store.jobs().heartbeat(&lease, extend).await?;
        let Heard::Extended { cancel_requested } = heard else {
            return Err(Error::Stale);
        };
        if let Some(progress) = heartbeat.progress.clone() {
            let events = [Event::Progress(progress)];
            self.0
                .store
                .jobs()
                .append(&lease, &events, self.now())
                .await?;
        }
        Ok(HeartbeatAnswer {
            ok: true,
            canceled: cancel_requested,
        })
    }

    /// Writes results, each fenced on its own.
    ///
    /// Shape: an answer per entry, in order.
    pub async fn complete(
        &self,
        entries: Vec<Complete>,
        principal: &str,
    ) -> Result<Vec<EntryAnswer>, Error> {
        finish(&self.0.completions, entries, principal).await
    }

    /// Writes failures, each fenced on its own.
    ///
    /// Shape: an answer per entry, in order.
    pub async fn fail(
        &self,
        entries: Vec<Fail>,
        principal: &str,
    ) -> Result<Vec<EntryAnswer>, Error> {
        finish(&self.0.failures, entries, principal).await
    }
}

/// A word that ends an attempt.
trait Last {
    fn lease(&self) -> (&JobId, &LeaseToken);
}

impl Last for Complete {
    fn lease(&self) -> (&JobId, &LeaseToken) {
        (&self.job_id, &self.lease_token)
    }
}

impl Last for Fail {
    fn lease(&self) -> (&JobId, &LeaseToken) {
        (&self.job_id, &self.lease_token)
    }
}

/// Has those entries committed whose token is the principal's own, and answers all of them.
async fn finish<T: Last>(
    batcher: &Batcher<Arc<[T]>, Vec<Finished>>,
    entries: Vec<T>,
    principal: &str,
) -> Result<Vec<EntryAnswer>, Error> {
    let holder = Holder::of(principal);
    let leases = entries.iter().map(Last::lease);
    let said: Vec<(JobId, bool)> = leases
        .map(|(id, token)| (id.clone(), holder.holds(token)))
        .collect();
    let held = entries.into_iter().zip(&said);
    let held: Arc<[T]> = held
        .filter_map(|(entry, (_, holds))| holds.then_some(entry))
        .collect();
    let finished = match held.is_empty() {
        true => Vec::new(),
        false => batcher.commit(held).await?,
    };
    Ok(answers(said, finished))
}

/// Where jobs of these kinds are: only those of the server's own kinds wait for a name.
fn lanes(kinds: &[String]) -> Lanes {
    let waits = |kind: &String| Kind::find(kind).is_some_and(|kind| kind != Kind::Echo);
    match kinds.iter().any(waits) {
        true => Lanes::All,
        false => Lanes::Plain,
    }
}

/// The lease, where the token is of the principal's own.
fn held(job_id: &JobId, token: &LeaseToken, principal: &str) -> Result<Lease, Error> {
    match Holder::of(principal).holds(token) {
        true => Ok(Lease {
            job_id: job_id.clone(),
            lease_token: token.clone(),
        }),
        false => Err(Error::Stale),
    }
}

fn answers(said: Vec<(JobId, bool)>, finished: Vec<Finished>) -> Vec<EntryAnswer> {
    let mut finished = finished.into_iter();
    let each = said.into_iter().map(|(job_id, holds)| {
        let finished = holds.then(|| finished.next()).flatten();
        match finished {
            Some(Finished::Written(status)) => EntryAnswer {
                job_id,
                ok: true,
                status: Some(status),
                error: None,
            },
            Some(Finished::Stale) | None => EntryAnswer {
                job_id,
                ok: false,
                status: None,
                error: Some(Error::Stale.to_string()),
            },
        }
    });
    each.collect()
}
