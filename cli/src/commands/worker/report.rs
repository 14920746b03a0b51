//! Hands in what became of a job, however long the server is away: a result is lost only when the lease is.

use std::time::Duration;

use shared::job::{Complete, Fail, Json, Status};
use tokio::time::sleep;

use super::backoff::Backoff;
use super::claim::Worker;
use super::keeper::{Keeper, Lease, said};
use super::outcome::Outcome;
use super::stop::{Level, reached};
use crate::client::Refused;
use crate::exit_code::Exit;
use crate::failure::Failure;

/// How long a worker that was told to stop tries to tell.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// How often a server that is there may fail at the same report.
const MAX_FAULTS: u32 = 10;

/// What the server made of a report.
#[derive(Debug)]
pub(super) enum Told {
    /// The job's status now.
    Heard(Option<Status>),
    /// Nobody wants to hear it any more.
    Lost(String),
}

/// Tells `outcome`. Returns when the server has heard it, or says that the lease is lost. (That the keeper was told so
/// counts for nothing here: it may have spoken just behind the result.)
pub(super) async fn report(
    worker: &Worker,
    lease: &Lease,
    keeper: &Keeper,
    outcome: &Outcome,
    metrics: Json,
) -> Told {
    let told = async {
        keeper.flushed().await;
        tell(worker, lease, outcome, metrics).await
    };
    let too_late = async {
        reached(&worker.level, Level::Stop).await;
        sleep(LAST_WORDS).await;
    };
    tokio::select! {
        biased;
        told = told => told,
        () = too_late => Told::Lost("the server can't be reached, and this worker was told to stop".into()),
    }
}

async fn tell(worker: &Worker, lease: &Lease, outcome: &Outcome, metrics: Json) -> Told {
    let mut say = match outcome {
        Outcome::Result(result) => Say::Complete(Complete {
            job_id: lease.job_id.clone(),
            lease_token: lease.token.clone(),
            result: result.clone(),
            metrics: Some(metrics),
        }),
        Outcome::Failure { error, retryable } => {
            Say::Fail(failure(lease, error, *retryable, Some(metrics)))
        }
        Outcome::Lost(why) => return Told::Lost(why.clone()),
    };
    let mut backoff = Backoff::up_to(lease.length / 3);
    let (mut tries, mut faults) = (0, 0);
    loop {
        let refused = match say.once(lease).await {
            Ok(status) => return Told::Heard(status),
            Err(refused) => refused,
        };
        match refused {
            Refused::Stale if tries > 0 => {
                return Told::Lost("its lease is over, unless an earlier try came through".into());
            }
            Refused::Stale => {
                return Told::Lost("its lease is over: what came out is dropped".into());
            }
            Refused::Later(why) if why.exit() == Exit::Failure && faults >= MAX_FAULTS => {
                return Told::Lost(said(&why));
            }
            Refused::Later(why) => {
                faults += u32::from(why.exit() == Exit::Failure);
                if tries == 0 {
                    waits(worker, lease, &why);
                }
            }
            Refused::Never(why) if why.exit() == Exit::Auth || matches!(say, Say::Fail(_)) => {
                return Told::Lost(said(&why));
            }
            Refused::Never(why) => {
                let error = format!("the server refused the result: {}", said(&why));
                say = Say::Fail(failure(lease, &error, false, None));
                continue;
            }
        }
        tries += 1;
        sleep(backoff.wait()).await;
    }
}

fn waits(worker: &Worker, lease: &Lease, why: &Failure) {
    worker.output.warning(&format!(
        "job {}: {}; its result is kept and handed in when the server is back",
        lease.job_id,
        said(why)
    ));
}

enum Say {
    Complete(Complete),
    Fail(Fail),
}

impl Say {
    async fn once(&self, lease: &Lease) -> Result<Option<Status>, Refused> {
        match self {
            Self::Complete(entry) => lease.client.complete_job(&lease.worker_id, entry).await,
            Self::Fail(entry) => lease.client.fail_job(&lease.worker_id, entry).await,
        }
    }
}

fn failure(lease: &Lease, error: &str, retryable: bool, metrics: Option<Json>) -> Fail {
    Fail {
        job_id: lease.job_id.clone(),
        lease_token: lease.token.clone(),
        error: error.to_owned(),
        metrics,
        retryable,
    }
}
