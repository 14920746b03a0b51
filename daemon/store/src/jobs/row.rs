//! Rows as they are stored, and what they mean.

use std::collections::BTreeMap;

use shared::job::{Attempt, Claimed, Job, JobId, Json, Status, WorkerId};
use shared::timestamp::Timestamp;

use super::KIND;
use super::claim::lease_token;
use crate::error::StoreError;

/// The columns of [`JobRow`] that stand in `jobs`.
macro_rules! columns {
    () => {
        "jobs.id, jobs.kind, jobs.status, jobs.rank, jobs.seq, jobs.principal, jobs.waits_for,
         jobs.run_at, jobs.deadline_at, jobs.unique_key, jobs.attempts,
         jobs.max_attempts, jobs.worker, jobs.started_at, jobs.started_event, jobs.lease_until,
         jobs.cancel_requested, jobs.error, jobs.queued_at, jobs.updated_at, jobs.ended_at,
         jobs.events, jobs.queued_event"
    };
}
pub(super) use columns;

#[derive(sqlx::FromRow)]
pub(super) struct JobRow {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) rank: i64,
    pub(super) seq: i64,
    pub(super) principal: String,
    pub(super) waits_for: String,
    pub(super) run_at: Option<i64>,
    pub(super) deadline_at: Option<i64>,
    pub(super) unique_key: Option<String>,
    pub(super) attempts: i64,
    pub(super) max_attempts: i64,
    pub(super) worker: Option<String>,
    pub(super) started_at: Option<i64>,
    pub(super) started_event: Option<i64>,
    pub(super) lease_until: Option<i64>,
    pub(super) cancel_requested: i64,
    pub(super) error: Option<String>,
    pub(super) queued_at: i64,
    pub(super) updated_at: i64,
    pub(super) ended_at: Option<i64>,
    pub(super) events: i64,
    pub(super) queued_event: i64,
    pub(super) payload: Option<String>,
    pub(super) labels: Option<String>,
    pub(super) source: Option<String>,
    pub(super) result: Option<String>,
}

impl JobRow {
    pub(super) fn status(&self) -> Result<Status, StoreError> {
        let status = self.status.parse();
        status.map_err(|_| StoreError::corrupt(KIND, &self.id, "status"))
    }

