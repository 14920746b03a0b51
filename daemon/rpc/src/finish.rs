//! CompleteJob, FailJob: one, or a list that is answered entry by entry.

use shared::job::{BadJob, Complete, EntryAnswer, Fail, check_batch};
use tonic::Status;

use crate::callers::Caller;
use crate::core::Service;
use crate::proto;
use crate::read::{id, job_id, json, optional_json};
use crate::refuse::refused;

pub(crate) async fn complete(
    service: &Service,
    caller: &Caller,
    mut request: proto::CompleteJobRequest,
) -> Result<proto::CompleteJobResponse, Status> {
    let list = std::mem::take(&mut request.jobs);
    let is_list = !list.is_empty();
    let single = proto::CompletedJob {
        job_id: request.job_id,
        lease_token: request.lease_token,
        result_json: request.result_json,
        metrics_json: request.metrics_json,
    };
    let entries: Result<Vec<_>, _> = one_or_many(single, list)?.into_iter().map(result).collect();
    let entries = entries?;
    check_batch(&entries).map_err(|why| refused(why.into()))?;
    let answers = service.queue.complete(entries, &caller.principal).await;
    let (ok, status, jobs) = answered(answers.map_err(refused)?, is_list)?;
    Ok(proto::CompleteJobResponse { ok, status, jobs })
}

pub(crate) async fn fail(
    service: &Service,
    caller: &Caller,
    mut request: proto::FailJobRequest,
) -> Result<proto::FailJobResponse, Status> {
    let list = std::mem::take(&mut request.jobs);
    let is_list = !list.is_empty();
    let single = proto::FailedJob {
        job_id: request.job_id,
        lease_token: request.lease_token,
        error: request.error,
        metrics_json: request.metrics_json,
        retryable: request.retryable,
    };
    let entries: Result<Vec<_>, _> = one_or_many(single, list)?
        .into_iter()
        .map(failure)
        .collect();
    let entries = entries?;
    check_batch(&entries).map_err(|why| refused(why.into()))?;
    let answers = service.queue.fail(entries, &caller.principal).await;
    let (ok, status, jobs) = answered(answers.map_err(refused)?, is_list)?;
    Ok(proto::FailJobResponse { ok, status, jobs })
}

/// The list where there is one, else the single entry.
fn one_or_many<T: Default + PartialEq>(single: T, list: Vec<T>) -> Result<Vec<T>, Status> {
    if list.is_empty() {
        return Ok(vec![single]);
    }
    if single != T::default() {
        let why = BadJob::Rule("send one job in the fields of the request, or several in `jobs`");
        return Err(refused(why.into()));
    }
    Ok(list)
}

fn result(entry: proto::CompletedJob) -> Result<Complete, Status> {
    Ok(Complete {
        job_id: job_id(&entry.job_id)?,
        lease_token: id("lease_token", &entry.lease_token)?,
        result: json("result_json", entry.result_json)?,
        metrics: optional_json("metrics_json", entry.metrics_json)?,
    })
}

fn failure(entry: proto::FailedJob) -> Result<Fail, Status> {
    Ok(Fail {
        job_id: job_id(&entry.job_id)?,
        lease_token: id("lease_token", &entry.lease_token)?,
        error: entry.error,
        metrics: optional_json("metrics_json", entry.metrics_json)?,
        retryable: entry.retryable.unwrap_or(true),
    })
}

/// A list is answered entry by entry; a single stale one is refused.
///
/// Shape: whether all were written, the status of the single one, the answers to a list.
fn answered(
    answers: Vec<EntryAnswer>,
    is_list: bool,
) -> Result<(bool, String, Vec<proto::JobAnswer>), Status> {
    if is_list {
        let ok = answers.iter().all(|answer| answer.ok);
        let jobs = answers.into_iter().map(answer).collect();
        return Ok((ok, String::new(), jobs));
    }
    match answers.into_iter().next() {
        Some(single) if single.ok => Ok((true, answer(single).status, Vec::new())),
        _ => Err(refused(jobs::Error::Stale)),
    }
}

fn answer(answer: EntryAnswer) -> proto::JobAnswer {
    proto::JobAnswer {
        job_id: answer.job_id.to_string(),
        ok: answer.ok,
        status: answer
            .status
            .map(|status| status.to_string())
            .unwrap_or_default(),
        error: answer.error.unwrap_or_default(),
    }
}
