//! `mcpctl describe`: all fields of a resource, and what one would look up next.

use serde_json::{Map, Value};

use super::found::{self, Found, Wanted};
use super::jobs;
use crate::args::Format;
use crate::args::resources::Describe;
use crate::client::{Client, name_of};
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::describe::describe;
use crate::output::quantity::money;
use crate::resource::{Resource, Selection, job_id, select};
use crate::session::Session;

mod alias;
mod llm;

use llm::Around;

pub(super) async fn run(args: &Describe, session: &Session<'_>) -> Result<Exit> {
    let selections = select(&args.what)?;
    args.choose.check(&selections)?;
    let all_jobs = |s: &Selection| s.resource == Resource::Job && s.names.is_empty();
    if selections.iter().any(all_jobs) && !args.choose.is_given() {
        return Err(Failure::usage("name the jobs to describe")
            .hint("`mcpctl get jobs` lists them; mcpctl describe job ID"));
    }
    let wanted = Wanted::of(selections, &args.choose);
    let (client, output) = (session.client()?, session.output);
    if !matches!(output.format, Format::Table | Format::Wide) {
        let (found, missing) = wanted.find(&client).await?;
        found::print(output, found, wanted.is_one())?;
        return missing.map_or(Ok(Exit::Done), Err);
    }
    let llms = wanted
        .selections
        .iter()
        .find(|s| s.resource == Resource::Llm);
    let (found, around) = tokio::join!(wanted.find(&client), Around::look(&client, llms));
    let (found, missing) = found?;
    let page = Describing {
        client: &client,
        output,
        around,
    };
    page.all(&found).await?;
    missing.map_or(Ok(Exit::Done), Err)
}

/// Prints pages.
struct Describing<'a> {
    client: &'a Client,
    output: &'a Output,
    around: Around,
}

impl Describing<'_> {
    async fn all(&self, found: &[Found]) -> Result<()> {
        let mut first = true;
        for of_type in found {
            for document in &of_type.items {
                if !std::mem::take(&mut first) {
                    self.output.line("")?;
                }
                self.one(of_type.resource, document).await?;
            }
        }
        if first {
            self.output.note("There is nothing to describe");
        }
        Ok(())
    }

    async fn one(&self, resource: Resource, document: &Value) -> Result<()> {
        if resource == Resource::Job {
            let id = job_id(resource.name_in(document))?;
            return jobs::describe::describe(self.client, &id, document, self.output).await;
        }
        let more = match resource {
            Resource::Llm => self.around.of(document),
            _ => Map::new(),
        };
        self.output.data(&describe(document, &more, now()))?;
        let next = match resource {
            Resource::Llm => Some(self.around.rest(self.client, document, self.output).await?),
            Resource::Alias => alias::describe(self.client, document, self.output).await?,
            Resource::Token => budget_left(document),
            Resource::Price | Resource::Secret | Resource::Job => None,
        };
        if let Some(next) = next {
            self.output.note(&next);
        }
        Ok(())
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
