//! Storing new jobs: a few statements in one transaction, whatever their number.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shared::job::{JobId, MAX_BATCH, MAX_KEY_BYTES, Submit};
use shared::timestamp::Timestamp;

use super::stored;
use super::tx::in_job_tx;
use super::{Hint, Jobs, KIND};
use crate::backend::Backend;
use crate::bounds;
use crate::error::{During, StoreError};
use crate::ids::new_id;

/// A job to be stored; [`Submit::check`] has been called on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What the caller wants.
    pub submit: Submit,
    /// The LLM or model without which it can't run: claims leave it alone while they name this.
    pub waits_for: Option<String>,
    /// The access token on whose behalf it runs, by its public id; empty for none.
    pub token_id: String,
}

/// What makes a repeated call the same call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller's key; it counts per principal.
    pub key: String,
    /// A hash of the request's body.
    pub body_hash: String,
}

/// Of the jobs that have not ended, those of principal `$2` with one of the keys.
macro_rules! taken_keys {
    ($rows:literal) => {
        concat!(
            "select jobs.id, jobs.unique_key
            from (select value ->> 'unique_key' as unique_key from ",
            $rows,
            ") given
            join jobs on jobs.unique_key = given.unique_key
            where jobs.principal = $2 and jobs.unique_key is not null and jobs.ended_at is null"
        )
    };
}
pub(crate) use taken_keys;

macro_rules! insert_jobs {
    ($rows:literal) => {
        concat!(
            "insert into jobs (
                id, kind, status, rank, principal, waits_for, delayed, run_at, deadline_at,
                unique_key, max_attempts, queued_at, updated_at
            )
            select
                value ->> 'id',
                value ->> 'kind',
                'queued',
                cast(value ->> 'rank' as bigint),
                $2,
                value ->> 'waits_for',
                cast(value ->> 'delayed' as bigint),
                cast(value ->> 'run_at' as bigint),
                cast(value ->> 'deadline_at' as bigint),
                value ->> 'unique_key',
                cast(value ->> 'max_attempts' as bigint),
                $3,
                $3
            from ",
            $rows
        )
    };
}
pub(crate) use insert_jobs;

macro_rules! insert_payloads {
    ($rows:literal) => {
        concat!(
            "insert into job_payloads (job_id, payload, labels, source, token_id)
            select value ->> 'id', value ->> 'payload', value ->> 'labels', value ->> 'source',
                value ->> 'token_id'
            from ",
            $rows
        )
    };
}
pub(crate) use insert_payloads;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct JobRow {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) rank: i64,
    pub(super) waits_for: String,
    pub(super) delayed: u8,
    pub(super) run_at: Option<i64>,
    pub(super) deadline_at: Option<i64>,
    unique_key: Option<String>,
    pub(super) max_attempts: u32,
}

#[derive(Serialize)]
struct PayloadRow<'a> {
    id: &'a str,
    payload: &'a str,
    labels: String,
    source: Option<&'a str>,
    token_id: &'a str,
}

/// What the transaction came to.
enum Stored {
    New(Vec<String>),
    Known(Vec<String>),
    OtherBody,
}

