//! GetJob, and a job as a message.

use shared::job::{Attempt, Job, Json, WorkerId};
use shared::timestamp::Timestamp;
use tonic::Status;

use crate::callers::Caller;
use crate::core::Service;
use crate::proto;
use crate::read::job_id;
use crate::refuse::refused;

pub(crate) async fn get(
    service: &Service,
    caller: &Caller,
    request: proto::GetJobRequest,
) -> Result<proto::Job, Status> {
    let id = job_id(&request.job_id)?;
    let job = service.queue.get(&id, caller.viewer(), request.history);
    Ok(shown(job.await.map_err(refused)?))
}

/// A job as a message.
pub(crate) fn shown(job: Job) -> proto::Job {
    proto::Job {
        id: job.id.to_string(),
        kind: job.kind,
        payload_json: job.payload.as_str().into(),
        status: job.status.to_string(),
        attempts: job.attempts,
        max_attempts: job.max_attempts,
        priority: job.priority,
        lease_until: time(job.lease_until),
        deadline_at: time(job.deadline_at),
        result_json: json(job.result),
        error: job.error.unwrap_or_default(),
        position: job.position,
        eta_s: job.eta_s,
        reason: job.reason.unwrap_or_default(),
        queued_at: job.queued_at.to_string(),
        updated_at: job.updated_at.to_string(),
        principal: job.principal,
        run_at: time(job.run_at),
        ended_at: time(job.ended_at),
        worker: job
            .worker
            .as_ref()
            .map(WorkerId::to_string)
            .unwrap_or_default(),
        waits_for: job.waits_for.unwrap_or_default(),
        cancel_requested: job.cancel_requested,
        source: job.source.unwrap_or_default(),
        unique_key: job.unique_key.unwrap_or_default(),
        labels: job.labels,
        history: job.history.into_iter().map(attempt).collect(),
    }
}

fn attempt(attempt: Attempt) -> proto::Attempt {
    proto::Attempt {
        number: attempt.number,
        worker: attempt.worker.to_string(),
        started_at: attempt.started_at.to_string(),
        ended_at: time(attempt.ended_at),
        outcome: attempt
            .outcome
            .map(|outcome| outcome.to_string())
            .unwrap_or_default(),
        error: attempt.error.unwrap_or_default(),
        metrics_json: json(attempt.metrics),
    }
}

fn time(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}

fn json(json: Option<Json>) -> String {
    json.map(|json| json.as_str().into()).unwrap_or_default()
}
