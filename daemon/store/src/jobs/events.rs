//! What a job's stream tells, numbered per job without gaps that could hide a loss.
//!
//! Progress and chunks are rows. That a job was queued, began, ended stands in its own columns and
//! in its attempts, each with the number that it took; so the terminal event is in the same
//! transaction as the terminal state, and no row is written for it.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::job::{Event, JobId, Json, MAX_EVENT_BYTES, NumberedEvent, Status};
use shared::timestamp::Timestamp;

use super::read::head_row;
use super::row::{AttemptRow, json as read_json, worker_id};
use super::submit::json;
use super::tx::in_job_tx;
use super::{Hint, Jobs, KIND, Lease};
use crate::backend::on_read;
use crate::bounds::MAX_PAGE;
use crate::error::{During, StoreError};

/// Rows of events that one job may have: chunks beyond should have been joined.
pub const MAX_EVENT_ROWS: i64 = 20_000;
/// What they may weigh together, in bytes.
pub const MAX_EVENTS_BYTES: i64 = 16 * 1024 * 1024;

/// What became of events that were to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// They are; the last has this number.
    Upto(u64),
    /// The job has as many as are kept: [`MAX_EVENT_ROWS`], [`MAX_EVENTS_BYTES`].
    Full,
    /// The token does not hold (any more).
    Stale,
}

macro_rules! insert_events {
    ($rows:literal) => {
        concat!(
            "insert into job_events (job_id, number, name, data)
            select
                $2,
                $3 + cast(value ->> 'number' as bigint),
                value ->> 'name',
                value ->> 'data'
            from ",
            $rows
        )
    };
}
pub(super) use insert_events;

#[derive(Serialize)]
struct EventRow {
    number: usize,
    name: &'static str,
    data: String,
}

