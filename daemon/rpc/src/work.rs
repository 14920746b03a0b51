//! RegisterWorker, ClaimJob, Heartbeat.

use shared::job::{Claim, Claimed, Heartbeat, Platform, Progress, Register};
use tonic::Status;

use crate::callers::Caller;
use crate::core::Service;
use crate::look::shown;
use crate::proto;
use crate::read::{id, job_id, text};
use crate::refuse::{refused, revoked};
use crate::serve::MAX_MESSAGE_BYTES;

/// What a job takes in a message beside its own fields: tags, lengths, the lease token.
const AROUND_A_JOB_BYTES: usize = 512;

pub(crate) fn register(
    service: &Service,
    caller: &Caller,
    request: proto::RegisterWorkerRequest,
) -> Result<proto::RegisterWorkerResponse, Status> {
    let worker = request.worker.unwrap_or_default();
    let own_id = match worker.id.is_empty() {
        true => None,
        false => Some(id("worker.id", &worker.id)?),
    };
    let register = Register {
        worker: Platform {
            id: own_id,
            name: worker.name,
            platform: worker.platform,
            arch: worker.arch,
            host: worker.host,
            tags: worker.tags,
        },
    };
    let registered = service.queue.register(register, &caller.principal);
    let registered = registered.map_err(refused)?;
    Ok(proto::RegisterWorkerResponse {
        worker_id: registered.worker_id.to_string(),
    })
}

pub(crate) async fn claim(
    service: &Service,
    caller: &Caller,
    request: proto::ClaimJobRequest,
) -> Result<proto::ClaimJobResponse, Status> {
    let claim = Claim {
        worker_id: id("worker_id", &request.worker_id)?,
        kinds: request.kinds,
        lease_seconds: request.lease_seconds.into(),
        limit: request.limit.unwrap_or(1),
        wait_s: request.wait_s.into(),
    };
    let _place = match claim.wait_s {
        0 => None,
        _ => Some(service.place()?),
    };
    let claimed = tokio::select! {
        biased;
        () = service.lifecycle.stopping() => Err(refused(jobs::Error::Stopping)),
        () = caller.revoked.cancelled() => Err(revoked()),
        claimed = service.queue.claim(&claim, &caller.principal) => claimed.map_err(refused),
    };
    let jobs = fitting(service, claimed?).await;
    Ok(proto::ClaimJobResponse { jobs })
}

/// What fits into one message. The rest is put back: a message that is too large would reach
/// nobody, and cost each job an attempt.
async fn fitting(service: &Service, mut claimed: Vec<Claimed>) -> Vec<proto::ClaimedJob> {
    let mut left = MAX_MESSAGE_BYTES;
    let fits = claimed.iter().take_while(|claimed| {
        let bytes = claimed.job.payload.as_str().len() + AROUND_A_JOB_BYTES;
        let now = left.checked_sub(bytes);
        left = now.unwrap_or(0);
        now.is_some()
    });
    let fits = fits.count();
    let beyond = claimed.split_off(fits);
    if !beyond.is_empty()
        && let Err(error) = service.queue.put_back(&beyond).await
    {
        let jobs = beyond.len();
        tracing::warn!(%error, jobs, "claimed jobs can't be put back: their leases have to end");
    }
    claimed.into_iter().map(claimed_job).collect()
}

fn claimed_job(claimed: Claimed) -> proto::ClaimedJob {
    proto::ClaimedJob {
        lease_token: claimed.lease_token.as_str().into(),
        job: Some(shown(claimed.job)),
    }
}

pub(crate) async fn heartbeat(
    service: &Service,
    caller: &Caller,
    request: proto::HeartbeatRequest,
) -> Result<proto::HeartbeatResponse, Status> {
    let heartbeat = Heartbeat {
        worker_id: id("worker_id", &request.worker_id)?,
        job_id: job_id(&request.job_id)?,
        lease_token: id("lease_token", &request.lease_token)?,
        extend_seconds: request.extend_seconds.into(),
        progress: request.progress.map(|progress| Progress {
            done: progress.done,
            total: progress.total,
            message: text(progress.message),
        }),
    };
    let heard = service.queue.heartbeat(&heartbeat, &caller.principal);
    let heard = heard.await.map_err(refused)?;
    Ok(proto::HeartbeatResponse {
        ok: heard.ok,
        canceled: heard.canceled,
    })
}
