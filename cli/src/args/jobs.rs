//! Verbs on durable jobs. `get`, `describe` and `delete` take jobs too; their flags are elsewhere.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use shared::job::{MAX_ATTEMPTS, MAX_BATCH, MAX_PRIORITY};
use shared::timestamp::Timestamp;

use super::TimeoutFlag;
use crate::clock::now;

/// The kinds that a server runs itself, for completion: others wait for a worker that claims them.
pub(crate) const KINDS: [&str; 7] = [
    "echo",
    "llm.chat",
    "llm.embed",
    "ollama.embed",
    "ollama.generate",
    "openai.chat",
    "openrouter.chat",
];

/// Submit a job that runs until it has ended, whatever breaks in between
///
/// With --wait the answer is printed: ends with 0 where the job is done, 1 where it failed, was
/// canceled or expired, 6 where --timeout passed. Ctrl-C leaves; the job goes on.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("what").args(["llm", "payload"]).required(true),
    after_help = "\
Examples:
  mcpctl create job --kind llm.chat --llm laptop --prompt 'why is the sky blue?' --wait
  mcpctl create job --llm laptop --prompt - --label team=docs < question.txt
  mcpctl create job --kind echo --payload '{\"a\": 1}' --run-at 'in 5m'
  mcpctl create job --kind render --payload @scene.json --priority 10 --deadline 2h
  mcpctl create job --llm laptop --prompt hello --idempotency-key order-17 --wait --timeout 10m"
)]
pub(crate) struct CreateJob {
    /// What is to be done: llm.chat, llm.embed, echo, or an external worker's own word
    #[arg(long, default_value = "llm.chat")]
    pub(crate) kind: String,
    /// The LLM or alias to ask; with --prompt it makes the payload of llm.chat
    #[arg(long, value_name = "NAME", requires = "prompt")]
    pub(crate) llm: Option<String>,
    /// What to ask it; - reads stdin
    #[arg(
        long,
        value_name = "TEXT",
        requires = "llm",
        allow_hyphen_values = true
    )]
    pub(crate) prompt: Option<String>,
    /// How it is to answer
    #[arg(long, value_name = "TEXT", requires = "llm")]
    pub(crate) system: Option<String>,
    /// The payload of any kind: JSON, @FILE, or - for stdin
    #[arg(long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    pub(crate) payload: Option<String>,
    /// Higher comes first; default: 0
    #[arg(long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(-MAX_PRIORITY as i64..=MAX_PRIORITY as i64))]
    pub(crate) priority: Option<i32>,
    /// Attempts before it is given up; default: 3
    #[arg(long, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=MAX_ATTEMPTS as i64))]
    pub(crate) max_attempts: Option<u32>,
    /// By when a result is wanted, such as 10m or 2026-11-21T09:30:00Z; it expires then
    #[arg(long, value_name = "TIME", value_parser = ahead)]
    pub(crate) deadline: Option<Timestamp>,
    /// Not before this, such as 'in 5m' or 2026-11-21T09:30:00Z
    #[arg(long, value_name = "TIME", value_parser = ahead)]
    pub(crate) run_at: Option<Timestamp>,
    /// Make none while a job with this key has not ended; that one is meant then
    #[arg(long, value_name = "KEY")]
    pub(crate) unique_key: Option<String>,
    /// A label, for people and filters; may be given several times
    #[arg(long = "label", value_name = "KEY=VALUE")]
    pub(crate) labels: Vec<String>,
    /// Makes it safe to repeat the command: the same key and job give the same job again
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Wait for the end, and print the answer
    #[arg(short, long)]
    pub(crate) wait: bool,
    /// How long to wait for the job, such as 10m; here not this call's
    #[arg(long, value_name = "TIME", value_parser = super::own_timeout)]
    pub(crate) timeout: Option<TimeoutFlag>,
}

