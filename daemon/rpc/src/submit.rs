//! SubmitJob.

use prost::Message;
use shared::job::{BadJob, Submit, check_submits};
use tonic::Status;

use crate::callers::Caller;
use crate::core::Service;
use crate::proto::{NewJob, SubmitJobRequest, SubmitJobResponse};
use crate::read::{json, text, time};
use crate::refuse::refused;

pub(crate) async fn submit(
    service: &Service,
    caller: &Caller,
    mut request: SubmitJobRequest,
) -> Result<SubmitJobResponse, Status> {
    let key = std::mem::take(&mut request.idempotency_key);
    // What a key stands for: these very jobs. Maps are in order and unset fields are left out, so
    // the same request has the same bytes, also after the message has got new fields.
    let body = match key.is_empty() {
        true => Vec::new(),
        false => request.encode_to_vec(),
    };
    let (jobs, is_list) = jobs_of(request)?;
    check_submits(&jobs).map_err(|why| refused(why.into()))?;
    let key = (!key.is_empty()).then_some((key.as_str(), &body[..]));
    let accepted = service.queue.submit(jobs, caller.submitter(), key).await;
    let accepted = accepted.map_err(refused)?;
    let mut ids = accepted.ids.iter().map(ToString::to_string);
    Ok(match is_list {
        true => SubmitJobResponse {
            job_ids: ids.collect(),
            warnings: accepted.warnings,
            ..SubmitJobResponse::default()
        },
        false => SubmitJobResponse {
            job_id: ids.next().unwrap_or_default(),
            warning: accepted.warnings.into_iter().next().unwrap_or_default(),
            ..SubmitJobResponse::default()
        },
    })
}

/// The jobs, and whether they came as a list.
fn jobs_of(mut request: SubmitJobRequest) -> Result<(Vec<Submit>, bool), Status> {
    let list = std::mem::take(&mut request.jobs);
    if list.is_empty() {
        return Ok((vec![job(single(request))?], false));
    }
    if request != SubmitJobRequest::default() {
        let why = BadJob::Rule("send one job in the fields of the request, or several in `jobs`");
        return Err(refused(why.into()));
    }
    let jobs: Result<_, _> = list.into_iter().map(job).collect();
    Ok((jobs?, true))
}

fn single(request: SubmitJobRequest) -> NewJob {
    NewJob {
        kind: request.kind,
        payload_json: request.payload_json,
        priority: request.priority,
        source: request.source,
        max_attempts: request.max_attempts,
        deadline_at: request.deadline_at,
        run_at: request.run_at,
        unique_key: request.unique_key,
        labels: request.labels,
    }
}

fn job(new: NewJob) -> Result<Submit, Status> {
    let default = Submit::new(new.kind, json("payload_json", new.payload_json)?);
    Ok(Submit {
        priority: new.priority,
        source: text(new.source),
        max_attempts: new.max_attempts.unwrap_or(default.max_attempts),
        deadline_at: time("deadline_at", &new.deadline_at)?,
        run_at: time("run_at", &new.run_at)?,
        unique_key: text(new.unique_key),
        labels: new.labels,
        ..default
    })
}
