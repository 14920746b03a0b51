//! `mcpctl top llm`: how busy each LLM is, once or live.

use serde_json::Value;
use shared::load::{Load, LoadList};

use crate::args::Format;
use crate::args::gateway::{Top, TopLlm, TopWhat};
use crate::client::Client;
use crate::commands::live;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::output::{Output, table};
use crate::session::Session;

mod columns;
mod frame;

use frame::View;

pub(super) async fn run(args: &Top, session: &Session<'_>) -> Result<Exit> {
    let TopWhat::Llm(args) = &args.what;
    let client = session.client()?;
    let output = session.output;
    // Before the screen is taken: a failure at the start is told where one can read it.
    let answer = client.load().await?;
    let list = read(&answer)?;
    check_names(&args.names, &list.items)?;
    let for_people = matches!(output.format, Format::Table | Format::Wide);
    if for_people && !args.once && output.can_draw() {
        let view = View {
            title: format!(
                "mcpctl top llm  {}  every {}  q leaves",
                client.server(),
                shared::span::Span(args.interval)
            ),
            names: args.names.clone(),
            list: LoadList {
                items: only(list.items, &args.names),
                ..list
            },
            lost: None,
            scrolled: 0,
        };
        let look = async || look(&client).await;
        return live::run(view, args.interval, look, output).await;
    }
    once(args, answer, list, output)?;
    Ok(Exit::Done)
}

fn once(args: &TopLlm, mut answer: Value, list: LoadList, output: &Output) -> Result<()> {
    let wanted = |name: &str| args.names.is_empty() || args.names.iter().any(|n| n == name);
    match output.format {
        Format::Json | Format::Yaml => {
            if let Some(Value::Array(items)) = answer.get_mut("items") {
                items.retain(|item| item.get("llm").and_then(Value::as_str).is_some_and(wanted));
            }
            output.document(&answer)
        }
        Format::Name => list
            .items
            .iter()
            .filter(|load| wanted(load.llm.as_str()))
            .try_for_each(|load| output.line(&format!("llm/{}", load.llm))),
        Format::Table | Format::Wide => {
            let items = only(list.items, &args.names);
            if items.is_empty() {
                output.note("No LLMs; publish one with `mcplocal run`");
                return Ok(());
            }
            let columns = columns::all();
            let headers: Vec<_> = columns.iter().map(|column| column.header).collect();
            let rows = columns::rows(&columns, &items, list.at);
            let headers = (!args.no_headers).then_some(&headers[..]);
            output.data(&table::render(headers, &rows, output.width()))
        }
    }
}

/// Looks once more.
async fn look(client: &Client) -> Result<LoadList> {
    read(&client.load().await?)
}

fn read(answer: &Value) -> Result<LoadList> {
    serde_json::from_value(answer.clone()).map_err(|why| {
        Failure::failed("the server's load can't be read")
            .caused_by(&why)
            .hint("`-o json` prints the answer as it is; `mcpctl version` shows both versions")
    })
}

/// Those that the line names, or all.
fn only(mut items: Vec<Load>, names: &[String]) -> Vec<Load> {
    items.retain(|load| names.is_empty() || names.iter().any(|name| name == load.llm.as_str()));
    items
}

fn check_names(names: &[String], items: &[Load]) -> Result<()> {
    let known = || items.iter().map(|load| load.llm.as_str());
    let Some(name) = names.iter().find(|name| known().all(|llm| llm != *name)) else {
        return Ok(());
    };
    let failure = Failure::new(Exit::NotFound, format!("there is no LLM `{name}`"));
    Err(match nearest(name, known()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("`mcpctl get llm` lists what there is"),
    })
}