    /// The job as it is shown; who has it is shown while it runs.
    pub(super) fn read(self) -> Result<Job, StoreError> {
        let status = self.status()?;
        let corrupt = |column| StoreError::corrupt(KIND, &self.id, column);
        let worker = self.worker.filter(|_| status == Status::Running);
        Ok(Job {
            id: job_id(&self.id)?,
            kind: self.kind,
            payload: json(self.payload, &self.id, "payload")?.unwrap_or_else(Json::null),
            status,
            attempts: count(self.attempts).ok_or_else(|| corrupt("attempts"))?,
            max_attempts: count(self.max_attempts).ok_or_else(|| corrupt("max_attempts"))?,
            priority: i32::try_from(-self.rank).map_err(|_| corrupt("rank"))?,
            lease_until: self.lease_until.map(Timestamp::from_millis),
            deadline_at: self.deadline_at.map(Timestamp::from_millis),
            result: json(self.result, &self.id, "result")?,
            error: self.error,
            position: None,
            eta_s: None,
            reason: None,
            queued_at: Timestamp::from_millis(self.queued_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            principal: self.principal,
            run_at: self.run_at.map(Timestamp::from_millis),
            started_at: self
                .started_at
                .filter(|_| status == Status::Running)
                .map(Timestamp::from_millis),
            ended_at: self.ended_at.map(Timestamp::from_millis),
            worker: worker.map(|text| worker_id(&text, &self.id)).transpose()?,
            waits_for: Some(self.waits_for).filter(|name| !name.is_empty()),
            cancel_requested: self.cancel_requested != 0,
            source: self.source,
            unique_key: self.unique_key,
            labels: labels(self.labels, &self.id)?,
            history: Vec::new(),
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct ClaimedRow {
    id: String,
    kind: String,
    rank: i64,
    seq: i64,
    principal: String,
    waits_for: String,
    run_at: Option<i64>,
    deadline_at: Option<i64>,
    unique_key: Option<String>,
    attempts: i64,
    max_attempts: i64,
    worker: Option<String>,
    lease_token: Option<String>,
    lease_until: Option<i64>,
    queued_at: i64,
    updated_at: i64,
    payload: Option<String>,
    labels: Option<String>,
    source: Option<String>,
    token_id: Option<String>,
}

impl ClaimedRow {
    /// The job with its place in the order.
    pub(super) fn read(self) -> Result<((i64, i64), Claimed), StoreError> {
        let order = (self.rank, self.seq);
        let lease_token = lease_token(self.lease_token.as_deref().unwrap_or(""))?;
        let row = JobRow {
            id: self.id,
            kind: self.kind,
            status: Status::Running.as_str().into(),
            rank: self.rank,
            seq: self.seq,
            principal: self.principal,
            waits_for: self.waits_for,
            run_at: self.run_at,
            deadline_at: self.deadline_at,
            unique_key: self.unique_key,
            attempts: self.attempts,
            max_attempts: self.max_attempts,
            worker: self.worker,
            // A claim is the last that happened to it.
            started_at: Some(self.updated_at),
            started_event: None,
            lease_until: self.lease_until,
            cancel_requested: 0,
            error: None,
            queued_at: self.queued_at,
            updated_at: self.updated_at,
            ended_at: None,
            events: 0,
            queued_event: 0,
            payload: self.payload,
            labels: self.labels,
            source: self.source,
            result: None,
        };
        let claimed = Claimed {
            job: row.read()?,
            lease_token,
            token_id: self.token_id.unwrap_or_default(),
        };
        Ok((order, claimed))
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct AttemptRow {
    pub(super) started_event: i64,
    pub(super) number: i64,
    pub(super) worker: String,
    pub(super) started_at: i64,
    pub(super) ended_at: i64,
    pub(super) ended_event: i64,
    pub(super) outcome: String,
    pub(super) error: Option<String>,
    pub(super) metrics: Option<String>,
}

impl AttemptRow {
    pub(super) fn read(self, id: &str) -> Result<Attempt, StoreError> {
        let corrupt = |column| StoreError::corrupt("attempt of job", id, column);
        Ok(Attempt {
            number: count(self.number).ok_or_else(|| corrupt("number"))?,
            worker: worker_id(&self.worker, id)?,
            started_at: Timestamp::from_millis(self.started_at),
            ended_at: Some(Timestamp::from_millis(self.ended_at)),
            outcome: Some(self.outcome.parse().map_err(|_| corrupt("outcome"))?),
            error: self.error,
            metrics: json(self.metrics, id, "metrics")?,
        })
    }
}

pub(super) fn job_id(text: &str) -> Result<JobId, StoreError> {
    text.parse()
        .map_err(|_| StoreError::corrupt(KIND, text.escape_debug(), "id"))
}

pub(super) fn worker_id(text: &str, job: &str) -> Result<WorkerId, StoreError> {
    text.parse()
        .map_err(|_| StoreError::corrupt(KIND, job, "worker"))
}

pub(super) fn count(number: i64) -> Option<u32> {
    u32::try_from(number).ok()
}

pub(super) fn json(
    text: Option<String>,
    job: &str,
    column: &'static str,
) -> Result<Option<Json>, StoreError> {
    let parsed = text.map(Json::parse).transpose();
    parsed.map_err(|_| StoreError::corrupt(KIND, job, column))
}

fn labels(text: Option<String>, job: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    let parsed = parsed.map_err(|_| StoreError::corrupt(KIND, job, "labels"))?;
    Ok(parsed.unwrap_or_default())
}
