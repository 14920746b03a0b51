//! `mcpctl create job`: one job from flags, and its answer with `--wait`.

use std::io::Read;

use serde_json::{Value, json};
use shared::job::{JobId, Json, MAX_PAYLOAD_BYTES, Status, Submit};

use super::event::{JobEvent, What, answer};
use super::follow::{Follow, Told};
use super::spinner::Spinner;
use super::submit::warnings;
use super::wait::{self, End};
use crate::args::Format;
use crate::args::jobs::CreateJob;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::session::Session;

/// The kind whose payload `--llm` and `--prompt` make.
const CHAT: &str = "llm.chat";

pub(crate) async fn run(args: &CreateJob, session: &Session<'_>) -> Result<Exit> {
    let job = job(args)?;
    // Plain fields and JSON that was checked: this can't fail.
    let body = serde_json::to_string(&job)
        .map_err(|why| Failure::failed("the job can't be written").caused_by(&why))?;
    let (client, output) = (session.client()?, session.output);
    let key = args.idempotency_key.as_deref();
    let made = client.submit_jobs(&body, key).await;
    let made = made.map_err(|why| unclear(why, key))?;
    let id: JobId = made
        .get("job_id")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| {
            Failure::failed("the server took the job but did not say its id")
                .hint("`mcpctl get jobs` lists the newest")
        })?;
    for warning in warnings(&made) {
        output.warning(&warning);
    }
    if args.wait {
        let limit = args.timeout.and_then(|flag| flag.own());
        return answered(&client, id, limit, output).await;
    }
    match output.format {
        Format::Json | Format::Yaml => output.document(&made)?,
        Format::Name => output.line(&format!("job/{id}"))?,
        Format::Table | Format::Wide if wait::ids_only(output) => output.line(id.as_str())?,
        Format::Table | Format::Wide => {
            output.line(&format!("job/{id} created"))?;
            output.note(&format!("Follow it: mcpctl jobs watch {id}"));
        }
    }
    Ok(Exit::Done)
}

/// The job that the flags describe.
fn job(args: &CreateJob) -> Result<Submit> {
    let mut job = Submit::new(args.kind.as_str(), payload(args)?);
    job.priority = args.priority.unwrap_or(job.priority);
    job.max_attempts = args.max_attempts.unwrap_or(job.max_attempts);
    job.deadline_at = args.deadline;
    job.run_at = args.run_at;
    job.unique_key = args.unique_key.clone();
    for label in &args.labels {
        let (key, value) = label.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`{label}` is no label")).hint("write --label KEY=VALUE")
        })?;
        job.labels.insert(key.into(), value.into());
    }
    job.check()
        .map_err(|why| Failure::usage("the job is not valid").cause(why.to_string()))?;
    Ok(job)
}

fn payload(args: &CreateJob) -> Result<Json> {
    if let (Some(llm), Some(prompt)) = (&args.llm, &args.prompt) {
        if args.kind != CHAT {
            return Err(Failure::usage(format!(
                "--llm makes the payload of {CHAT}, not of {}",
                args.kind
            ))
            .hint("give the payload itself: --payload JSON"));
        }
        let prompt = match prompt.as_str() {
            "-" => stdin()?,
            prompt => prompt.into(),
        };
        let system = args.system.as_ref();
        let system = system.map(|text| json!({"role": "system", "content": text}));
        let user = json!({"role": "user", "content": prompt});
        let messages: Vec<_> = system.into_iter().chain([user]).collect();
        return Ok(json!({"llm": llm, "messages": messages}).into());
    }
    let payload = args.payload.as_deref().unwrap_or("null");
    let (text, from) = match (payload, payload.strip_prefix('@')) {
        ("-", _) => (stdin()?, "stdin"),
        (_, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|why| Failure::failed(format!("can't read {path}")).caused_by(&why))?;
            (text, path)
        }
        (text, None) => (text.into(), "--payload"),
    };
    Json::parse(text).map_err(|why| {
        Failure::usage(format!("{from} is not JSON"))
            .caused_by(&why)
            .hint("quote it for the shell, such as --payload '{\"a\": 1}', or use @FILE")
    })
}

