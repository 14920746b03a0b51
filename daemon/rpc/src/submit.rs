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

#[cfg(test)]
mod tests {
    use fuzzing::proptest::prelude::*;
    use tonic::Code;

    use super::*;

    fn recorded() -> Vec<Vec<u8>> {
        let job = NewJob {
            kind: "chat/completions".into(),
            payload_json: r#"{"model":"m","messages":[]}"#.into(),
            priority: -1,
            source: "night".into(),
            max_attempts: Some(3),
            deadline_at: "2026-12-01T00:00:00Z".into(),
            run_at: "2026-11-30T00:00:00.5+01:00".into(),
            unique_key: "one".into(),
            labels: [("a".into(), "b".into())].into(),
        };
        let one = SubmitJobRequest {
            kind: "noop".into(),
            payload_json: "null".into(),
            idempotency_key: "key".into(),
            ..SubmitJobRequest::default()
        };
        let several = SubmitJobRequest {
            jobs: vec![job.clone(), job],
            ..SubmitJobRequest::default()
        };
        [one, several].map(|request| request.encode_to_vec()).into()
    }

    fuzzing::targets! {
        fn any_message_is_jobs_or_refused_in_words(bytes in fuzzing::garbled(&recorded(), 3)) {
            let Ok(request) = SubmitJobRequest::decode(&bytes[..]) else {
                return Ok(());
            };
            // What a key stands for is the same after a trip.
            let again = SubmitJobRequest::decode(&request.encode_to_vec()[..]);
            prop_assert_eq!(again.as_ref(), Ok(&request));
            let mut payloads: Vec<_> = request.jobs.iter().map(|job| &job.payload_json[..]).collect();
            if payloads.is_empty() {
                payloads.push(&request.payload_json);
            }
            // Spaces around a value are none of it.
            let payloads: Vec<_> = payloads.iter().map(|payload| payload.trim_ascii()).collect();
            match jobs_of(request.clone()) {
                Ok((jobs, is_list)) => {
                    prop_assert_eq!(is_list, !request.jobs.is_empty());
                    let taken: Vec<_> = jobs.iter().map(|job| job.payload.as_str()).collect();
                    prop_assert_eq!(taken, payloads);
                }
                Err(status) => {
                    prop_assert_eq!(status.code(), Code::InvalidArgument);
                    let words = status.message();
                    prop_assert!(!words.is_empty() && words.len() < 1000);
                    prop_assert!(!words.chars().any(char::is_control), "{:?}", words);
                }
            }
        }
    }
}
