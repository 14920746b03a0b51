//! `mcpctl apply`: make resources be as the files say, and touch nothing that is so already.

use serde_json::Value;
use shared::document::Document;

use super::manifest::{Entry, read};
use crate::args::Format;
use crate::args::resources::Apply;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
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
    let entries = read(&args.filename)?;
    let client = session.client()?;
    let mut first_failure: Option<Failure> = None;
    for entry in &entries {
        match apply(&client, entry, args.dry_run).await {
            Ok((outcome, document)) => report(session, entry, outcome, &document, args.dry_run)?,
            Err(failure) => {
                let failure = failure.cause(format!("applying {}", entry.place));
                match first_failure {
                    None => first_failure = Some(failure),
                    Some(_) => session.output.failure(&failure),
                }
            }
        }
    }
    first_failure.map_or(Ok(Exit::Done), Err)
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
    match entry.resource {
        Resource::Llm => same(&entry.document, current, shared::llm::parse),
        Resource::Alias => same(&entry.document, current, shared::alias::parse),
        Resource::Price => same(&entry.document, current, shared::price::parse),
        Resource::Secret | Resource::Token => false,
    }
}

/// Whether two documents want the same, whatever form they have.
fn same<Spec: PartialEq, Status, Why>(
    wanted: &Value,
    current: &Value,
    parse: impl Fn(Value) -> Result<Document<Spec, Status>, Why>,
) -> bool {
    let parse = |document: &Value| parse(document.clone()).ok();
    match (parse(wanted), parse(current)) {
        (Some(wanted), Some(current)) => {
            wanted.spec == current.spec && wanted.metadata.labels == current.metadata.labels
        }
        _ => false,
    }
}

fn report(
    session: &Session<'_>,
    entry: &Entry,
    outcome: Outcome,
    document: &Value,
    dry_run: bool,
) -> Result<()> {
    let output = session.output;
    let kind = entry.resource.singular();
    match output.format {
        Format::Json => output.document(document),
        Format::Yaml => {
            output.line("---")?;
            output.document(document)
        }
        Format::Name => output.line(&format!("{kind}/{}", entry.name)),
        Format::Table | Format::Wide => {
            let dry = if dry_run { " (dry run)" } else { "" };
            output.line(&format!("{kind}/{} {}{dry}", entry.name, outcome.word()))
        }
    }
}
