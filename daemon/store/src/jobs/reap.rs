//! What time does to jobs: leases end, deadlines pass, delays are over. A task calls this about
//! every second; several servers may do so at once, since each skips what another holds.

use shared::job::status::Change;
use shared::job::{JobId, WorkerId};
use shared::timestamp::Timestamp;

use super::finish::CANCELED;
use super::settle::{Settled, Standing, write_settled};
use super::tx::in_job_tx;
use super::{BackoffOf, Hint, Jobs, SWEPT_AT_ONCE};
use crate::error::{During, StoreError};

/// Steps of one call; what is left is the next call's.
const MAX_STEPS: usize = 100;

/// How many jobs a call has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Their lease had ended: queued again, or at an end.
    pub lapsed: u64,
    /// Their deadline had passed.
    pub expired: u64,
    /// Their `run_at` has come: they can be claimed.
    pub due: u64,
}

/// Makes delayed jobs claimable whose time has come.
macro_rules! wake {
    ($skip:literal) => {
        concat!(
            "update jobs set delayed = 0
            where id in (
                select id from jobs
                where status = 'queued' and delayed = 1 and run_at <= $1
                order by run_at
                limit $2",
            $skip,
            ")"
        )
    };
}
pub(super) use wake;

impl Jobs<'_> {
    /// Writes down what time has done: see [`Reaped`]. A lease that ended counts as a failure that
    /// may pass; its job is queued again after `backoff`, where an attempt is left.
    ///
    /// Goes in small steps, each a transaction of its own. Leases go by the database's clock,
    /// deadlines and delays by `now`.
    pub async fn reap(self, backoff: BackoffOf<'_>, now: Timestamp) -> Result<Reaped, StoreError> {
        let mut reaped = Reaped::default();
        for _ in 0..MAX_STEPS {
            let due = self.wake(now).await?;
            // Deadlines first: a job whose time is up needs no other attempt.
            let expired = self.step(Time::Deadline, backoff, now).await?;
            let lapsed = self.step(Time::Lease, backoff, now).await?;
            reaped.due += due;
            reaped.expired += expired;
            reaped.lapsed += lapsed;
            if due.max(expired).max(lapsed) < SWEPT_AT_ONCE as u64 {
                break;
            }
        }
        if reaped.due + reaped.lapsed > 0 {
            self.store.job_hints().tell(Hint::Queued(None));
        }
        Ok(reaped)
    }

    /// Ends all leases of `worker`, which is known to be gone: as where they had ended by
    /// themselves. Answers how many.
    pub async fn release(
        self,
        worker: &WorkerId,
        backoff: BackoffOf<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut released = 0;
        for _ in 0..MAX_STEPS {
            let step = self.step(Time::Gone(worker), backoff, now).await?;
            released += step;
            if step < SWEPT_AT_ONCE as u64 {
                break;
            }
        }
        if released > 0 {
            self.store.job_hints().tell(Hint::Queued(None));
        }
        Ok(released)
    }

    /// Makes delayed jobs claimable whose `run_at` has come, and answers how many.
    pub(super) async fn wake(self, now: Timestamp) -> Result<u64, StoreError> {
        self.try_wake(now).await.during("wake delayed jobs")
    }

    async fn try_wake(self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(in_job_tx!(self.store, |tx, sql| {
            sqlx::query(sql.wake)
                .bind(now.as_millis())
                .bind(SWEPT_AT_ONCE)
                .execute(&mut *tx)
                .await?
                .rows_affected()
        }))
    }

    async fn step(
        self,
        time: Time<'_>,
        backoff: BackoffOf<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let changed = self.try_step(time, backoff, now).await;
        let changed = changed.during("reap jobs")?;
        let ids: Result<Vec<JobId>, _> = changed
            .iter()
            .map(|settled| super::row::job_id(&settled.id))
            .collect();
        let count = changed.len() as u64;
        if count > 0 {
            self.store.job_hints().tell(Hint::Changed(ids?.into()));
        }
        Ok(count)
    }

    async fn try_step(
        self,
        time: Time<'_>,
        backoff: BackoffOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<Settled>, StoreError> {
        Ok(in_job_tx!(self.store, |tx, sql| {
            let query = match time {
                Time::Lease => sqlx::query_as(sql.lapsed).bind(SWEPT_AT_ONCE),
                Time::Gone(worker) => sqlx::query_as(sql.held)
                    .bind(SWEPT_AT_ONCE)
                    .bind(worker.as_str()),
                Time::Deadline => sqlx::query_as(sql.past_deadline)
                    .bind(SWEPT_AT_ONCE)
                    .bind(now.as_millis()),
            };
            let standing: Vec<Standing> = query.fetch_all(&mut *tx).await?;
            let mut settled = Vec::with_capacity(standing.len());
            for row in &standing {
                settled.extend(time.settle(row, backoff, now)?);
            }
            write_settled!(tx, sql, &settled, now);
            settled
        }))
    }
}

/// Why an attempt is over, or a job.
#[derive(Clone, Copy)]
enum Time<'a> {
    Lease,
    /// As [`Time::Lease`], since its worker will not come back.
    Gone(&'a WorkerId),
    Deadline,
}

impl Time<'_> {
    fn settle(
        self,
        row: &Standing,
        backoff: BackoffOf<'_>,
        now: Timestamp,
    ) -> Result<Option<Settled>, StoreError> {
        match self {
            Self::Deadline => {
                let settled = row.settle(Change::DeadlinePassed)?;
                Ok(settled.map(|settled| settled.because("the job's deadline passed")))
            }
            Self::Lease | Self::Gone(_) => {
                let settled = row.settle(Change::LeaseEnded(row.after_failure(true)))?;
                let why = match (row.cancel_requested, self) {
                    (0, Self::Gone(_)) => "the server that ran it ended in the middle of it",
                    (0, _) => "the worker was silent until its lease ended",
                    _ => CANCELED,
                };
                let run_at = now.plus(backoff(row.attempts_so_far()));
                Ok(settled.map(|settled| match run_at > now {
                    true => settled.because(why).not_before(run_at.as_millis()),
                    false => settled.because(why),
                }))
            }
        }
    }
}