impl Jobs<'_> {
    /// Keeps progress and chunks of a running job, in order, behind its events so far.
    ///
    /// Errors: [`StoreError::BadText`] for other events, which tell themselves;
    /// [`StoreError::TooLarge`] beyond [`MAX_EVENT_BYTES`]; [`StoreError::TooMany`] beyond 1000.
    pub async fn append(
        self,
        lease: &Lease,
        events: &[Event],
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        if events.len() > MAX_PAGE as usize {
            return Err(StoreError::TooMany {
                what: "events in one call",
                limit: MAX_PAGE as usize,
            });
        }
        let mut rows = Vec::with_capacity(events.len());
        for (at, event) in events.iter().enumerate() {
            if !matches!(event, Event::Progress(_) | Event::Chunk { .. }) {
                return Err(StoreError::BadText { what: "event" });
            }
            let data = event.data();
            // A control character takes six bytes in JSON.
            if data.len() > 6 * MAX_EVENT_BYTES {
                return Err(StoreError::TooLarge {
                    what: "event",
                    limit: MAX_EVENT_BYTES,
                });
            }
            rows.push(EventRow {
                number: at + 1,
                name: event.name(),
                data,
            });
        }
        let appended = self.try_append(lease, &rows, now).await;
        let appended = appended.during("keep a job's events")?;
        if let Appended::Upto(_) = appended {
            let ids = vec![lease.job_id.clone()].into();
            self.store.job_hints().tell(Hint::Changed(ids));
        }
        Ok(appended)
    }

    async fn try_append(
        self,
        lease: &Lease,
        rows: &[EventRow],
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let bytes: usize = rows.iter().map(|row| row.data.len()).sum();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        Ok(in_job_tx!(self.store, |tx, sql| {
            let counted: Option<(i64, i64, i64)> = sqlx::query_as(
                "update jobs
                set events = events + $3,
                    event_rows = event_rows + $3,
                    event_bytes = event_bytes + $4,
                    updated_at = $5
                where id = $1 and lease_token = $2 and status = 'running'
                returning events, event_rows, event_bytes",
            )
            .bind(lease.job_id.as_str())
            .bind(lease.lease_token.as_str())
            .bind(count)
            .bind(bytes)
            .bind(now.as_millis())
            .fetch_optional(&mut *tx)
            .await?;
            let Some((last, all_rows, all_bytes)) = counted else {
                return Ok(Appended::Stale);
            };
            if all_rows > MAX_EVENT_ROWS || all_bytes > MAX_EVENTS_BYTES {
                tx.rollback().await?;
                return Ok(Appended::Full);
            }
            sqlx::query(sql.insert_events)
                .bind(json(rows)?)
                .bind(lease.job_id.as_str())
                .bind(last - count)
                .execute(&mut *tx)
                .await?;
            Appended::Upto(u64::try_from(last).unwrap_or(0))
        }))
    }

    /// The events of a job after number `after`.
    ///
    /// Shape: in order; at most `limit` and never more than 1000. A terminal event is the last.
    /// Errors: [`StoreError::NotFound`].
    pub async fn events(
        self,
        id: &JobId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<NumberedEvent>, StoreError> {
        let limit = limit.min(MAX_PAGE);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        // First, so that what it counts is there to be read by the statements after it.
        let row = head_row(self.store, id).await?;
        let row = row.ok_or_else(|| StoreError::not_found(KIND, id))?;
        let status = row.status()?;
        if row.events <= after {
            return Ok(Vec::new());
        }
        let kept: Vec<(i64, String, String)> = on_read!(self.store, |pool| {
            sqlx::query_as(
                "select number, name, data from job_events
                where job_id = $1 and number > $2 and number <= $3
                order by number
                limit $4",
            )
            .bind(id.as_str())
            .bind(after)
            .bind(row.events)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await
        })
        .during("read a job's events")?;
        // Those behind the last kept one that was read are the next call's.
        let is_cut = kept.len() >= limit as usize;
        let upto = match kept.last() {
            Some((number, ..)) if is_cut => *number,
            _ => row.events,
        };
        let mut events = BTreeMap::new();
        let mut add = |number: i64, event: Event| {
            if number > after && number <= upto {
                events.insert(number, event);
            }
        };
        let queued = || Event::Queued {
            position: None,
            eta_s: None,
            reason: None,
        };
        add(1, queued());
        for attempt in self.attempt_rows(id).await? {
            let worker = worker_id(&attempt.worker, id.as_str())?;
            add(attempt.started_event, Event::Running { worker });
            add(attempt.ended_event, queued());
        }
        add(row.queued_event, queued());
        if let (Status::Running, Some(number), Some(worker)) =
            (status, row.started_event, &row.worker)
        {
            let worker = worker_id(worker, id.as_str())?;
            add(number, Event::Running { worker });
        }
        if status.is_ended() && upto == row.events {
            let error = row.error.clone().unwrap_or_default();
            let result = match status {
                Status::Done => self.result(id).await?,
                _ => None,
            };
            add(row.events, ended(status, result, error, id)?);
        }
        for (number, name, data) in kept {
            let event = Event::parse(&name, &data).ok().flatten();
            let corrupt = || StoreError::corrupt("event of job", id, "data");
            add(number, event.ok_or_else(corrupt)?);
        }
        let numbered = events.into_iter().map(|(number, event)| NumberedEvent {
            id: u64::try_from(number).unwrap_or(0),
            event,
        });
        Ok(numbered.take(limit as usize).collect())
    }

    /// The result of a job that is done.
    async fn result(self, id: &JobId) -> Result<Option<String>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_scalar(
                "select result from job_attempts
                where job_id = $1 and outcome = 'done'
                order by started_event desc
                limit 1",
            )
            .bind(id.as_str())
            .fetch_optional(pool)
            .await
        })
        .map(Option::flatten)
        .during("read a job's result")
    }

    pub(super) async fn attempt_rows(self, id: &JobId) -> Result<Vec<AttemptRow>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as(
                "select started_event, number, worker, started_at, ended_at, ended_event, outcome,
                    error, metrics
                from job_attempts
                where job_id = $1
                order by started_event
                limit 1000",
            )
            .bind(id.as_str())
            .fetch_all(pool)
            .await
        })
        .during("read a job's attempts")
    }
}

fn ended(
    status: Status,
    result: Option<String>,
    error: String,
    id: &JobId,
) -> Result<Event, StoreError> {
    Ok(match status {
        Status::Done => Event::Done {
            result: read_json(result, id.as_str(), "result")?.unwrap_or_else(Json::null),
        },
        _ => Event::Error { error },
    })
}