impl Jobs<'_> {
    /// Stores `jobs` for `principal`, all or none, and answers their ids in order.
    ///
    /// Shape: a job whose unique key belongs to an unfinished one of the principal's is not
    /// stored; the id of that one stands in its place. The same `key` with the same body answers
    /// the same ids again and stores nothing, also where both calls run at once.
    /// Errors: [`StoreError::Conflict`] where the key came with another body;
    /// [`StoreError::TooMany`] beyond [`MAX_BATCH`].
    pub async fn submit(
        self,
        jobs: &[NewJob],
        principal: &str,
        key: Option<&IdempotencyKey>,
        now: Timestamp,
    ) -> Result<Vec<JobId>, StoreError> {
        let principal = bounds::principal(principal)?;
        if let Some(key) = key {
            bounds::checked("idempotency key", &key.key, MAX_KEY_BYTES)?;
            bounds::checked("body's hash", &key.body_hash, MAX_KEY_BYTES)?;
        }
        if jobs.len() > MAX_BATCH {
            return Err(StoreError::TooMany {
                what: "jobs in one batch",
                limit: MAX_BATCH,
            });
        }
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<JobRow> = jobs.iter().map(|job| self.row(job, now)).collect();
        let needs_a_look = key.is_some() || rows.iter().any(|row| row.unique_key.is_some());
        let stored = match self.store.backend() {
            Backend::Postgres(pool) if !needs_a_look => {
                let written = stored::write(pool, &rows, jobs, (principal, now.as_millis())).await;
                written.map(|()| Stored::New(rows.into_iter().map(|row| row.id).collect()))
            }
            _ => self.try_submit(jobs, rows, principal, key, now).await,
        };
        let ids = match stored.during("store jobs")? {
            Stored::New(ids) => {
                let kinds: BTreeSet<&str> = jobs.iter().map(|job| &*job.submit.kind).collect();
                let kinds = kinds.into_iter().map(str::to_owned).collect();
                self.store.job_hints().tell(Hint::Queued(Some(kinds)));
                ids
            }
            Stored::Known(ids) => ids,
            Stored::OtherBody => {
                let name = key.map(|key| key.key.clone()).unwrap_or_default();
                return Err(StoreError::Conflict {
                    kind: "idempotency key",
                    name,
                });
            }
        };
        ids.iter().map(|id| super::row::job_id(id)).collect()
    }

    fn row(self, job: &NewJob, now: Timestamp) -> JobRow {
        let submit = &job.submit;
        JobRow {
            id: new_id(now, self.store.random()),
            kind: submit.kind.clone(),
            rank: -i64::from(submit.priority),
            waits_for: bounds::cut(job.waits_for.as_deref().unwrap_or(""), MAX_KEY_BYTES),
            delayed: submit.run_at.is_some_and(|at| at > now).into(),
            run_at: submit.run_at.map(Timestamp::as_millis),
            deadline_at: submit.deadline_at.map(Timestamp::as_millis),
            unique_key: submit.unique_key.clone(),
            max_attempts: submit.max_attempts,
        }
    }

    async fn try_submit(
        self,
        jobs: &[NewJob],
        mut rows: Vec<JobRow>,
        principal: &str,
        key: Option<&IdempotencyKey>,
        now: Timestamp,
    ) -> Result<Stored, StoreError> {
        Ok(in_job_tx!(self.store, |tx, sql| {
            if let Some(key) = key {
                // Of two calls at once the second waits here until the first has committed.
                let is_new = sqlx::query(
                    "insert into job_keys (principal, key, body_hash, job_ids, created_at)
                    values ($1, $2, $3, '[]', $4)
                    on conflict (principal, key) do nothing",
                )
                .bind(principal)
                .bind(&key.key)
                .bind(&key.body_hash)
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await?
                .rows_affected()
                    == 1;
                if !is_new {
                    let (hash, ids): (String, String) = sqlx::query_as(
                        "select body_hash, job_ids from job_keys where principal = $1 and key = $2",
                    )
                    .bind(principal)
                    .bind(&key.key)
                    .fetch_one(&mut *tx)
                    .await?;
                    tx.rollback().await?;
                    if hash != key.body_hash {
                        return Ok(Stored::OtherBody);
                    }
                    let ids = serde_json::from_str(&ids)
                        .map_err(|_| StoreError::corrupt("idempotency key", &key.key, "job_ids"))?;
                    return Ok(Stored::Known(ids));
                }
            }
            if rows.iter().any(|row| row.unique_key.is_some()) {
                sqlx::query(sql.lock_unique_keys).execute(&mut *tx).await?;
                let taken: Vec<(String, String)> = sqlx::query_as(sql.taken_keys)
                    .bind(json(&rows)?)
                    .bind(principal)
                    .fetch_all(&mut *tx)
                    .await?;
                take_known(&mut rows, taken);
            }
            let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
            let (new, payloads) = only_new(&rows, jobs)?;
            sqlx::query(sql.insert_jobs)
                .bind(json(&new)?)
                .bind(principal)
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql.insert_payloads)
                .bind(json(&payloads)?)
                .execute(&mut *tx)
                .await?;
            if let Some(key) = key {
                sqlx::query("update job_keys set job_ids = $3 where principal = $1 and key = $2")
                    .bind(principal)
                    .bind(&key.key)
                    .bind(json(&ids)?)
                    .execute(&mut *tx)
                    .await?;
            }
            Stored::New(ids)
        }))
    }
}

/// Gives rows whose unique key is taken, in the database or earlier in the batch, the id of the
/// one that has it; an empty kind marks them.
fn take_known(rows: &mut [JobRow], taken: Vec<(String, String)>) {
    let mut known: BTreeMap<String, String> =
        taken.into_iter().map(|(id, key)| (key, id)).collect();
    for row in rows {
        let Some(key) = row.unique_key.clone() else {
            continue;
        };
        match known.get(&key) {
            Some(id) => {
                row.id.clone_from(id);
                row.kind.clear();
            }
            None => {
                known.insert(key, row.id.clone());
            }
        }
    }
}

type New<'a> = (Vec<&'a JobRow>, Vec<PayloadRow<'a>>);

fn only_new<'a>(rows: &'a [JobRow], jobs: &'a [NewJob]) -> Result<New<'a>, StoreError> {
    let mut new = Vec::with_capacity(rows.len());
    let mut payloads = Vec::with_capacity(rows.len());
    for (row, job) in rows.iter().zip(jobs) {
        if row.kind.is_empty() {
            continue;
        }
        new.push(row);
        payloads.push(PayloadRow {
            id: &row.id,
            payload: job.submit.payload.as_str(),
            labels: bounds::json("labels", &job.submit.labels)?,
            source: job.submit.source.as_deref(),
            token_id: &job.token_id,
        });
    }
    Ok((new, payloads))
}

/// Rows as the JSON array that the statements take apart.
pub(super) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|_| StoreError::BadText { what: KIND })
}
