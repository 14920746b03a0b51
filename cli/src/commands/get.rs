//! `mcpctl get`: lists and single resources, in every format.

use serde_json::{Value, json};

use super::jobs;
use crate::args::Format;
use crate::args::resources::Get;
use crate::args::usage::View;
use crate::client::{Client, name_of};
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::output::columns::{columns, row};
use crate::output::{Output, table};
use crate::resource::{Resource, Selection, select};
use crate::session::Session;

/// What was found of one type.
struct Found {
    resource: Resource,
    /// The server's list object, where all were asked for.
    list: Option<Value>,
    items: Vec<Value>,
}

pub(super) async fn run(args: &Get, session: &Session<'_>) -> Result<Exit> {
    let mut output = session.output.clone();
    output.no_headers = args.no_headers;
    if let Some(view) = args.what.first().and_then(|word| View::find(word)) {
        return super::usage::run(view, args, session, &output).await;
    }
    if let Some(ids) = jobs::ids::selected(&args.what) {
        return jobs::list::run(&ids?, args, session, &output).await;
    }
    let selections = select(&args.what).map_err(|why| near_view(&args.what[0], why))?;
    if let Some(flag) = args.ask.other_than(&[]) {
        return Err(Failure::usage(format!(
            "{flag} goes with `get usage`, `requests`, `costs` or `jobs`, not with resources"
        )));
    }
    if args.watch {
        return match &selections[..] {
            [selection] if selection.resource == Resource::Llm => {
                super::watch::run(&selection.names, session, &output).await
            }
            _ => Err(Failure::usage("only LLMs can be watched").hint("mcpctl get llm -w")),
        };
    }
    let client = session.client()?;
    let (mut found, mut missing) = (Vec::new(), None);
    for selection in &selections {
        let (of_type, failure) = find(&client, selection).await?;
        found.push(of_type);
        missing = missing.or(failure);
    }
    print(&output, &selections, found)?;
    missing.map_or(Ok(Exit::Done), Err)
}

/// Looks up one type. A name that is missing does not hide those that are there.
async fn find(client: &Client, selection: &Selection) -> Result<(Found, Option<Failure>)> {
    let resource = selection.resource;
    let mut found = Found {
        resource,
        list: None,
        items: Vec::new(),
    };
    if selection.names.is_empty() {
        let list = client.list(resource).await?;
        let items = list.get("items").and_then(Value::as_array);
        found.items = items.cloned().unwrap_or_default();
        found.list = Some(list);
        return Ok((found, None));
    }
    let mut missing = None;
    for name in &selection.names {
        match client.get(resource, name).await {
            Ok(item) => found.items.push(item),
            Err(failure) if failure.exit() == Exit::NotFound && selection.names.len() > 1 => {
                client_note(client, &failure, &mut missing);
                missing = missing.or(Some(failure));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok((found, missing))
}

/// The first failure is told at the end of the run; later ones are told at once.
fn client_note(client: &Client, failure: &Failure, first: &mut Option<Failure>) {
    if first.is_some() {
        client.output().failure(failure);
    }
}

fn print(output: &Output, selections: &[Selection], mut found: Vec<Found>) -> Result<()> {
    match output.format {
        Format::Json | Format::Yaml => match &mut found[..] {
            [only] if selections[0].names.len() == 1 => match only.items.first() {
                Some(item) => output.document(item),
                None => Ok(()),
            },
            [
                Found {
                    list: Some(list), ..
                },
            ] => output.document(list),
            _ => {
                let items = found.into_iter().flat_map(|of_type| of_type.items);
                let items: Vec<Value> = items.collect();
                output.document(&json!({"apiVersion": shared::API_VERSION, "kind": "List",
                    "items": items}))
            }
        },
        Format::Name => found.iter().try_for_each(|of_type| {
            let kind = of_type.resource.singular();
            of_type
                .items
                .iter()
                .try_for_each(|item| output.line(&format!("{kind}/{}", name_of(item))))
        }),
        Format::Table | Format::Wide => {
            let filled: Vec<_> = found.iter().filter(|f| !f.items.is_empty()).collect();
            for (at, of_type) in filled.iter().enumerate() {
                if at > 0 {
                    output.line("")?;
                }
                print_table(output, of_type)?;
            }
            for empty in found
                .iter()
                .filter(|f| f.list.is_some() && f.items.is_empty())
            {
                output.note(&nothing_there(empty.resource));
            }
            Ok(())
        }
    }
}

fn print_table(output: &Output, found: &Found) -> Result<()> {
    let columns = columns(found.resource, output.format == Format::Wide);
    let headers: Vec<_> = columns.iter().map(|column| column.header).collect();
    let now = now();
    let rows = found.items.iter().map(|item| row(&columns, item, now));
    let rows: Vec<_> = rows.collect();
    let headers = (!output.no_headers).then_some(&headers[..]);
    output.data(&table::render(headers, &rows, output.width()))
}

/// Offers a view where one was probably meant.
fn near_view(word: &str, failure: Failure) -> Failure {
    let views = View::ALL.map(View::word).into_iter();
    match nearest(word, views.chain(["jobs"])) {
        Some(view) => failure.hint(format!("did you mean `{view}`?")),
        None => failure,
    }
}

fn nothing_there(resource: Resource) -> String {
    let how = match resource {
        Resource::Llm => {
            "publish one with `mcplocal run`, or register one with `mcpctl create llm`"
        }
        Resource::Alias => "create one with `mcpctl create alias NAME --model ID`",
        Resource::Price => "so nothing costs anything; `mcpctl create price` says what does",
        Resource::Secret => "create one with `mcpctl create secret`",
        Resource::Token => "create one with `mcpctl create token`",
    };
    format!("No {}; {how}", resource.plural().replace("llms", "LLMs"))
}
