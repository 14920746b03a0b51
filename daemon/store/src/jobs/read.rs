//! Looking at jobs.

use shared::job::{Attempt, Counts, Job, JobId, JobList, Status};
use shared::timestamp::Timestamp;

use super::row::{AttemptRow, JobRow, columns, count, job_id, worker_id};
use super::{Jobs, KIND};
use crate::Store;
use crate::backend::on_read;
use crate::bounds::MAX_PAGE;
use crate::error::{During, StoreError};

/// The farthest back in the queue that a position is told; a job beyond is told this.
pub const MAX_POSITION: u64 = 10_000;

/// Which jobs are listed. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this status.
    pub status: Option<Status>,
    /// Of this kind.
    pub kind: Option<String>,
    /// On this principal's behalf.
    pub principal: Option<String>,
    /// Older than this one: the last of the page before.
    pub cursor: Option<JobId>,
}

/// The job called `id`, with payload and result.
pub(super) async fn job_row(store: &Store, id: &JobId) -> Result<Option<JobRow>, StoreError> {
    on_read!(store, |pool| {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            ", job_payloads.payload, job_payloads.labels, job_payloads.source, (
                select result from job_attempts
                where job_id = jobs.id and jobs.status = 'done' and outcome = 'done'
                order by started_event desc
                limit 1
            ) as result
            from jobs
            left join job_payloads on job_payloads.job_id = jobs.id
            where jobs.id = $1"
        ))
        .bind(id.as_str())
        .fetch_optional(pool)
        .await
    })
    .during("read a job")
}

