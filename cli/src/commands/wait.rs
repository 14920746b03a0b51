//! `mcpctl wait`: until resources stand as wanted, or the time is over.

use std::time::Duration;

use serde_json::{Value, json};
use shared::job::Status;
use shared::name::Name;

use super::changes::Changes;
use super::found::{Found, Wanted};
use super::{lookup, report};
use crate::args::Format;
use crate::args::condition::{Condition, status};
use crate::args::wait::Wait;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::resource::{Resource, Selection, select};
use crate::session::Session;

/// One that is waited for.
struct Target {
    resource: Resource,
    name: Name,
    met: bool,
    /// How it stood when it was seen last.
    last: Option<String>,
}

impl Target {
    fn words(&self) -> String {
        format!("{}/{}", self.resource.singular(), self.name)
    }
}

pub(super) async fn run(args: &Wait, session: &Session<'_>) -> Result<Exit> {
    let selections = select(&args.what)?;
    args.choose.check(&selections)?;
    let all = args.all || args.choose.is_given();
    if !all && selections.iter().any(|s| s.names.is_empty()) {
        return Err(Failure::usage("name what to wait for, or say --all")
            .hint("mcpctl wait llm/NAME --for=status=active"));
    }
    if args.all && selections.iter().any(|s| !s.names.is_empty()) {
        return Err(Failure::usage("--all and names don't go together"));
    }
    let client = session.client()?;
    let wanted = Wanted::of(selections, &args.choose);
    let mut line = Line::new(session.output);
    let mut targets = Vec::new();
    let limit = args.timeout.own().unwrap_or(Duration::MAX);
    let end = {
        let work = until_met(&client, &wanted, &args.until, &mut targets, &mut line);
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            end = work => end.map(|()| Exit::Done),
            () = tokio::time::sleep(limit) => Ok(Exit::Unavailable),
        }
    };
    line.clear();
    match end? {
        Exit::Unavailable => Err(timed_out(&targets, &args.until)),
        exit => Ok(exit),
    }
}

async fn until_met(
    client: &Client,
    wanted: &Wanted,
    until: &Condition,
    targets: &mut Vec<Target>,
    line: &mut Line<'_>,
) -> Result<()> {
    let mut changes = Changes::new(client, wanted);
    let first = changes.next().await?;
    *targets = named(&wanted.selections, &first);
    if targets.is_empty() {
        line.output.note("There is nothing to wait for");
        return Ok(());
    }
    let mut now = first;
    loop {
        for target in targets.iter_mut().filter(|target| !target.met) {
            let document = find(&now, target);
            let was_there = target.last.is_some();
            look(client, target, document, until, was_there, line).await?;
        }
        if targets.iter().all(|target| target.met) {
            return Ok(());
        }
        line.tell(targets);
        now = changes.next().await?;
    }
}

/// Those that are named, or all that are there.
fn named(selections: &[Selection], found: &[Found]) -> Vec<Target> {
    let mut targets = Vec::new();
    for (selection, found) in selections.iter().zip(found) {
        let resource = selection.resource;
        let there = found.items.iter().map(|item| resource.name_in(item));
        let names: Vec<Name> = match selection.names.is_empty() {
            true => there.filter_map(|name| name.parse().ok()).collect(),
            false => selection.names.clone(),
        };
        targets.extend(names.into_iter().map(|name| Target {
            resource,
            name,
            met: false,
            last: None,
        }));
    }
    targets
}

fn find<'f>(found: &'f [Found], target: &Target) -> Option<&'f Value> {
    let mut parts = found.iter().filter(|f| f.resource == target.resource);
    parts.find_map(|part| {
        let mut items = part.items.iter();
        items.find(|item| part.resource.name_in(item) == target.name.as_str())
    })
}

