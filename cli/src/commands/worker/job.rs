//! One job, from its claim to what the server made of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::job::{JobId, Json, Progress, Status};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::claim::Worker;
use super::group::Group;
use super::keeper::{Keeper, Lease};
use super::outcome::{Outcome, Remains, Stopped};
use super::report::{Told, report};
use super::running::{ProgressSender, Said, run};
use super::stop::{Level, reached};
use crate::client::ClaimedJob;

/// How a job ended here.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: JobId,
    pub(super) kind: String,
    pub(super) attempt: u32,
    pub(super) took: Duration,
    pub(super) exit_code: Option<i32>,
    /// The command could not be run at all.
    pub(super) was_not_run: bool,
    pub(super) end: End,
}

/// What became of the attempt.
#[derive(Debug)]
pub(super) enum End {
    /// The server has the result.
    Done,
    /// The server has the failure, and this is the job's status now.
    Failed {
        error: String,
        status: Option<Status>,
    },
    /// The server wants to hear nothing of it.
    Lost(String),
}

/// What the command did.
struct Attempt {
    outcome: Outcome,
    exit_code: Option<i32>,
    was_not_run: bool,
}

/// The last characters of an id, which tell jobs apart: the first ones are a time.
pub(super) fn short(id: &JobId) -> &str {
    let id = id.as_str();
    &id[id.len().saturating_sub(8)..]
}

/// Runs the command for `job` and reports.
pub(super) async fn work(worker: Arc<Worker>, job: ClaimedJob) -> Ended {
    let begun = Instant::now();
    let lease = Lease {
        client: worker.client.clone(),
        worker_id: worker.id.clone(),
        job_id: job.id.clone(),
        token: job.lease_token.clone(),
        length: worker.lease,
    };
    let (progress, told) = watch::channel::<Option<Progress>>(None);
    let keeper = Keeper::start(lease.clone(), told);
    let attempt = attempt(&worker, &job, &keeper, progress).await;
    let took = begun.elapsed();
    let metrics = metrics(took, attempt.exit_code);
    let end = match report(&worker, &lease, &keeper, &attempt.outcome, metrics).await {
        Told::Lost(why) => End::Lost(why),
        // A result that the server refused is told as a failure.
        Told::Heard(status) => match attempt.outcome {
            Outcome::Result(_) if status.is_none_or(|status| status == Status::Done) => End::Done,
            Outcome::Result(_) => End::Failed {
                error: "the server refused the result".into(),
                status,
            },
            Outcome::Failure { error, .. } => End::Failed { error, status },
            Outcome::Lost(why) => End::Lost(why),
        },
    };
    Ended {
        id: job.id,
        kind: job.kind,
        attempt: job.attempts,
        took,
        exit_code: attempt.exit_code,
        was_not_run: attempt.was_not_run,
        end,
    }
}

/// Runs the command to its end, or stops it.
async fn attempt(
    worker: &Worker,
    job: &ClaimedJob,
    keeper: &Keeper,
    progress: ProgressSender,
) -> Attempt {
    let group = match Group::start() {
        Ok(group) => group,
        Err(why) => return not_started("/bin/sh", &why),
    };
    let mut command = worker.recipe.command(job, &group, &worker.client);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(why) => {
            group.end().await;
            let program = command.as_std().get_program();
            return not_started(&program.to_string_lossy(), &why);
        }
    };
    let prefix = format!("[{}]", short(&job.id));
    let said = Said::new(&worker.output, &prefix, progress);
    let (stopped, remains) = {
        let running = run(child, job.payload.as_str(), &group, said);
        tokio::pin!(running);
        let first = tokio::select! {
            biased;
            remains = &mut running => Ok(remains),
            stopped = stopped(worker, keeper) => Err(stopped),
        };
        match first {
            Ok(remains) => (None, remains),
            Err(why) => {
                tokio::select! {
                    biased;
                    remains = &mut running => (Some(why), remains),
                    () = put_down(worker, &group, &why) => (Some(why), running.await),
                }
            }
        }
    };
    group.end().await;
    Attempt {
        exit_code: remains.exit_code(),
        was_not_run: stopped.is_none() && remains.was_not_run(),
        outcome: Remains::outcome(remains, stopped),
    }
}

/// Waits for a reason to stop the command.
async fn stopped(worker: &Worker, keeper: &Keeper) -> Stopped {
    let too_long = async {
        match worker.timeout {
            Some(limit) => {
                sleep(limit).await;
                limit
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        end = keeper.ended() => end,
        () = reached(&worker.level, Level::Stop) => Stopped::Worker,
        limit = too_long => Stopped::Timeout(limit),
    }
}

/// Asks the group to end, and kills it after the grace; at once where nobody waits for its end.
async fn put_down(worker: &Worker, group: &Group, why: &Stopped) {
    if !matches!(why, Stopped::Lost(_)) {
        group.terminate();
        tokio::select! {
            () = sleep(worker.grace) => {}
            () = reached(&worker.level, Level::Kill) => {}
        }
    }
    group.kill();
}

fn not_started(program: &str, why: &std::io::Error) -> Attempt {
    Attempt {
        outcome: Outcome::Failure {
            error: format!("the command `{program}` can't be started: {why}"),
            retryable: true,
        },
        exit_code: None,
        was_not_run: true,
    }
}

fn metrics(took: Duration, exit_code: Option<i32>) -> Json {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let mut metrics = json!({"duration_ms": millis});
    if let Some(code) = exit_code {
        metrics["exit_code"] = code.into();
    }
    metrics.into()
}
