//! `mcpctl jobs cancel|retry ID...`: what is done to jobs by hand.

use serde_json::{Value, json};
use shared::job::JobId;

use super::ids;
use crate::args::Format;
use crate::args::jobs::{Cancel, Retry};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::session::Session;

pub(super) async fn cancel(args: &Cancel, session: &Session<'_>) -> Result<Exit> {
    let ids = ids::parse(&args.ids)?;
    let client = session.client()?;
    let each = async |id: &JobId| client.cancel_job(id).await;
    to_each(&ids, each, canceled, session.output).await
}

pub(super) async fn retry(args: &Retry, session: &Session<'_>) -> Result<Exit> {
    let ids = ids::parse(&args.ids)?;
    let client = session.client()?;
    let each = async |id: &JobId| client.retry_job(id).await.map_err(not_ended);
    to_each(&ids, each, |_| "queued again", session.output).await
}

/// A job that runs learns of it later.
fn canceled(job: &Value) -> &'static str {
    match job.get("status").and_then(Value::as_str) {
        Some("running" | "queued") => "asked to end",
        _ => "canceled",
    }
}

/// A conflict has this one meaning where a job is to be deleted or queued anew.
pub(crate) fn not_ended(why: Failure) -> Failure {
    match why.exit() {
        Exit::Conflict => {
            why.hint("wait for its end: mcpctl jobs wait ID, or: mcpctl jobs cancel ID")
        }
        _ => why,
    }
}

/// Does it to each. One that fails does not stop the others; the worst end counts.
async fn to_each(
    ids: &[JobId],
    act: impl AsyncFn(&JobId) -> Result<Value>,
    done: impl Fn(&Value) -> &'static str,
    output: &Output,
) -> Result<Exit> {
    let mut worst: Option<Failure> = None;
    let mut jobs = Vec::new();
    for id in ids {
        match act(id).await {
            Ok(job) => match output.format {
                Format::Json | Format::Yaml => jobs.push(job),
                Format::Name => output.line(&format!("job/{id}"))?,
                Format::Table | Format::Wide => {
                    output.line(&format!("job/{id} {}", done(&job)))?;
                }
            },
            Err(why) => {
                let why = match ids.len() {
                    1 => why,
                    _ => why.cause(format!("job {id}")),
                };
                // The worst is told at the end of the run, the others at once.
                if let Some(before) = worst.take() {
                    let (keep, tell) = super::by_weight(before, why);
                    output.failure(&tell);
                    worst = Some(keep);
                } else {
                    worst = Some(why);
                }
            }
        }
    }
    if matches!(output.format, Format::Json | Format::Yaml) {
        match &mut jobs[..] {
            [one] if ids.len() == 1 => output.document(one)?,
            _ => output.document(&json!({ "jobs": jobs }))?,
        }
    }
    worst.map_or(Ok(Exit::Done), Err)
}
