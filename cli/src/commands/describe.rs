//! `mcpctl describe`: all fields of a resource, and what one would look up next.

use serde_json::Value;

use super::jobs;
use crate::args::Format;
use crate::args::resources::Describe;
use crate::client::name_of;
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::describe::describe;
use crate::output::quantity::money;
use crate::resource::{Resource, select};
use crate::session::Session;

pub(super) async fn run(args: &Describe, session: &Session<'_>) -> Result<Exit> {
    if let Some(ids) = jobs::ids::selected(&args.what) {
        return jobs::describe::run(&ids?, session).await;
    }
    let selections = select(&args.what)?;
    let (client, output) = (session.client()?, session.output);
    let mut first = true;
    for selection in selections {
        let resource = selection.resource;
        let documents = if selection.names.is_empty() {
            let mut list = client.list(resource).await?;
            match list.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            }
        } else {
            let mut documents = Vec::new();
            for name in &selection.names {
                documents.push(client.get(resource, name).await?);
            }
            documents
        };
        for document in documents {
            match output.format {
                Format::Json | Format::Yaml => output.document(&document)?,
                Format::Name => {
                    output.line(&format!("{}/{}", resource.singular(), name_of(&document)))?;
                }
                Format::Table | Format::Wide => {
                    if !first {
                        output.line("")?;
                    }
                    output.data(&describe(&document, now()))?;
                    if let Some(next) = next_step(resource, &document) {
                        output.note(&next);
                    }
                }
            }
            first = false;
        }
    }
    Ok(Exit::Done)
}

fn next_step(resource: Resource, document: &Value) -> Option<String> {
    let name = name_of(document);
    match resource {
        Resource::Llm => Some(next_of_llm(document)),
        Resource::Alias => Some(format!("Where it goes now: mcpctl explain route {name}")),
        Resource::Token => budget_left(document),
        Resource::Price | Resource::Secret => None,
    }
}

/// What a token may still spend, where it has a budget.
fn budget_left(token: &Value) -> Option<String> {
    let usd = |pointer| token.pointer(pointer).and_then(Value::as_f64);
    let budget = usd("/spec/limits/budget/usd")?;
    let used = usd("/status/spent/usd").unwrap_or_default()
        + usd("/status/spent/reservedUsd").unwrap_or_default();
    Some(format!(
        "Left of its budget: {} of {} USD. Change it: mcpctl set limits token/{} --budget USD",
        money((budget - used).max(0.0)),
        money(budget),
        name_of(token)
    ))
}

fn next_of_llm(llm: &Value) -> String {
    let name = name_of(llm);
    let at = |pointer| llm.pointer(pointer).and_then(Value::as_str);
    match (at("/spec/kind"), at("/status/phase")) {
        (Some("virtual"), Some("inactive")) => {
            "Nobody serves it now: start `mcplocal run` on the machine that has it".into()
        }
        (_, Some("inactive")) => "The server can't reach its provider now".into(),
        _ => format!("Talk to it: mcpctl chat-llm {name}"),
    }
}
