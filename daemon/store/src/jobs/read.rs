//! Looking at jobs.

use std::time::Duration;

use shared::job::{Attempt, Counts, Job, JobId, JobList, MAX_BATCH, Standing, Status, Waiting};
use shared::timestamp::Timestamp;

use super::row::{AttemptRow, JobRow, columns, count, job_id, worker_id};
use super::submit::json;
use super::tx::statements;
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

#[derive(sqlx::FromRow)]
struct StandingRow {
    id: String,
    status: String,
    attempts: i64,
    worker: Option<String>,
    error: Option<String>,
}

impl StandingRow {
    fn read(self) -> Result<Standing, StoreError> {
        let corrupt = |column| StoreError::corrupt(KIND, &self.id, column);
        let status: Status = self.status.parse().map_err(|_| corrupt("status"))?;
        let worker = self.worker.filter(|_| status == Status::Running);
        Ok(Standing {
            status,
            attempts: count(self.attempts).ok_or_else(|| corrupt("attempts"))?,
            worker: worker.map(|text| worker_id(&text, &self.id)).transpose()?,
            error: self.error,
            id: job_id(&self.id)?,
        })
    }
}

/// Of the jobs of the array `$1` those of principal `$2`, or all.
macro_rules! standings {
    ($rows:literal) => {
        concat!(
            "select jobs.id, jobs.status, jobs.attempts, jobs.worker, jobs.error
            from (select distinct value ->> 0 as id from ",
            $rows,
            ") given
            join jobs on jobs.id = given.id
            where $2 is null or jobs.principal = $2"
        )
    };
}
macro_rules! waited_for {
    ($rows:literal) => {
        concat!(
            "with recursive lanes (kind, waits_for) as (
                select value ->> 0, (
                    select min(waits_for) from jobs
                    where status = 'queued' and delayed = 0 and kind = value ->> 0
                        and waits_for > ''
                )
                from ",
            $rows,
            " union
                select lanes.kind, (
                    select min(jobs.waits_for) from jobs
                    where status = 'queued' and delayed = 0 and kind = lanes.kind
                        and jobs.waits_for > lanes.waits_for
                )
                from lanes
                where lanes.waits_for is not null
            )
            select distinct waits_for from lanes where waits_for is not null limit 1000"
        )
    };
}
pub(super) use {standings, waited_for};

