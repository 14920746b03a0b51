//! `mcpctl apply`: make resources be as the files say, and touch nothing that is so already.

use serde_json::Value;

use super::found;
use super::manifest::{Entry, read};
use super::wanted::normal;
use crate::args::Format;
use crate::args::apply::{Apply, DryRun};
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::resource::Resource;
use crate::session::Session;

/// What became of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Created,
    Configured,
    Unchanged,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
        }
    }
}

pub(super) async fn run(args: &Apply, session: &Session<'_>) -> Result<Exit> {
    if args.dry_run == Some(DryRun::Server) {
        return Err(
            Failure::usage("the server can't try a change without making it")
                .hint("--dry-run says what would change; `mcpctl diff -f` shows it line by line"),
        );
    }
    let dry_run = args.dry_run == Some(DryRun::Client);
    let entries = read(&args.filename)?;
    let client = session.client()?;
    let output = session.output;
    let mut worst: Option<Failure> = None;
    let mut documents = Vec::new();
    let count = entries.len();
    for entry in entries {
        let applied = match entry {
            Ok(entry) => apply(&client, &entry, dry_run)
                .await
                .map_err(|why| why.cause(format!("applying {}", entry.place)))
                .map(|applied| (entry, applied)),
            Err(why) => Err(why),
        };
        match applied {
            Ok((entry, (outcome, document))) => {
                report(output, &entry, outcome, dry_run)?;
                documents.push(document);
            }
            Err(failure) => {
                // The worst is told at the end of the run, the others at once.
                worst = match worst.take() {
                    None => Some(failure),
                    Some(before) => {
                        let (keep, tell) = super::by_weight(before, failure);
                        output.failure(&tell);
                        Some(keep)
                    }
                };
            }
        }
    }
    found::print_documents(output, documents, count == 1)?;
    worst.map_or(Ok(Exit::Done), Err)
}

async fn apply(client: &Client, entry: &Entry, dry_run: bool) -> Result<(Outcome, Value)> {
    let current = match client.get(entry.resource, &entry.name).await {
        Ok(current) => Some(current),
        Err(failure) if failure.exit() == Exit::NotFound => None,
        Err(failure) => return Err(failure),
    };
    let expected = match &current {
        None => Outcome::Created,
        Some(current) if is_so_already(entry, current) => Outcome::Unchanged,
        Some(_) => Outcome::Configured,
    };
    if let (Some(current), Outcome::Unchanged) = (&current, expected) {
        return Ok((expected, current.clone()));
    }
    if dry_run {
        return Ok((expected, entry.document.clone()));
    }
    let answer = client
        .put(entry.resource, &entry.name, &entry.document)
        .await?;
    let version = |document: &Value| document.pointer("/metadata/resourceVersion").cloned();
    // Only the server sees a secret's values: it counts a change where there was one.
    let outcome = match current {
        None => Outcome::Created,
        Some(current) if version(&current).is_some() && version(&current) == version(&answer) => {
            Outcome::Unchanged
        }
        Some(_) => Outcome::Configured,
    };
    Ok((outcome, answer))
}

/// Whether what is wanted is what is there. Values of a secret can't be seen, so never for one.
fn is_so_already(entry: &Entry, current: &Value) -> bool {
    let wanted = match entry.resource {
        Resource::Secret => None,
        resource => normal(resource, &entry.document),
    };
    wanted.is_some() && wanted == normal(entry.resource, current)
}

/// A line for each; with `--quiet` only for what was changed.
fn report(output: &Output, entry: &Entry, outcome: Outcome, dry_run: bool) -> Result<()> {
    let kind = entry.resource.singular();
    match output.format {
        Format::Json | Format::Yaml => Ok(()),
        _ if output.is_quiet() && outcome == Outcome::Unchanged => Ok(()),
        Format::Name => output.line(&format!("{kind}/{}", entry.name)),
        Format::Table | Format::Wide => {
            let dry = if dry_run { " (dry run)" } else { "" };
            output.line(&format!("{kind}/{} {}{dry}", entry.name, outcome.word()))
        }
    }
}
