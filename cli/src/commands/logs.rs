//! `mcpctl logs TYPE/NAME`: a job's events, an LLM's requests, the daemon's log.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use shared::name::Name;
use shared::timestamp::Timestamp;
use shared::usage::RequestRecord;

use super::{jobs, local, usage, wait_for};
use crate::args::Format;
use crate::args::local::{Local, LocalVerb};
use crate::args::logs::Logs;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::quantity::latency;
use crate::output::sanitise::one_line;
use crate::patience::Patience;
use crate::resource::{Resource, job_id, select};
use crate::session::Session;

/// Requests that are shown where the line does not say.
const DEFAULT_REQUESTS: usize = 50;
/// The server gives no more at once.
const MAX_REQUESTS: usize = 1000;
/// Lines of the daemon's log that are shown where the line does not say.
const DEFAULT_LINES: usize = 200;
/// How often is looked for new requests.
const POLL: Duration = Duration::from_secs(2);
/// A request is listed when it has ended, by the time at which it came: as far is looked back for
/// those that took long.
const LOOK_BACK: Duration = Duration::from_secs(900);

pub(super) fn run(args: &Logs, session: &Session<'_>) -> Result<Exit> {
    if args.what == ["local"] {
        if args.since.is_some() {
            return Err(
                Failure::usage("the daemon's log goes by lines, not by time")
                    .hint("mcpctl logs local --tail 500"),
            );
        }
        let verb = LocalVerb::Logs {
            follow: args.follow,
            tail: args.tail.unwrap_or(DEFAULT_LINES),
        };
        return local::run(&Local { verb }, session);
    }
    let mut selections = select(&args.what).map_err(|why| match &args.what[..] {
        [bare] if !bare.contains('/') => {
            why.hint(format!("write mcpctl logs llm/{bare}, or job/ID, or local"))
        }
        _ => why,
    })?;
    let alone = selections.len() == 1;
    let (resource, name) = match selections.pop() {
        Some(mut only) if alone && only.names.len() == 1 => (only.resource, only.names.remove(0)),
        _ => {
            return Err(Failure::usage("one log at a time is shown")
                .hint("mcpctl logs llm/NAME, mcpctl logs job/ID or mcpctl logs local"));
        }
    };
    match resource {
        Resource::Job => wait_for(async {
            let id = job_id(name.as_str())?;
            let window = jobs::watch::Window {
                tail: args.tail,
                since: args.since,
            };
            jobs::watch::logs_of(id, args.follow, window, session).await
        }),
        Resource::Llm => wait_for(requests(&name, args, session)),
        other => Err(
            Failure::usage(format!("{} have no log", other.plural())).hint(
                "LLMs and jobs have one, and the daemon here: mcpctl logs llm/NAME, job/ID or local",
            ),
        ),
    }
}

async fn requests(name: &Name, args: &Logs, session: &Session<'_>) -> Result<Exit> {
    let (client, output) = (session.client()?, session.output);
    let work = async {
        let limit = args.tail.unwrap_or(DEFAULT_REQUESTS).min(MAX_REQUESTS);
        let mut shown = Shown::default();
        let first = match limit {
            0 => Vec::new(),
            limit => ask(&client, name, limit, args.since).await?,
        };
        if first.is_empty() {
            // One that is not there has no requests either: say which it is.
            client.get(Resource::Llm, name).await?;
            if !args.follow {
                output.note(&format!("No requests to `{name}` are recorded"));
            }
        }
        shown.print(&first, output)?;
        if !args.follow {
            return Ok(Exit::Done);
        }
        let start = args.since.unwrap_or_else(crate::clock::now);
        if limit == 0 {
            let before = ask(&client, name, MAX_REQUESTS, Some(look_back(start))).await?;
            shown.pass_over(&before);
        }
        follow(&client, name, start, &mut shown, output).await
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        end = work => end,
    }
}

/// Looks for new ones again and again. A server that is away for a while is waited for.
async fn follow(
    client: &Client,
    name: &Name,
    mut newest: Timestamp,
    shown: &mut Shown,
    output: &Output,
) -> Result<Exit> {
    let mut patience = Patience::default();
    let mut wait = POLL;
    loop {
        tokio::time::sleep(wait).await;
        match ask(client, name, MAX_REQUESTS, Some(look_back(newest))).await {
            Ok(items) => {
                wait = POLL;
                if patience.restore() {
                    output.note("The server is back");
                }
                newest = items.iter().filter_map(at).fold(newest, Timestamp::max);
                shown.print(&items, output)?;
            }
            Err(why) if why.exit() == Exit::Unavailable => {
                if !patience.is_tried() {
                    let why = why.first_line();
                    output.warning(&format!("{why}; trying again until it is back"));
                }
                wait = patience.wait().ok_or(why)?;
            }
            Err(why) => return Err(why),
        }
    }
}

/// The last requests to an LLM, oldest first.
async fn ask(
    client: &Client,
    name: &Name,
    limit: usize,
    after: Option<Timestamp>,
) -> Result<Vec<Value>> {
    let mut query = vec![("limit", limit.to_string()), ("llm", name.to_string())];
    query.extend(after.map(|after| ("after", after.to_string())));
    let mut answer = client.requests(&query).await?;
    let Some(Value::Array(mut items)) = answer.get_mut("items").map(Value::take) else {
        return Err(Failure::failed("the server's requests can't be read")
            .hint("`mcpctl version` shows whether server and mcpctl differ"));
    };
    items.reverse();
    Ok(items)
}

fn look_back(from: Timestamp) -> Timestamp {
    let span = i64::try_from(LOOK_BACK.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(from.as_millis().saturating_sub(span))
}

fn at(record: &Value) -> Option<Timestamp> {
    record.get("at")?.as_str()?.parse().ok()
}

/// Those that were shown, by id.
#[derive(Default)]
struct Shown(HashSet<String>);

impl Shown {
    fn pass_over(&mut self, items: &[Value]) {
        for item in items {
            self.is_new(item);
        }
    }

    fn is_new(&mut self, item: &Value) -> bool {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        self.0.insert(id.into())
    }

    fn print(&mut self, items: &[Value], output: &Output) -> Result<()> {
        for item in items {
            if !self.is_new(item) {
                continue;
            }
            match output.format {
                Format::Json | Format::Yaml => output.record(item)?,
                Format::Name => output.line(item["id"].as_str().unwrap_or_default())?,
                Format::Table | Format::Wide => output.line(&line(item)?)?,
            }
        }
        Ok(())
    }
}

/// A request in a line: when, who, how it ended, tokens, time.
fn line(item: &Value) -> Result<String> {
    let record: RequestRecord = serde_json::from_value(item.clone()).map_err(|why| {
        Failure::failed("the server's requests can't be read")
            .caused_by(&why)
            .hint("`-o json` prints them as they are")
    })?;
    let outcome = usage::outcome(&record);
    let about = if record.estimated { "~" } else { "" };
    let tries = match record.attempts {
        0 | 1 => String::new(),
        tries => format!("  {tries} tries"),
    };
    let at = record.at.map(|at| at.to_string()).unwrap_or_default();
    Ok(one_line(&format!(
        "{at}  {}  {} {outcome}  {about}{} in, {about}{} out  {}  {}{tries}",
        record.principal,
        record.status,
        record.tokens.input,
        record.tokens.output,
        latency(record.duration_ms),
        record.path,
    )))
}
