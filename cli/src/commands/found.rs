//! What a command line selects: found on the server, and printed in every format.

use query::{Path, sort_by};
use serde_json::{Value, json};

use super::lookup;
use crate::args::Format;
use crate::args::choose::Choose;
use crate::args::usage::Ask;
use crate::client::Client;
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::columns::{columns, row};
use crate::output::{Output, table};
use crate::resource::{Resource, Selection};

/// What is to be found.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) selections: Vec<Selection>,
    pub(super) choose: Choose,
    pub(super) ask: Ask,
    pub(super) order: Option<Path>,
}

/// What was found of one type.
pub(super) struct Found {
    pub(super) resource: Resource,
    /// The server's list object without its items, where all were asked for.
    list: Option<Value>,
    pub(super) items: Vec<Value>,
    more: bool,
    /// Only some of all were wanted.
    chosen: bool,
}

impl Wanted {
    /// Those selections and nothing else.
    pub(super) fn of(selections: Vec<Selection>, choose: &Choose) -> Self {
        Self {
            selections,
            choose: choose.clone(),
            ask: Ask::default(),
            order: None,
        }
    }

    /// Looks everything up. A name that is missing does not hide those that are there: its failure
    /// comes beside them, and further ones are told at once.
    pub(super) async fn find(&self, client: &Client) -> Result<(Vec<Found>, Option<Failure>)> {
        let mut missing: Option<Failure> = None;
        let all = self.look(client, |why| match missing {
            None => missing = Some(why),
            Some(_) => client.output().failure(&why),
        });
        let all = all.await?;
        Ok((all, missing))
    }

    /// The same; `missing` is told of each name that is not there.
    pub(super) async fn look(
        &self,
        client: &Client,
        mut missing: impl FnMut(Failure),
    ) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        for selection in &self.selections {
            let resource = selection.resource;
            if selection.names.is_empty() {
                let keep = |document: &Value| self.choose.keeps(resource, document);
                let listing = lookup::all(client, resource, &self.ask, keep).await?;
                all.push(self.listed(resource, listing));
                continue;
            }
            let mut items = Vec::new();
            for name in &selection.names {
                match lookup::one(client, resource, name).await {
                    Ok(item) => items.push(item),
                    Err(why) if why.exit() == Exit::NotFound => missing(why),
                    Err(why) => return Err(why),
                }
            }
            all.push(self.named(resource, items));
        }
        Ok(all)
    }

    /// Whether one thing is named, and nothing else.
    pub(super) fn is_one(&self) -> bool {
        matches!(&self.selections[..], [only] if only.names.len() == 1)
    }

    /// Makes a type's part of documents that came from elsewhere.
    pub(super) fn part(&self, selection: &Selection, mut items: Vec<Value>) -> Found {
        let resource = selection.resource;
        items.retain(|item| {
            let name = resource.name_in(item);
            let named = &selection.names;
            (named.is_empty() || named.iter().any(|one| one.as_str() == name))
                && self.choose.keeps(resource, item)
        });
        self.named(resource, items)
    }

    fn named(&self, resource: Resource, mut items: Vec<Value>) -> Found {
        if let Some(order) = &self.order {
            sort_by(&mut items, order);
        }
        Found {
            resource,
            list: None,
            items,
            more: false,
            chosen: self.choose.is_given(),
        }
    }

    fn listed(&self, resource: Resource, listing: lookup::Listing) -> Found {
        let mut list = listing.list;
        let items = match list.get_mut(resource.items()).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        Found {
            list: Some(list),
            more: listing.more,
            ..self.named(resource, items)
        }
    }
}

impl Found {
    /// As the server's own list.
    fn into_list(self) -> Value {
        let resource = self.resource;
        let mut list = self.list.unwrap_or_else(|| match resource {
            Resource::Job => json!({}),
            _ => json!({"apiVersion": shared::API_VERSION, "kind": resource.kind_of_list()}),
        });
        list[resource.items()] = self.items.into();
        list
    }
}

/// Prints what was found; `alone` where one thing was asked for by its name.
pub(super) fn print(output: &Output, mut found: Vec<Found>, alone: bool) -> Result<()> {
    match output.format {
        Format::Json | Format::Yaml => {
            let document = match found.len() {
                1 if alone => found.remove(0).items.pop(),
                1 if found[0].list.is_some() || found[0].resource == Resource::Job => {
                    Some(found.remove(0).into_list())
                }
                _ => {
                    let items = found.into_iter().flat_map(|of_type| of_type.items);
                    Some(list_of(items.collect()))
                }
            };
            document.map_or(Ok(()), |document| output.document(&document))
        }
        Format::Name => found.iter().try_for_each(|of_type| {
            let resource = of_type.resource;
            of_type.items.iter().try_for_each(|item| {
                let name = resource.name_in(item);
                output.line(&format!("{}/{name}", resource.singular()))
            })
        }),
        Format::Table | Format::Wide => {
            let filled = found.iter().filter(|of_type| !of_type.items.is_empty());
            for (at, of_type) in filled.enumerate() {
                if at > 0 {
                    output.line("")?;
                }
                print_table(output, of_type)?;
            }
            for of_type in found.iter().filter(|of_type| of_type.list.is_some()) {
                if let Some(note) = note(of_type) {
                    output.note(&note);
                }
            }
            Ok(())
        }
    }
}

/// Prints what became of several, where documents are asked for: one as it is, more as a list.
pub(super) fn print_documents(
    output: &Output,
    mut documents: Vec<Value>,
    alone: bool,
) -> Result<()> {
    match output.format {
        Format::Json | Format::Yaml if alone => {
            let only = documents.pop();
            only.map_or(Ok(()), |only| output.document(&only))
        }
        Format::Json | Format::Yaml => output.document(&list_of(documents)),
        Format::Name | Format::Table | Format::Wide => Ok(()),
    }
}

/// A list of documents of any types.
fn list_of(items: Vec<Value>) -> Value {
    json!({"apiVersion": shared::API_VERSION, "kind": "List", "items": items})
}

fn print_table(output: &Output, found: &Found) -> Result<()> {
    let columns = columns(found.resource, output);
    let headers: Vec<_> = columns.iter().map(|column| column.header).collect();
    let now = now();
    let rows = found.items.iter().map(|item| row(&columns, item, now));
    let rows: Vec<_> = rows.collect();
    let headers = (!output.no_headers).then_some(&headers[..]);
    output.data(&table::render(headers, &rows, output.width()))
}

/// What is to be said below a list.
fn note(found: &Found) -> Option<String> {
    if found.more {
        let more = found.items.len() * 10;
        return Some(format!("There are more: --limit {more} shows more of them"));
    }
    match found.items.is_empty() {
        true if found.chosen => {
            let plural = found.resource.plural().replace("llms", "LLMs");
            Some(format!("No {plural} are as selected"))
        }
        true => Some(nothing_there(found.resource)),
        false => None,
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
        Resource::Job => "submit one with `mcpctl create job`",
    };
    format!("No {}; {how}", resource.plural().replace("llms", "LLMs"))
}
