//! What the worker of a job says: heartbeat, complete, fail, park. Each is fenced by the lease
//! token; a stale one changes nothing and is answered so, entry by entry.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use shared::job::status::{Change, Then, after_failure};
use shared::job::{Complete, Fail, JobId, LeaseToken, MAX_BATCH, Status};
use shared::timestamp::Timestamp;

use super::done;
use super::settle::{Settled, Standing, write_settled};
use super::submit::json;
use super::tx::in_job_tx;
use super::{BackoffOf, Hint, Jobs};
use crate::backend::Backend;
use crate::error::{During, StoreError};

/// A job and the right to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    /// The token that its claim gave.
    pub lease_token: LeaseToken,
}

/// What became of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It was written; the job is in this status now.
    Written(Status),
    /// The token does not hold (any more), or there is no such job. Nothing has changed.
    Stale,
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The lease is longer now. Whether somebody wants the job to end.
    Extended {
        /// Stop, and report a failure: it will end as canceled.
        cancel_requested: bool,
    },
    /// The token does not hold any more: drop the work.
    Stale,
}

/// The lease goes by the database's clock.
macro_rules! heartbeat {
    ($now:literal) => {
        concat!(
            "update jobs set lease_until = ",
            $now,
            " + $3
            where id = $1 and lease_token = $2 and status = 'running'
            returning cancel_requested"
        )
    };
}
pub(super) use heartbeat;

/// One entry of a batch, whatever it says.
struct Said<'a> {
    job: &'a JobId,
    token: &'a LeaseToken,
    what: What<'a>,
}