/// Submit, follow and manage durable jobs
///
/// A job is accepted, stored, and runs until it is done, failed, canceled or expired, whatever
/// breaks in between. `mcpctl create job` makes one; `mcpctl get jobs` lists them.
#[derive(Args, Debug)]
pub(crate) struct Jobs {
    #[command(subcommand)]
    pub(crate) what: JobsWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsWhat {
    Submit(Submit),
    Watch(Watch),
    Wait(Wait),
    Logs(Logs),
    Cancel(Cancel),
    Retry(Retry),
    Top(TopJobs),
}

/// Submit a file of jobs
///
/// A line is a job: an object with `kind` and `payload`, and what else `POST /v1/jobs` takes. All
/// lines are checked before the first is submitted. A second run of the same file, after a crash or
/// a lost connection, submits nothing twice; --idempotency-prefix makes it submit anew.
///
/// With --wait, ends with 0 where all jobs are done, 1 where one ended otherwise, 6 where --timeout
/// passed. Ctrl-C leaves; the jobs go on.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl jobs submit -f jobs.jsonl --wait
  mcpctl jobs submit -f jobs.jsonl -q > ids.txt
  mcpctl jobs submit -f jobs.jsonl --idempotency-prefix second-run
  jq -c '{kind: \"llm.chat\", payload: .}' questions.jsonl | mcpctl jobs submit -f - --wait -o json")]
pub(crate) struct Submit {
    /// A file with a job on each line, or - for stdin
    #[arg(
        short,
        long = "filename",
        value_name = "FILE|-",
        value_hint = clap::ValueHint::FilePath
    )]
    pub(crate) filename: PathBuf,
    /// Wait until all have ended
    #[arg(short, long)]
    pub(crate) wait: bool,
    /// Jobs in one call, at most
    #[arg(long, value_name = "N", default_value_t = 500,
        value_parser = clap::value_parser!(u16).range(1..=MAX_BATCH as i64))]
    pub(crate) batch: u16,
    /// Tells this submission of the file from others of the same file
    #[arg(long, value_name = "TEXT")]
    pub(crate) idempotency_prefix: Option<String>,
    /// How long to wait for the jobs, such as 2h; here not a call's
    #[arg(long, value_name = "TIME", value_parser = super::own_timeout)]
    pub(crate) timeout: Option<TimeoutFlag>,
}

/// Follow jobs until they have ended
///
/// One job: its events as lines, and its answer as it comes. Several: a bar each on a terminal,
/// else lines. A connection that breaks is made again, without loss or repeats. Ends as `jobs wait`
/// does.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl jobs watch 019aa5c3-1b7d-7f00-8000-000000000001
  mcpctl jobs watch ID -o json | jq -r 'select(.event == \"chunk\") | .data.data'
  mcpctl get jobs --status running -o name | xargs mcpctl jobs watch")]
pub(crate) struct Watch {
    /// The jobs
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Wait until jobs have ended
///
/// Ends with 0 where all are done, 1 where one ended otherwise, 6 where --timeout passed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl jobs wait 019aa5c3-1b7d-7f00-8000-000000000001 --timeout 10m
  xargs mcpctl jobs wait --timeout 2h < ids.txt")]
pub(crate) struct Wait {
    /// The jobs
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// How long to wait, such as 10m; default: as long as it takes
    #[arg(long, value_name = "TIME", value_parser = super::own_timeout)]
    pub(crate) timeout: Option<TimeoutFlag>,
}

/// Show what a job has told so far
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl jobs logs 019aa5c3-1b7d-7f00-8000-000000000001
  mcpctl jobs logs ID -f")]
pub(crate) struct Logs {
    /// The job
    pub(crate) id: String,
    /// Go on until it has ended
    #[arg(short, long)]
    pub(crate) follow: bool,
}

/// Take jobs back
///
/// A job that waits is canceled at once; one that runs ends when its worker learns of it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl jobs cancel 019aa5c3-1b7d-7f00-8000-000000000001
  mcpctl get jobs --status queued -o name | xargs mcpctl jobs cancel")]
pub(crate) struct Cancel {
    /// The jobs
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Queue ended jobs anew
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl jobs retry 019aa5c3-1b7d-7f00-8000-000000000001
  mcpctl get jobs --status error -o name | xargs mcpctl jobs retry")]
pub(crate) struct Retry {
    /// The jobs
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Show how many jobs there are, what runs and what waits for what, live on a terminal
///
/// q or Ctrl-C leaves, the arrow keys scroll. Where the output is piped, and with --once, it is
/// printed once. Counts are of all jobs that have not ended, and of those that ended in the last 24
/// hours.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl jobs top
  mcpctl jobs top --interval 500ms
  mcpctl jobs top -o json | jq '.waiting[] | select(.jobs > 10)'")]
pub(crate) struct TopJobs {
    /// How often to look, such as 500ms or 10s
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = super::gateway::interval)]
    pub(crate) interval: Duration,
    /// Print it once
    #[arg(long)]
    pub(crate) once: bool,
}

/// Reads a moment that lies ahead: `10m`, `in 10m`, or an RFC 3339 time.
fn ahead(text: &str) -> Result<Timestamp, String> {
    ahead_of(text, now())
}

fn ahead_of(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let span = text.strip_prefix("in ").unwrap_or(text).trim();
    let has_unit = span.ends_with(|c: char| c.is_ascii_alphabetic());
    match crate::duration::parse(span) {
        Ok(span) if has_unit => Ok(now.plus(span)),
        _ => text.parse().map_err(|_| {
            format!("`{text}` is no time: write 10m, 'in 10m' or 2026-11-21T09:30:00Z")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_ahead_is_a_span_or_a_time() {
        let now: Timestamp = "2026-11-21T09:30:00Z".parse().unwrap();
        let read = |text| ahead_of(text, now).map(|at| at.to_string());
        for text in ["5m", "in 5m", "2026-11-21T09:35:00Z"] {
            assert_eq!(read(text).unwrap(), "2026-11-21T09:35:00.000Z", "{text}");
        }
        for wrong in ["", "5", "soon", "in", "2026-11-21"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
