//! What people do to jobs by hand: cancel, retry, delete; and the sweep of old ones.

use shared::job::status::{Change, Next, step};
use shared::job::{JobId, Status};
use shared::timestamp::Timestamp;

use super::finish::CANCELED;
use super::settle::{Standing, write_settled};
use super::tx::in_job_tx;
use super::{Hint, Jobs, KIND, SWEPT_AT_ONCE};
use crate::error::{During, StoreError};

/// What became of a wish to end a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It was queued and has ended.
    Canceled,
    /// It runs; its worker learns of it by its next heartbeat.
    Asked,
    /// It had ended before, so.
    Ended(Status),
}

/// Ended jobs to be deleted.
macro_rules! old {
    ($skip:literal) => {
        concat!(
            "select jobs.id from jobs
            where ended_at is not null and ended_at < $1
            order by ended_at
            limit $2",
            $skip
        )
    };
}
pub(super) use old;

/// Deletes a job with all that belongs to it.
macro_rules! delete_all {
    ($tx:ident, $id:expr) => {
        for sql in [
            "delete from job_events where job_id = $1",
            "delete from job_attempts where job_id = $1",
            "delete from job_payloads where job_id = $1",
            "delete from jobs where id = $1",
        ] {
            sqlx::query(sql).bind($id).execute(&mut *$tx).await?;
        }
    };
}

impl Jobs<'_> {
    /// Ends a queued job; asks the worker of a running one to end it.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn cancel(self, id: &JobId, now: Timestamp) -> Result<CancelOutcome, StoreError> {
        let outcome = self.try_cancel(id, now).await.during("cancel a job")?;
        self.changed(id);
        Ok(outcome)
    }

    async fn try_cancel(self, id: &JobId, now: Timestamp) -> Result<CancelOutcome, StoreError> {
        Ok(in_job_tx!(self.store, |tx, sql| {
            let found: Option<Standing> = sqlx::query_as(sql.one)
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            let row = found.ok_or_else(|| StoreError::not_found(KIND, id))?;
            match step(row.status()?, Change::CancelAsked) {
                Next::Refused => CancelOutcome::Ended(row.status()?),
                Next::AskWorker => {
                    sqlx::query("update jobs set cancel_requested = 1 where id = $1")
                        .bind(id.as_str())
                        .execute(&mut *tx)
                        .await?;
                    CancelOutcome::Asked
                }
                Next::Become(_) => {
                    let settled = row.settle(Change::CancelAsked)?;
                    let settled: Vec<_> =
                        settled.map(|it| it.because(CANCELED)).into_iter().collect();
                    write_settled!(tx, sql, &settled, now);
                    CancelOutcome::Canceled
                }
            }
        }))
    }

    /// Queues an ended job anew, with all its attempts before it; the old ones stay in its history.
    ///
    /// Errors: [`StoreError::NotFound`]; [`StoreError::Stale`] where it has not ended;
    /// [`StoreError::Conflict`] where another job has its unique key by now.
    pub async fn retry(self, id: &JobId, now: Timestamp) -> Result<(), StoreError> {
        self.try_retry(id, now)
            .await
            .map_err(|error| match error {
                StoreError::Internal { source, .. } => {
                    StoreError::on_insert(source, "unfinished job with the unique key of job", id)
                }
                error => error,
            })
            .during("retry a job")?;
        self.changed(id);
        self.store.job_hints().tell(Hint::Queued(None));
        Ok(())
    }

    async fn try_retry(self, id: &JobId, now: Timestamp) -> Result<(), StoreError> {
        in_job_tx!(self.store, |tx, sql| {
            let found: Option<Standing> = sqlx::query_as(sql.one)
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            let row = found.ok_or_else(|| StoreError::not_found(KIND, id))?;
            let Some(settled) = row.settle(Change::Retried)? else {
                // Here and now: a transaction that is merely dropped keeps its lock a moment
                // longer, and a claim would step over the job.
                tx.rollback().await?;
                return Err(StoreError::stale(KIND, id));
            };
            write_settled!(tx, sql, &[settled], now);
            // A deadline that has passed would end it at once.
            sqlx::query(
                "update jobs
                set attempts = 0,
                    queued_at = $2,
                    deadline_at = case when deadline_at <= $2 then null else deadline_at end
                where id = $1",
            )
            .bind(id.as_str())
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await?;
        });
        Ok(())
    }

    /// Deletes an ended job with all that belongs to it.
    ///
    /// Errors: [`StoreError::NotFound`]; [`StoreError::Stale`] where it has not ended.
    pub async fn delete(self, id: &JobId) -> Result<(), StoreError> {
        self.try_delete(id).await.during("delete a job")?;
        self.changed(id);
        Ok(())
    }

    async fn try_delete(self, id: &JobId) -> Result<(), StoreError> {
        in_job_tx!(self.store, |tx, sql| {
            let found: Option<Standing> = sqlx::query_as(sql.one)
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            let row = found.ok_or_else(|| StoreError::not_found(KIND, id))?;
            if !row.status()?.is_ended() {
                tx.rollback().await?;
                return Err(StoreError::stale(KIND, id));
            }
            delete_all!(tx, id.as_str());
        });
        Ok(())
    }

    /// Deletes the jobs that ended before `ended_before`, and the idempotency keys as old as that.
    /// Answers how many jobs.
    ///
    /// Goes in small steps, each a transaction of its own.
    pub async fn purge(self, ended_before: Timestamp) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let step = self.try_purge(ended_before).await;
            let step = step.during("delete old jobs")?;
            purged += step;
            if step < SWEPT_AT_ONCE as u64 {
                return Ok(purged);
            }
        }
    }

    async fn try_purge(self, ended_before: Timestamp) -> Result<u64, StoreError> {
        Ok(in_job_tx!(self.store, |tx, sql| {
            let ids: Vec<String> = sqlx::query_scalar(sql.old)
                .bind(ended_before.as_millis())
                .bind(SWEPT_AT_ONCE)
                .fetch_all(&mut *tx)
                .await?;
            for id in &ids {
                delete_all!(tx, id.as_str());
            }
            sqlx::query(
                "delete from job_keys
                where created_at < $1 and (principal, key) in (
                    select principal, key from job_keys
                    where created_at < $1
                    order by created_at
                    limit $2
                )",
            )
            .bind(ended_before.as_millis())
            .bind(SWEPT_AT_ONCE)
            .execute(&mut *tx)
            .await?;
            ids.len() as u64
        }))
    }

    fn changed(self, id: &JobId) {
        let ids = vec![id.clone()].into();
        self.store.job_hints().tell(Hint::Changed(ids));
    }
}