/// Looks whether it stands as wanted now, and says so.
///
/// Errors: where it never will: it is not there, or is a job that has ended otherwise.
async fn look(
    client: &Client,
    target: &mut Target,
    document: Option<&Value>,
    until: &Condition,
    was_there: bool,
    line: &mut Line<'_>,
) -> Result<()> {
    if until.is_met(document) {
        target.met = true;
        line.clear();
        let nameless = match target.resource {
            Resource::Job => json!({ "id": target.name }),
            _ => json!({"metadata": {"name": target.name}}),
        };
        let document = document.unwrap_or(&nameless);
        return match line.output.format {
            Format::Json | Format::Yaml => line.output.record(document),
            _ => report(line.output, target.resource, document, "condition met"),
        };
    }
    let Some(document) = document else {
        return match until {
            Condition::Created => Ok(()),
            // The server says it, and offers the near name.
            _ if !was_there => lookup::one(client, target.resource, &target.name)
                .await
                .map(drop),
            _ => Err(Failure::new(
                Exit::NotFound,
                format!("{} was deleted before {}", target.words(), until.words()),
            )),
        };
    };
    target.last = Some(status(document).unwrap_or("there").to_owned());
    let ended = target.resource == Resource::Job
        && status(document).is_some_and(|s| s.parse::<Status>().is_ok_and(Status::is_ended));
    if ended && matches!(until, Condition::Status(_)) {
        let failure = Failure::failed(format!(
            "{} ended as {}, not as waited for ({})",
            target.words(),
            target.last.as_deref().unwrap_or_default(),
            until.words()
        ));
        let failure = match document.get("error").and_then(Value::as_str) {
            Some(why) => failure.cause(why),
            None => failure,
        };
        return Err(failure.hint(format!("mcpctl describe {}", target.words())));
    }
    Ok(())
}

fn timed_out(targets: &[Target], until: &Condition) -> Failure {
    let waiting: Vec<_> = targets.iter().filter(|target| !target.met).collect();
    let first = waiting.first().map(|target| target.words());
    let names: Vec<_> = waiting.iter().map(|target| target.words()).collect();
    let last = waiting.iter().map(|target| {
        let last = target.last.as_deref().unwrap_or("not there");
        format!("{}: {last}", target.words())
    });
    let what = match names.len() {
        0 => "what was asked for".into(),
        _ => names.join(", "),
    };
    let failure = Failure::new(
        Exit::Unavailable,
        format!("timed out waiting for {what}: {}", until.words()),
    );
    let failure = match names.len() {
        0 => failure.cause("the server did not answer in time"),
        _ => failure.cause(format!(
            "last seen: {}",
            last.collect::<Vec<_>>().join(", ")
        )),
    };
    match first {
        Some(first) => failure.hint(format!(
            "wait longer with --timeout, or see why: mcpctl describe {first}"
        )),
        None => failure,
    }
}

/// The line on a terminal that says what is waited for.
struct Line<'a> {
    output: &'a Output,
    shown: String,
}

impl<'a> Line<'a> {
    fn new(output: &'a Output) -> Self {
        Self {
            output,
            shown: String::new(),
        }
    }

    fn tell(&mut self, targets: &[Target]) {
        let waiting = targets.iter().filter(|target| !target.met);
        let each = waiting.map(|target| {
            let last = target.last.as_deref().unwrap_or("not there");
            format!("{} ({last})", target.words())
        });
        let text = format!("Waiting for {}", each.collect::<Vec<_>>().join(", "));
        if text != self.shown && self.output.err_can_draw() {
            self.clear();
            let width = crossterm::terminal::size().map_or(80, |(columns, _)| columns);
            let cut = crate::output::paint::cut(&text, width.saturating_sub(1));
            let clean = crate::output::sanitise::one_line(&cut);
            self.output
                .to_err(&format!("{}\r", self.output.painted("2", &clean)));
            self.shown = text;
        }
    }

    fn clear(&mut self) {
        if !std::mem::take(&mut self.shown).is_empty() {
            self.output.to_err("\r\u{1b}[K");
        }
    }
}