/// The same without payload and result, which may be large.
pub(super) async fn head_row(store: &Store, id: &JobId) -> Result<Option<JobRow>, StoreError> {
    on_read!(store, |pool| {
        sqlx::query_as(concat!(
            "select ",
            columns!(),
            ", null as payload, null as labels, null as source, null as result
            from jobs
            where id = $1"
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

    /// The job `id` without payload, labels and result; while it is queued with its position: how
    /// many jobs of its kind, waiting for the same name, come before it, up to [`MAX_POSITION`].
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn head(self, id: &JobId) -> Result<Job, StoreError> {
        let row = head_row(self.store, id).await?;
        let row = row.ok_or_else(|| StoreError::not_found(KIND, id))?;
        let position = match row.status()? {
            Status::Queued => Some(self.ahead_of(&row).await?),
            _ => None,
        };
        let mut job = row.read()?;
        job.position = position;
        Ok(job)
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

    /// Whether there is such a job, and it is `principal`'s where one is given.
    pub async fn is_visible(self, id: &JobId, principal: Option<&str>) -> Result<bool, StoreError> {
        let found: Option<i64> = on_read!(self.store, |pool| {
            sqlx::query_scalar(
                "select cast(1 as bigint) from jobs
                where id = $1 and ($2 is null or principal = $2)",
            )
            .bind(id.as_str())
            .bind(principal)
            .fetch_optional(pool)
            .await
        })
        .during("look for a job")?;
        Ok(found.is_some())
    }

    /// How long jobs of `kind` that needed `waits_for` took of late, from claim to result, on the
    /// average; where there was none, those of the kind at all. `None` where neither was among the
    /// last that ended.
    pub async fn usual(self, kind: &str, waits_for: &str) -> Result<Option<Duration>, StoreError> {
        let (theirs, all): (Option<f64>, Option<f64>) = on_read!(self.store, |pool| {
            sqlx::query_as(
                "select
                    cast(avg(case when waits_for = $2 then took end) as double precision),
                    cast(avg(took) as double precision)
                from (
                    select kind, waits_for, status, ended_at - started_at as took from jobs
                    where ended_at is not null
                    order by ended_at desc
                    limit 1000
                ) lately
                where kind = $1 and status = 'done'",
            )
            .bind(kind)
            .bind(waits_for)
            .fetch_one(pool)
            .await
        })
        .during("find how long jobs take")?;
        let took = theirs.or(all);
        Ok(took.map(|millis| Duration::from_secs_f64(millis.max(0.0) / 1000.0)))
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

    /// Where jobs stand, in short; those that there are, in no order.
    ///
    /// Shape: `principal` sees its own, nobody everybody's.
    /// Errors: [`StoreError::TooMany`] beyond [`MAX_BATCH`].
    pub async fn standings(
        self,
        ids: &[JobId],
        principal: Option<&str>,
    ) -> Result<Vec<Standing>, StoreError> {
        if ids.len() > MAX_BATCH {
            return Err(StoreError::TooMany {
                what: "jobs in one call",
                limit: MAX_BATCH,
            });
        }
        // Each in an array of its own: the databases disagree on how a plain text is taken out.
        let ids: Vec<[&JobId; 1]> = ids.iter().map(|id| [id]).collect();
        let ids = json(&ids)?;
        let rows: Vec<StandingRow> = on_read!(self.store, |pool| {
            sqlx::query_as(statements(self.store).standings)
                .bind(&ids)
                .bind(principal)
                .fetch_all(pool)
                .await
        })
        .during("look up jobs")?;
        rows.into_iter().map(StandingRow::read).collect()
    }

    /// What queued jobs wait for: kinds and names with how many, ordered; at most 1000.
    pub async fn waiting(self, principal: Option<&str>) -> Result<Vec<Waiting>, StoreError> {
        let rows: Vec<(String, String, i64)> = on_read!(self.store, |pool| {
            sqlx::query_as(
                "select kind, waits_for, count(*) from jobs
                where status = 'queued' and delayed = 0 and ($1 is null or principal = $1)
                group by kind, waits_for
                order by kind, waits_for
                limit 1000",
            )
            .bind(principal)
            .fetch_all(pool)
            .await
        })
        .during("count what jobs wait for")?;
        let read = |(kind, waits_for, jobs): (String, String, i64)| Waiting {
            kind,
            waits_for,
            jobs: u64::try_from(jobs).unwrap_or(0),
            reason: None,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// The attempts of a job, the first first, the one that runs last; at most 1000.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn attempts(self, id: &JobId) -> Result<Vec<Attempt>, StoreError> {
        let row = head_row(self.store, id).await?;
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
    ///
    /// Shape: of `principal`'s jobs, of everybody's without one.
    pub async fn counts(
        self,
        ended_since: Timestamp,
        principal: Option<&str>,
    ) -> Result<Vec<Counts>, StoreError> {
        let rows: Vec<(String, String, i64)> = on_read!(self.store, |pool| {
            sqlx::query_as(
                "select kind, status, count(*) from (
                    select kind, status, principal from jobs
                    where status = 'queued' and delayed = 0
                    union all
                    select kind, status, principal from jobs
                    where status = 'queued' and delayed = 1
                    union all
                    select kind, status, principal from jobs where status = 'running'
                    union all
                    select kind, status, principal from jobs
                    where ended_at is not null and ended_at >= $1
                ) counted
                where $2 is null or principal = $2
                group by kind, status
                order by kind, status",
            )
            .bind(ended_since.as_millis())
            .bind(principal)
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

    /// The names that queued jobs of `kinds` wait for; at most 1000. Jumps from name to name,
    /// however many jobs wait for one.
    pub async fn waited_for(self, kinds: &[&str]) -> Result<Vec<String>, StoreError> {
        // Each in an array of its own: the databases disagree on how a plain text is taken out.
        let kinds: Vec<[&str; 1]> = kinds.iter().map(|kind| [*kind]).collect();
        let kinds = json(&kinds)?;
        on_read!(self.store, |pool| {
            sqlx::query_scalar(statements(self.store).waited_for)
                .bind(&kinds)
                .fetch_all(pool)
                .await
        })
        .during("find what jobs wait for")
    }
}
