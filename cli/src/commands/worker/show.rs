//! What a worker says of its jobs: a line on stderr at each one's start and end, and a record on stdout where one was
//! asked for.

use serde_json::{Value, json};
use shared::job::Status;

use super::job::{End, Ended, short};
use crate::args::Format;
use crate::client::ClaimedJob;
use crate::failure::Result;
use crate::output::Output;

/// Says that a job begins.
pub(super) fn start(output: &Output, job: &ClaimedJob) {
    output.note(&format!(
        "[{}] {} {}: attempt {} of {}",
        short(&job.id),
        job.kind,
        job.id,
        job.attempts,
        job.max_attempts
    ));
}

/// Says how a job ended.
///
/// Errors: nobody reads stdout any more.
pub(super) fn end(output: &Output, ended: &Ended) -> Result<()> {
    let took = seconds(ended.took);
    let head = format!("[{}]", short(&ended.id));
    match &ended.end {
        End::Done => output.note(&format!("{head} done in {took}")),
        End::Failed {
            status: Some(Status::Canceled),
            ..
        } => output.note(&format!("{head} canceled after {took}")),
        End::Failed { error, status } => {
            let error = error.lines().next().unwrap_or_default();
            let error = error.strip_suffix(':').unwrap_or(error);
            let then = match status {
                Some(Status::Queued) => "; it is queued again",
                _ => "",
            };
            output.warning(&format!("{head} failed after {took}: {error}{then}"));
        }
        End::Lost(why) => output.warning(&format!("{head} lost after {took}: {why}")),
    }
    match output.format {
        Format::Json | Format::Yaml => output.record(&record(ended)),
        Format::Name => output.line(&format!("job/{}", ended.id)),
        Format::Table | Format::Wide => Ok(()),
    }
}

fn record(ended: &Ended) -> Value {
    let (outcome, status, error) = match &ended.end {
        End::Done => ("done", Some(Status::Done), None),
        End::Failed { error, status } => {
            let outcome = match status {
                Some(Status::Canceled) => "canceled",
                _ => "failed",
            };
            (outcome, *status, Some(error))
        }
        End::Lost(why) => ("lost", None, Some(why)),
    };
    json!({
        "job_id": ended.id,
        "kind": ended.kind,
        "attempt": ended.attempt,
        "outcome": outcome,
        "status": status,
        "exit_code": ended.exit_code,
        "duration_ms": u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX),
        "error": error,
    })
}

fn seconds(span: std::time::Duration) -> String {
    format!("{:.1}s", span.as_secs_f64())
}
