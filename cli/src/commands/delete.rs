//! `mcpctl delete`: one at once, many after a word of confirmation.

use serde_json::Value;
use shared::name::Name;

use super::jobs;
use crate::args::resources::Delete;
use crate::client::{Client, names_in};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::prompt;
use crate::resource::{Resource, Selection, select};
use crate::session::Session;

pub(super) async fn run(args: &Delete, session: &Session<'_>) -> Result<Exit> {
    if let Some(ids) = jobs::ids::selected(&args.what) {
        return jobs::hand::delete(&ids?, args, session).await;
    }
    let selections = select(&args.what)?;
    let named = selections.iter().any(|s| !s.names.is_empty());
    if args.all && named {
        return Err(Failure::usage("--all and names don't go together"));
    }
    if !args.all && !named {
        return Err(Failure::usage("name what to delete, or say --all")
            .hint("`mcpctl get TYPE` lists the names"));
    }
    let client = session.client()?;
    let targets = targets(&client, selections).await?;
    if targets.is_empty() {
        session.output.note("There is nothing to delete");
        return Ok(Exit::Done);
    }
    if !args.yes && (args.all || targets.len() > 1) && !confirmed(&targets)? {
        session.output.note("Nothing was deleted");
        return Ok(Exit::Failure);
    }
    let mut first_failure = None;
    for (resource, name) in &targets {
        match client.delete(*resource, name).await {
            Ok(document) => report(session, *resource, name, &document)?,
            Err(failure) if first_failure.is_none() => first_failure = Some(failure),
            Err(failure) => session.output.failure(&failure),
        }
    }
    first_failure.map_or(Ok(Exit::Done), Err)
}

async fn targets(client: &Client, selections: Vec<Selection>) -> Result<Vec<(Resource, Name)>> {
    let mut targets = Vec::new();
    for selection in selections {
        let resource = selection.resource;
        if selection.names.is_empty() {
            let list = client.list(resource).await?;
            let names = names_in(&list).into_iter().filter_map(|n| n.parse().ok());
            targets.extend(names.map(|name| (resource, name)));
        } else {
            targets.extend(selection.names.into_iter().map(|name| (resource, name)));
        }
    }
    Ok(targets)
}

fn confirmed(targets: &[(Resource, Name)]) -> Result<bool> {
    let count = targets.len();
    let what = if count == 1 { "resource" } else { "resources" };
    if !prompt::can_ask() {
        return Err(Failure::usage(format!(
            "deleting {count} {what} needs a confirmation, and nobody is there to ask"
        ))
        .hint("add --yes"));
    }
    let names: Vec<_> = targets
        .iter()
        .take(5)
        .map(|(resource, name)| format!("{}/{name}", resource.singular()))
        .collect();
    let more = if count > 5 { ", ..." } else { "" };
    prompt::confirm(&format!(
        "Delete {count} {what} ({}{more})?",
        names.join(", ")
    ))
}

fn report(session: &Session<'_>, resource: Resource, name: &Name, document: &Value) -> Result<()> {
    // An answer of an older server may be empty; the name is known all the same.
    let mut document = document.clone();
    if crate::client::name_of(&document).is_empty() {
        document = serde_json::json!({"metadata": {"name": name}});
    }
    super::report(session.output, resource, &document, "deleted")
}