enum What<'a> {
    Completed(&'a Complete),
    Failed(&'a Fail),
    Parked,
}

impl Jobs<'_> {
    /// Makes the lease last `extend` from now.
    pub async fn heartbeat(self, lease: &Lease, extend: Duration) -> Result<Heard, StoreError> {
        let extend_ms = i64::try_from(extend.as_millis()).unwrap_or(i64::MAX / 4);
        let heard = self.try_heartbeat(lease, extend_ms).await;
        Ok(match heard.during("extend a job's lease")? {
            Some(asked) => Heard::Extended {
                cancel_requested: asked != 0,
            },
            None => Heard::Stale,
        })
    }

    async fn try_heartbeat(self, lease: &Lease, ms: i64) -> Result<Option<i64>, StoreError> {
        Ok(in_job_tx!(self.store, |tx, sql| {
            sqlx::query_scalar(sql.heartbeat)
                .bind(lease.job_id.as_str())
                .bind(lease.lease_token.as_str())
                .bind(ms)
                .fetch_optional(&mut *tx)
                .await?
        }))
    }

    /// Writes results; the jobs are done. One that somebody wanted to end is done too: it is.
    ///
    /// Shape: an answer per entry, in order; of two entries with one token the second is stale.
    /// Errors: [`StoreError::TooMany`] beyond [`MAX_BATCH`].
    pub async fn complete(
        self,
        entries: &[Complete],
        now: Timestamp,
    ) -> Result<Vec<Finished>, StoreError> {
        if let Backend::Postgres(pool) = self.store.backend() {
            return self.complete_at_once(pool, entries, now).await;
        }
        let said: Vec<Said<'_>> = entries
            .iter()
            .map(|entry| Said {
                job: &entry.job_id,
                token: &entry.lease_token,
                what: What::Completed(entry),
            })
            .collect();
        self.hear(&said, &|_| Duration::ZERO, now).await
    }

    async fn complete_at_once(
        self,
        pool: &sqlx::PgPool,
        entries: &[Complete],
        now: Timestamp,
    ) -> Result<Vec<Finished>, StoreError> {
        few(entries.len())?;
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let written = done::write(pool, entries, now).await;
        let answers = written.during("write down the results of jobs")?;
        let changed = entries.iter().map(|entry| entry.job_id.clone());
        self.store
            .job_hints()
            .tell(Hint::Changed(changed.collect()));
        Ok(answers)
    }

    /// Writes failures: queued again after `backoff` where another attempt may help and is left,
    /// canceled where somebody wanted that, else the job ends as an error.
    ///
    /// Shape and errors as [`Jobs::complete`].
    pub async fn fail(
        self,
        entries: &[Fail],
        backoff: BackoffOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<Finished>, StoreError> {
        let said: Vec<Said<'_>> = entries
            .iter()
            .map(|entry| Said {
                job: &entry.job_id,
                token: &entry.lease_token,
                what: What::Failed(entry),
            })
            .collect();
        self.hear(&said, backoff, now).await
    }

    /// Puts claimed jobs back that nobody can serve now; these attempts don't count. They are
    /// claimed again by whoever does not call their name absent; so a parked job needs no waking.
    ///
    /// Shape and errors as [`Jobs::complete`].
    pub async fn park(self, leases: &[Lease], now: Timestamp) -> Result<Vec<Finished>, StoreError> {
        let said: Vec<Said<'_>> = leases
            .iter()
            .map(|lease| Said {
                job: &lease.job_id,
                token: &lease.lease_token,
                what: What::Parked,
            })
            .collect();
        self.hear(&said, &|_| Duration::ZERO, now).await
    }

    async fn hear(
        self,
        said: &[Said<'_>],
        backoff: BackoffOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<Finished>, StoreError> {
        few(said.len())?;
        if said.is_empty() {
            return Ok(Vec::new());
        }
        let settled = self.try_hear(said, backoff, now).await;
        let settled = settled.during("write down what became of jobs")?;
        let mut became: BTreeMap<&str, Status> = settled
            .iter()
            .map(|settled| (settled.id.as_str(), settled.becomes))
            .collect();
        let tokens: BTreeMap<&str, Option<&str>> = settled
            .iter()
            .map(|settled| (settled.id.as_str(), settled.token.as_deref()))
            .collect();
        let answers = said
            .iter()
            .map(|said| {
                let id = said.job.as_str();
                // A late word about a job leaves the answer to whoever holds it now.
                let holds = tokens.get(id) == Some(&Some(said.token.as_str()));
                match holds.then(|| became.remove(id)).flatten() {
                    Some(status) => Finished::Written(status),
                    None => Finished::Stale,
                }
            })
            .collect();
        let changed: Vec<JobId> = said.iter().map(|said| said.job.clone()).collect();
        self.store.job_hints().tell(Hint::Changed(changed.into()));
        Ok(answers)
    }

    async fn try_hear(
        self,
        said: &[Said<'_>],
        backoff: BackoffOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<Settled>, StoreError> {
        #[derive(Serialize)]
        struct Given<'a> {
            job_id: &'a str,
        }
        let given: BTreeSet<&str> = said.iter().map(|said| said.job.as_str()).collect();
        let given: Vec<Given<'_>> = given.iter().map(|job_id| Given { job_id }).collect();
        let given = json(&given)?;
        Ok(in_job_tx!(self.store, |tx, sql| {
            let standing: Vec<Standing> = sqlx::query_as(sql.given)
                .bind(&given)
                .fetch_all(&mut *tx)
                .await?;
            let settled = decide(said, &standing, backoff, now)?;
            write_settled!(tx, sql, &settled, now);
            settled
        }))
    }
}

fn few(entries: usize) -> Result<(), StoreError> {
    if entries > MAX_BATCH {
        return Err(StoreError::TooMany {
            what: "entries in one batch",
            limit: MAX_BATCH,
        });
    }
    Ok(())
}

/// What becomes of the jobs whose token holds; of two entries with that token the first counts.
fn decide(
    said: &[Said<'_>],
    standing: &[Standing],
    backoff: BackoffOf<'_>,
    now: Timestamp,
) -> Result<Vec<Settled>, StoreError> {
    let by_id: BTreeMap<&str, &Standing> =
        standing.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut seen = BTreeSet::new();
    let mut settled = Vec::with_capacity(said.len());
    for said in said {
        let Some(row) = by_id.get(said.job.as_str()) else {
            continue;
        };
        let holds = row.lease_token.as_deref() == Some(said.token.as_str());
        if !holds || !seen.insert(said.job) {
            continue;
        }
        let change = match &said.what {
            What::Completed(_) => row.settle(Change::Completed)?.map(|change| (change, None)),
            What::Parked if row.cancel_requested != 0 => {
                let change = row.settle(Change::Failed(Then::Cancel))?;
                change.map(|change| (change.because(CANCELED), None))
            }
            What::Parked => row.settle(Change::Parked)?.map(|change| (change, None)),
            What::Failed(fail) => {
                let then = row.after_failure(fail.retryable);
                let change = row.settle(Change::Failed(then))?;
                let run_at = now.plus(backoff(row.attempts_so_far()));
                change.map(|change| (change.because(&fail.error), Some(run_at)))
            }
        };
        let Some((change, run_at)) = change else {
            continue;
        };
        let change = match &said.what {
            What::Completed(done) => change.bringing(
                Some(done.result.as_str()),
                done.metrics.as_ref().map(|metrics| metrics.as_str()),
            ),
            What::Failed(fail) => {
                change.bringing(None, fail.metrics.as_ref().map(|metrics| metrics.as_str()))
            }
            What::Parked => change,
        };
        settled.push(match run_at {
            Some(run_at) if run_at > now => change.not_before(run_at.as_millis()),
            _ => change,
        });
    }
    Ok(settled)
}

/// Why a canceled job has no result.
pub(super) const CANCELED: &str = "the job was canceled";

impl Standing {
    /// Attempts that began.
    pub(super) fn attempts_so_far(&self) -> u32 {
        u32::try_from(self.attempts).unwrap_or(0)
    }

    /// What follows upon an attempt without a result.
    pub(super) fn after_failure(&self, retryable: bool) -> Then {
        after_failure(
            self.attempts_so_far(),
            u32::try_from(self.max_attempts).unwrap_or(0),
            retryable,
            self.cancel_requested != 0,
        )
    }
}