fn stdin() -> Result<String> {
    let unreadable = |why| Failure::failed("stdin can't be read").caused_by(&why);
    let mut text = String::new();
    let stdin = std::io::stdin().lock();
    // What is too long is refused with the job, by its size.
    let mut stdin = stdin.take(MAX_PAYLOAD_BYTES as u64 + 1);
    stdin.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// A request without an answer may have made the job.
fn unclear(why: Failure, key: Option<&str>) -> Failure {
    match (why.exit(), key) {
        (Exit::Unavailable, Some(_)) => why
            .hint("the same command again: its --idempotency-key makes sure that there is one job"),
        (Exit::Unavailable, None) => why.hint(
            "`mcpctl get jobs` shows whether it was accepted all the same; with \
             --idempotency-key KEY the command can be repeated safely",
        ),
        _ => why,
    }
}

/// Waits for the job's end, and prints its answer.
async fn answered(
    client: &Client,
    id: JobId,
    limit: Option<std::time::Duration>,
    output: &Output,
) -> Result<Exit> {
    let mut spinner = Spinner::new(output);
    let mut last = None;
    let follow = Follow::new(client.clone(), id.clone()).patient();
    let end = wait::ended(to_the_end(follow, &mut spinner, &mut last), limit).await;
    drop(spinner);
    match end? {
        End::Interrupted => {
            output.note(&format!(
                "The job goes on. Watch it: mcpctl jobs watch {id}; take it back: mcpctl jobs \
                 cancel {id}"
            ));
            return Ok(Exit::Interrupted);
        }
        End::TimedOut => {
            return Err(
                Failure::new(Exit::Unavailable, format!("job {id} did not end in time"))
                    .hint(format!("it goes on: mcpctl jobs watch {id}")),
            );
        }
        End::Ended => {}
    }
    let for_people = matches!(output.format, Format::Table | Format::Wide);
    match output.format {
        Format::Json | Format::Yaml => output.document(&client.job(&id).await?)?,
        Format::Name => output.line(&format!("job/{id}"))?,
        Format::Table | Format::Wide => {}
    }
    match last.map(|event: JobEvent| (event.what, event.data)) {
        Some((What::Done, data)) => {
            if for_people {
                let answer = answer(data.get("result").unwrap_or(&Value::Null));
                output.line(answer.strip_suffix('\n').unwrap_or(&answer))?;
            }
            Ok(Exit::Done)
        }
        Some((What::Error(why), _)) => Err(failed(client, &id, &why).await),
        _ => Err(failed(client, &id, "it ended without a word").await),
    }
}

async fn to_the_end(
    mut follow: Follow,
    spinner: &mut Spinner<'_>,
    last: &mut Option<JobEvent>,
) -> Result<()> {
    loop {
        match spinner.next(&mut follow).await? {
            Told::Event(event) => {
                spinner.show(&event);
                if event.is_end() {
                    *last = Some(*event);
                }
            }
            Told::Lost(why) => spinner.lost(&why),
            Told::Back => spinner.back(),
            Told::End => return Ok(()),
        }
    }
}

/// What became of a job that brought no result. Which end it was only the job itself tells.
pub(super) async fn failed(client: &Client, id: &JobId, why: &str) -> Failure {
    let job = client.job(id).await.unwrap_or_default();
    let status = job.get("status").and_then(Value::as_str);
    let status: Option<Status> = status.and_then(|status| status.parse().ok());
    let what = match status {
        Some(Status::Canceled) => format!("job {id} was canceled"),
        Some(Status::Expired) => format!("job {id} expired"),
        _ => format!("job {id} failed"),
    };
    let failure = Failure::failed(what).cause(why);
    failure.hint(format!(
        "mcpctl describe job {id}; once more: mcpctl jobs retry {id}"
    ))
}
