//! Writing down what became of jobs: read and locked, decided by [`step`], changed, all in one
//! transaction.
//!
//! Every change names the status and the lease token that it was decided upon, so a row that is
//! not as expected stays as it is.

use serde::Serialize;
use shared::job::status::{Change, Next, step};
use shared::job::{MAX_ERROR_BYTES, Outcome, Status};

use super::KIND;
use crate::bounds;
use crate::error::StoreError;

/// What a decision needs to know.
macro_rules! standing {
    () => {
        "select jobs.id, jobs.status, jobs.lease_token, jobs.attempts, jobs.max_attempts,
            jobs.cancel_requested "
    };
}

/// The jobs of the array, in the order in which all lock them.
macro_rules! given {
    ($rows:literal, $lock:literal) => {
        concat!(
            super::settle::standing!(),
            "from (select value ->> 'job_id' as id from ",
            $rows,
            ") given
            join jobs on jobs.id = given.id
            order by jobs.id",
            $lock
        )
    };
}

macro_rules! one {
    ($lock:literal) => {
        concat!(super::settle::standing!(), "from jobs where id = $1", $lock)
    };
}

/// Jobs whose lease has ended, by the database's clock.
macro_rules! lapsed {
    ($now:literal, $skip:literal) => {
        concat!(
            super::settle::standing!(),
            "from jobs
            where status = 'running' and lease_until <= ",
            $now,
            " order by seq
            limit $1",
            $skip
        )
    };
}

/// Jobs that a worker holds.
macro_rules! held {
    ($skip:literal) => {
        concat!(
            super::settle::standing!(),
            "from jobs
            where status = 'running' and worker = $2
            order by seq
            limit $1",
            $skip
        )
    };
}

macro_rules! past_deadline {
    ($skip:literal) => {
        concat!(
            super::settle::standing!(),
            "from jobs
            where deadline_at is not null and ended_at is null and deadline_at <= $2
            order by deadline_at
            limit $1",
            $skip
        )
    };
}

/// Writes the attempts that end with the changes, while `jobs` still has what began them.
macro_rules! end_attempts {
    ($rows:literal) => {
        concat!(
            "insert into job_attempts (
                job_id, started_event, number, worker, started_at, ended_at, ended_event,
                outcome, error, metrics, result
            )
            select
                jobs.id, jobs.started_event, jobs.attempts, jobs.worker, jobs.started_at, $2,
                jobs.events + 1, given.outcome, given.error, given.metrics, given.result
            from (
                select
                    value ->> 'id' as id,
                    value ->> 'was' as was,
                    value ->> 'token' as token,
                    value ->> 'outcome' as outcome,
                    value ->> 'error' as error,
                    value ->> 'metrics' as metrics,
                    value ->> 'result' as result
                from ",
            $rows,
            ") given
            join jobs on jobs.id = given.id
            where jobs.status = given.was
                and jobs.lease_token = given.token
                and given.outcome is not null"
        )
    };
}

macro_rules! change_jobs {
    ($rows:literal) => {
        concat!(
            "update jobs
            set status = given.becomes,
                events = events + 1,
                error = given.error,
                attempts = attempts - given.uncounted,
                cancel_requested = 0,
                lease_token = null,
                lease_until = null,
                delayed = given.delayed,
                run_at = case when given.becomes = 'queued' then given.run_at else jobs.run_at end,
                queued_event = case
                    when given.becomes = 'queued' then events + 1
                    else queued_event
                end,
                ended_at = case when given.becomes = 'queued' then null else $2 end,
                updated_at = $2
            from (
                select
                    value ->> 'id' as id,
                    value ->> 'was' as was,
                    value ->> 'token' as token,
                    value ->> 'becomes' as becomes,
                    value ->> 'error' as error,
                    cast(value ->> 'uncounted' as bigint) as uncounted,
                    cast(value ->> 'delayed' as bigint) as delayed,
                    cast(value ->> 'run_at' as bigint) as run_at
                from ",
            $rows,
            ") given
            where jobs.id = given.id
                and jobs.status = given.was
                and jobs.lease_token is not distinct from given.token"
        )
    };
}
pub(super) use {change_jobs, end_attempts, given, held, lapsed, one, past_deadline, standing};

/// A row as a decision sees it.
#[derive(sqlx::FromRow)]
pub(super) struct Standing {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) lease_token: Option<String>,
    pub(super) attempts: i64,
    pub(super) max_attempts: i64,
    pub(super) cancel_requested: i64,
}

/// A change that is to be written; each field is a column.
#[derive(Serialize)]
pub(super) struct Settled {
    pub(super) id: String,
    was: Status,
    pub(super) becomes: Status,
    pub(super) token: Option<String>,
    outcome: Option<Outcome>,
    error: Option<String>,
    metrics: Option<String>,
    result: Option<String>,
    uncounted: u8,
    delayed: u8,
    run_at: Option<i64>,
}

impl Standing {
    pub(super) fn status(&self) -> Result<Status, StoreError> {
        let status = self.status.parse();
        status.map_err(|_| StoreError::corrupt(KIND, &self.id, "status"))
    }

    /// What becomes of the job by `change`; `None` where its status stays.
    pub(super) fn settle(&self, change: Change) -> Result<Option<Settled>, StoreError> {
        let was = self.status()?;
        let Next::Become(becomes) = step(was, change) else {
            return Ok(None);
        };
        let outcome = match change {
            _ if was != Status::Running => None,
            Change::Completed => Some(Outcome::Done),
            _ if becomes == Status::Canceled => Some(Outcome::Canceled),
            Change::Failed(_) => Some(Outcome::Failed),
            Change::LeaseEnded(_) => Some(Outcome::LeaseEnded),
            Change::DeadlinePassed => Some(Outcome::Expired),
            Change::Claimed | Change::Parked | Change::CancelAsked | Change::Retried => None,
        };
        Ok(Some(Settled {
            id: self.id.clone(),
            was,
            becomes,
            token: self.lease_token.clone(),
            outcome,
            error: None,
            metrics: None,
            result: None,
            uncounted: (change == Change::Parked).into(),
            delayed: 0,
            run_at: None,
        }))
    }
}

impl Settled {
    /// Why there is no result.
    pub(super) fn because(mut self, error: &str) -> Self {
        self.error = Some(bounds::cut_lines(error, MAX_ERROR_BYTES));
        self
    }

    /// What an attempt brought, and what it took.
    pub(super) fn bringing(mut self, result: Option<&str>, metrics: Option<&str>) -> Self {
        self.result = result.map(str::to_owned);
        self.metrics = metrics.map(str::to_owned);
        self
    }

    /// Where it is queued again: not before `run_at`.
    pub(super) fn not_before(mut self, run_at: i64) -> Self {
        if self.becomes == Status::Queued {
            self.run_at = Some(run_at);
            self.delayed = 1;
        }
        self
    }
}

/// Writes changes: the statements of `$sql` on the transaction `$tx`.
macro_rules! write_settled {
    ($tx:ident, $sql:ident, $settled:expr, $now:expr) => {{
        let settled: &[$crate::jobs::settle::Settled] = $settled;
        if !settled.is_empty() {
            let rows = $crate::jobs::submit::json(settled)?;
            sqlx::query($sql.end_attempts)
                .bind(&rows)
                .bind($now.as_millis())
                .execute(&mut *$tx)
                .await?;
            sqlx::query($sql.change_jobs)
                .bind(&rows)
                .bind($now.as_millis())
                .execute(&mut *$tx)
                .await?;
        }
    }};
}
pub(super) use write_settled;
