//! `mcpctl jobs submit -f FILE`: many jobs, each once, whatever breaks in between.

use serde_json::Value;
use shared::job::JobId;

use super::file::{Batch, JobFile};
use super::progress::Progress;
use super::track::{self, Tracker};
use super::wait;
use crate::args::Format;
use crate::args::jobs::Submit;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::columns::text;
use crate::patience::Patience;
use crate::session::Session;

/// Different warnings of one submission that are told.
const MAX_WARNINGS: usize = 10;

pub(super) async fn run(args: &Submit, session: &Session<'_>) -> Result<Exit> {
    let file = JobFile::read(&args.filename)?;
    let batches = file.batches(args.batch.into(), args.idempotency_prefix.as_deref())?;
    let (client, output) = (session.client()?, session.output);
    let mut progress = Progress::new(output, &client);
    let mut sending = Sending {
        client: &client,
        file: &file,
        ids: Vec::with_capacity(file.len()),
        warned: Vec::new(),
    };
    let sent = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => None,
        sent = sending.all(&batches, &mut progress, output) => Some(sent),
    };
    let ids = sending.ids;
    match sent {
        Some(Ok(())) => {}
        Some(Err(why)) => return Err(stopped(why, ids.len(), file.len())),
        None => {
            progress.clear();
            output.note(&format!(
                "Interrupted: {} of {} jobs are submitted. {AGAIN}",
                ids.len(),
                file.len()
            ));
            return Ok(Exit::Interrupted);
        }
    }
    let mut tracker = Tracker::new(ids);
    if !args.wait {
        progress.clear();
        return accepted(&tracker, output).map(|()| Exit::Done);
    }
    let end = {
        let limit = args.timeout.and_then(|flag| flag.own());
        let work = track::to_the_end(&client, &mut tracker, &mut progress);
        wait::ended(work, limit).await
    };
    progress.clear();
    drop(progress);
    wait::report(&tracker, end, output, |place| {
        Some(format!("line {}", file.line(place)))
    })
}

const AGAIN: &str = "The same command again goes on, and submits nothing twice";

struct Sending<'a> {
    client: &'a Client,
    file: &'a JobFile,
    ids: Vec<JobId>,
    warned: Vec<String>,
}

impl Sending<'_> {
    async fn all(
        &mut self,
        batches: &[Batch],
        progress: &mut Progress<'_>,
        output: &Output,
    ) -> Result<()> {
        for batch in batches {
            let answer = self.one(batch, progress).await?;
            let ids = ids_of(&answer, batch.jobs.len())?;
            self.warn(&answer, progress);
            if output.format == Format::Name || wait::ids_only(output) {
                ids.iter().try_for_each(|id| wait::print_id(output, id))?;
            }
            self.ids.extend(ids);
            progress.submitted(self.ids.len(), self.file.len());
        }
        Ok(())
    }

    /// Sends a batch until there is an answer. Its key makes that safe.
    async fn one(&self, batch: &Batch, progress: &mut Progress<'_>) -> Result<Value> {
        let body = self.file.body(batch);
        let mut patience = Patience::default();
        loop {
            let why = match self.client.submit_jobs(&body, Some(&batch.key)).await {
                Ok(answer) => {
                    if patience.restore() {
                        progress.note("The server is back");
                    }
                    return Ok(answer);
                }
                Err(why) if why.exit() == Exit::Unavailable => why,
                Err(why) => return Err(why),
            };
            let Some(wait) = patience.wait() else {
                return Err(why);
            };
            progress.lost(&why.first_line());
            tokio::time::sleep(wait).await;
        }
    }

    /// Tells each different warning once.
    fn warn(&mut self, answer: &Value, progress: &Progress<'_>) {
        for warning in warnings(answer) {
            if self.warned.len() < MAX_WARNINGS && !self.warned.contains(&warning) {
                progress.warning(&warning);
                self.warned.push(warning);
            }
        }
    }
}

/// The warnings of an answer, in whichever form they come.
pub(super) fn warnings(answer: &Value) -> Vec<String> {
    let one = answer.get("warning").into_iter();
    let many = answer.get("warnings").and_then(Value::as_array);
    let each = one.chain(many.into_iter().flatten());
    let each = each.map(|warning| {
        let inner = ["warning", "message"]
            .iter()
            .find_map(|field| warning.get(field));
        text(inner.unwrap_or(warning))
    });
    each.filter(|warning| !warning.is_empty()).collect()
}

fn ids_of(answer: &Value, wanted: usize) -> Result<Vec<JobId>> {
    let ids = answer.get("job_ids").cloned().unwrap_or_default();
    let ids: Vec<JobId> = serde_json::from_value(ids).unwrap_or_default();
    if ids.len() != wanted {
        return Err(
            Failure::failed("the server's answer to the jobs can't be read")
                .cause(format!(
                    "{wanted} jobs were sent, {} ids came back",
                    ids.len()
                ))
                .hint(
                    "`mcpctl version` shows whether server and mcpctl differ; -v shows the answer",
                ),
        );
    }
    Ok(ids)
}

fn stopped(why: Failure, sent: usize, total: usize) -> Failure {
    let how_far = format!("{sent} of {total} jobs are submitted");
    match why.exit() {
        Exit::ClosedPipe => why,
        Exit::Conflict => why.hint(
            "the same file was submitted with another --batch: use that one again, or submit it \
             anew with --idempotency-prefix TEXT",
        ),
        Exit::Unavailable => why.cause(how_far).hint(AGAIN),
        _ => why.cause(how_far),
    }
}

fn accepted(tracker: &Tracker, output: &Output) -> Result<()> {
    match output.format {
        Format::Json | Format::Yaml => output.document(&tracker.document()),
        Format::Name => Ok(()),
        Format::Table | Format::Wide if wait::ids_only(output) => Ok(()),
        Format::Table | Format::Wide => {
            output.line(&format!("{} submitted", tracker.jobs.len()))?;
            output.note("Follow them: the same command with --wait, or `mcpctl get jobs`");
            Ok(())
        }
    }
}
