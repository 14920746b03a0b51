//! `echo`: its result is its payload. It takes no time, so what counts is the commits: a hundred
//! jobs are claimed with one and finished with one, each under a token of its own.

use std::time::Duration;

use kit::lifecycle::Lifecycle;
use shared::job::{Claimed, Complete};
use store::jobs::{ClaimRequest, Lanes};

use crate::error::Error;
use crate::kinds::Kind;
use crate::queue::Queue;
use crate::work::{AGAIN, SERVER};

/// Jobs that are claimed at once.
const AT_ONCE: usize = 250;
/// A look at least so often, while nothing rings.
const POLL: Duration = Duration::from_secs(1);

/// Pumps until no work may be taken any more.
///
/// Jobs are its own for `lease`; a commit takes far less.
pub(super) async fn pump(queue: &Queue, lease: Duration, lifecycle: &Lifecycle) {
    let kinds = [Kind::Echo.as_str().to_owned()];
    let place = queue.0.bell.claimer(&kinds);
    while !lifecycle.is_stopping() {
        let wait = match once(queue, lease, &kinds).await {
            Ok(0) => POLL,
            Ok(_) => {
                // There may be more than this one can carry.
                place.pass_on();
                continue;
            }
            Err(error) => {
                tracing::debug!(%error, "no job can be claimed now");
                AGAIN
            }
        };
        tokio::select! {
            biased;
            () = lifecycle.stopping() => return,
            () = place.rung() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Claims and finishes what there is. Answers how many.
async fn once(queue: &Queue, lease: Duration, kinds: &[String]) -> Result<usize, Error> {
    let request = ClaimRequest {
        worker: &queue.0.worker_id,
        kinds,
        lease,
        limit: AT_ONCE,
        absent: &[],
        principal: SERVER,
        lanes: Lanes::Plain,
    };
    let jobs = queue.0.store.jobs().claim(request, queue.now()).await?;
    let done: Vec<Complete> = jobs.into_iter().map(echoed).collect();
    if done.is_empty() {
        return Ok(0);
    }
    let count = done.len();
    loop {
        // Whoever asked for one of them to end while it ran is too late: it is done.
        match queue.complete(done.clone(), SERVER).await {
            Ok(_) => return Ok(count),
            Err(error) if error.retryable() => {
                tracing::debug!(%error, "results can't be written now; tried again");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn echoed(claimed: Claimed) -> Complete {
    Complete {
        job_id: claimed.job.id,
        lease_token: claimed.lease_token,
        result: claimed.job.payload,
        metrics: None,
    }
}
