//! `mcpctl delete`: one at once, many after a word of confirmation.

use shared::name::Name;

use super::{found, lookup, manifest, report};
use crate::args::Format;
use crate::args::resources::Delete;
use crate::args::usage::Ask;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::prompt;
use crate::resource::{Resource, Selection, select};
use crate::session::Session;

pub(super) async fn run(args: &Delete, session: &Session<'_>) -> Result<Exit> {
    let selections = match args.filename.is_empty() {
        true => selected(args)?,
        false => manifest::named(&args.filename)?,
    };
    let client = session.client()?;
    let targets = targets(&client, selections, args).await?;
    if targets.is_empty() {
        session.output.note("There is nothing to delete");
        return Ok(Exit::Done);
    }
    let many = args.all || args.choose.is_given() || targets.len() > 1;
    if many && !args.yes && !confirmed(&targets)? {
        session.output.note("Nothing was deleted");
        return Ok(Exit::Failure);
    }
    let for_machines = matches!(session.output.format, Format::Json | Format::Yaml);
    let (mut documents, mut worst): (_, Option<Failure>) = (Vec::new(), None);
    for (resource, name) in &targets {
        match lookup::delete(&client, *resource, name).await {
            Ok(document) if for_machines => documents.push(document),
            Ok(document) => report(session.output, *resource, &document, "deleted")?,
            Err(why) if why.exit() == Exit::NotFound && args.ignore_not_found => {}
            Err(why) => {
                // The worst is told at the end of the run, the others at once.
                let why = match targets.len() {
                    1 => why,
                    _ => why.cause(format!("deleting {}/{name}", resource.singular())),
                };
                worst = match worst.take() {
                    None => Some(why),
                    Some(before) => {
                        let (keep, tell) = super::by_weight(before, why);
                        session.output.failure(&tell);
                        Some(keep)
                    }
                };
            }
        }
    }
    found::print_documents(session.output, documents, targets.len() == 1)?;
    worst.map_or(Ok(Exit::Done), Err)
}

/// What the line says is to be deleted.
fn selected(args: &Delete) -> Result<Vec<Selection>> {
    let selections = select(&args.what)?;
    args.choose.check(&selections)?;
    let named = selections.iter().any(|s| !s.names.is_empty());
    if args.all && named {
        return Err(Failure::usage("--all and names don't go together"));
    }
    let all_jobs = |s: &Selection| s.resource == Resource::Job && s.names.is_empty();
    if selections.iter().any(all_jobs) && !args.choose.is_given() {
        return Err(Failure::usage("name the jobs to delete").hint(
            "the server removes ended jobs by itself after a while; those of now: mcpctl get jobs \
             --status done -o name | xargs mcpctl delete --yes",
        ));
    }
    if !args.all && !args.choose.is_given() && !named {
        return Err(Failure::usage("name what to delete, or say --all")
            .hint("`mcpctl get TYPE` lists the names"));
    }
    Ok(selections)
}

async fn targets(
    client: &Client,
    selections: Vec<Selection>,
    args: &Delete,
) -> Result<Vec<(Resource, Name)>> {
    let mut targets = Vec::new();
    for selection in selections {
        let resource = selection.resource;
        if !selection.names.is_empty() {
            targets.extend(selection.names.into_iter().map(|name| (resource, name)));
            continue;
        }
        let keep = |document: &_| args.choose.keeps(resource, document);
        let listing = lookup::all(client, resource, &Ask::default(), keep).await?;
        let items = listing
            .list
            .get(resource.items())
            .and_then(|i| i.as_array());
        let names = items
            .into_iter()
            .flatten()
            .map(|item| resource.name_in(item));
        let names = names.filter_map(|name| name.parse().ok());
        targets.extend(names.map(|name| (resource, name)));
    }
    Ok(targets)
}

fn confirmed(targets: &[(Resource, Name)]) -> Result<bool> {
    let count = targets.len();
    let is_job = |(resource, _): &(Resource, Name)| *resource == Resource::Job;
    let what = match (targets.iter().all(is_job), count) {
        (true, 1) => "job",
        (true, _) => "jobs",
        (false, 1) => "resource",
        (false, _) => "resources",
    };
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