impl Jobs<'_> {
    /// The job `id`, with payload, result and, while it is queued, its position.
    pub async fn find(self, id: &JobId) -> Result<Option<Job>, StoreError> {
        let Some(row) = job_row(self.store, id).await? else {
            return Ok(None);
        };
        let position = match row.status()? {
            Status::Queued => Some(self.ahead_of(&row).await?),
            _ => None,
        };
        let mut job = row.read()?;
        job.position = position;
        Ok(Some(job))
    }

    /// The job `id`, which is expected to be there.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn get(self, id: &JobId) -> Result<Job, StoreError> {
        let found = self.find(id).await?;
        found.ok_or_else(|| StoreError::not_found(KIND, id))
    }

    /// How many jobs of its kind, waiting for the same name, come before a queued one; `None`
    /// where it is not queued. Told up to [`MAX_POSITION`].
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn position(self, id: &JobId) -> Result<Option<u64>, StoreError> {
        Ok(self.get(id).await?.position)
    }

    async fn ahead_of(self, row: &JobRow) -> Result<u64, StoreError> {
        let ahead: i64 = on_read!(self.store, |pool| {
            sqlx::query_scalar(
                "select count(*) from (
                    select 1 from jobs
                    where status = 'queued' and delayed = 0 and kind = $1 and waits_for = $2
                        and (rank, seq) < ($3, $4)
                    limit $5
                ) ahead",
            )
            .bind(&row.kind)
            .bind(&row.waits_for)
            .bind(row.rank)
            .bind(row.seq)
            .bind(MAX_POSITION as i64)
            .fetch_one(pool)
            .await
        })
        .during("find a job's position")?;
        Ok(u64::try_from(ahead).unwrap_or(0))
    }

    /// A page of jobs, without payloads, results and positions.
    ///
    /// Shape: newest first, at most `limit` and never more than 1000.
    pub async fn list(self, filter: &Filter, limit: u32) -> Result<JobList, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        // After every id: ids are hexadecimal.
        let before = filter.cursor.as_ref().map_or("g", JobId::as_str);
        let rows: Vec<JobRow> = on_read!(self.store, |pool| {
            // The statuses by name, so that the index over the few that failed is used.
            let select = match filter.status {
                Some(Status::Error | Status::Canceled | Status::Expired) => {
                    sqlx::query_as(concat!(
                    "select ",
                    columns!(),
                    ", null as payload, job_payloads.labels, job_payloads.source, null as result
                    from jobs
                    left join job_payloads on job_payloads.job_id = jobs.id
                    where jobs.status in ('error', 'canceled', 'expired') and jobs.status = $1
                        and jobs.id < $2
                        and ($3 is null or jobs.kind = $3)
                        and ($4 is null or jobs.principal = $4)
                    order by jobs.id desc
                    limit $5"
                ))
                }
                _ => sqlx::query_as(concat!(
                    "select ",
                    columns!(),
                    ", null as payload, job_payloads.labels, job_payloads.source, null as result
                    from jobs
                    left join job_payloads on job_payloads.job_id = jobs.id
                    where ($1 is null or jobs.status = $1)
                        and jobs.id < $2
                        and ($3 is null or jobs.kind = $3)
                        and ($4 is null or jobs.principal = $4)
                    order by jobs.id desc
                    limit $5"
                )),
            };
            select
                .bind(filter.status.map(Status::as_str))
                .bind(before)
                .bind(filter.kind.as_deref())
                .bind(filter.principal.as_deref())
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await
        })
        .during("list jobs")?;
        let is_full = rows.len() == limit as usize;
        let next = rows.last().filter(|_| is_full).map(|row| job_id(&row.id));
        let jobs: Result<Vec<Job>, _> = rows.into_iter().map(JobRow::read).collect();
        Ok(JobList {
            jobs: jobs?,
            next_cursor: next.transpose()?,
        })
    }

    /// The attempts of a job, the first first, the one that runs last; at most 1000.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn attempts(self, id: &JobId) -> Result<Vec<Attempt>, StoreError> {
        let row = job_row(self.store, id).await?;
        let row = row.ok_or_else(|| StoreError::not_found(KIND, id))?;
        let ended = self.attempt_rows(id).await?;
        let is_known = |event| ended.iter().any(|attempt| attempt.started_event == event);
        let running = match (
            row.status()?,
            row.started_event,
            row.started_at,
            &row.worker,
        ) {
            (Status::Running, Some(event), Some(started_at), Some(worker)) if !is_known(event) => {
                Some(Attempt {
                    number: count(row.attempts).unwrap_or(0),
                    worker: worker_id(worker, id.as_str())?,
                    started_at: Timestamp::from_millis(started_at),
                    ended_at: None,
                    outcome: None,
                    error: None,
                    metrics: None,
                })
            }
            _ => None,
        };
        let read = |attempt: AttemptRow| attempt.read(id.as_str());
        let ended: Result<Vec<Attempt>, _> = ended.into_iter().map(read).collect();
        let mut attempts = ended?;
        attempts.extend(running);
        Ok(attempts)
    }

    /// How many jobs there are per kind and status: all that have not ended, and those that ended
    /// at or after `ended_since`. Ordered by kind and status.
    pub async fn counts(self, ended_since: Timestamp) -> Result<Vec<Counts>, StoreError> {
        let rows: Vec<(String, String, i64)> = on_read!(self.store, |pool| {
            sqlx::query_as(
                "select kind, status, count(*) from (
                    select kind, status from jobs where status = 'queued' and delayed = 0
                    union all
                    select kind, status from jobs where status = 'queued' and delayed = 1
                    union all
                    select kind, status from jobs where status = 'running'
                    union all
                    select kind, status from jobs where ended_at is not null and ended_at >= $1
                ) counted
                group by kind, status
                order by kind, status",
            )
            .bind(ended_since.as_millis())
            .fetch_all(pool)
            .await
        })
        .during("count jobs")?;
        let read = |(kind, status, jobs): (String, String, i64)| {
            let status = status.parse();
            Ok(Counts {
                status: status.map_err(|_| StoreError::corrupt("jobs of kind", &kind, "status"))?,
                kind,
                jobs: u64::try_from(jobs).unwrap_or(0),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// The names that queued jobs of `kind` wait for, in order; at most 1000. Jumps from name to
    /// name, however many jobs wait for one.
    pub async fn waited_for(self, kind: &str) -> Result<Vec<String>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_scalar(
                "with recursive names (name) as (
                    select (
                        select min(waits_for) from jobs
                        where status = 'queued' and delayed = 0 and kind = $1 and waits_for > ''
                    )
                    union all
                    select (
                        select min(waits_for) from jobs
                        where status = 'queued' and delayed = 0 and kind = $1 and waits_for > name
                    )
                    from names
                    where name is not null
                )
                select name from names where name is not null limit 1000",
            )
            .bind(kind)
            .fetch_all(pool)
            .await
        })
        .during("find what jobs wait for")
    }
}
