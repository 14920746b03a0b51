//! `mcpctl get -w`: the list, and a row for each change, until Ctrl-C.
//!
//! A connection that ends is made again without a word; what changed meanwhile shows as rows, as
//! if it had been seen.

use std::collections::BTreeMap;

use serde_json::Value;

use super::changes::Changes;
use super::found::{Found, Wanted};
use super::lookup;
use crate::args::Format;
use crate::client::Client;
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::columns::{Column, columns, row, row_without_clocks};
use crate::output::{Output, table};
use crate::resource::Resource;

pub(super) async fn run(client: &Client, wanted: Wanted, output: &Output) -> Result<Exit> {
    let mut view = View::new(output);
    let follow = async {
        let mut changes = Changes::new(client, &wanted);
        let first = changes.next().await?;
        // What is named and not there is a mistake now, and may come and go later.
        for (selection, found) in wanted.selections.iter().zip(&first) {
            let there = |name: &str| {
                found
                    .items
                    .iter()
                    .any(|i| found.resource.name_in(i) == name)
            };
            for name in selection.names.iter().filter(|name| !there(name.as_str())) {
                lookup::one(client, selection.resource, name).await?;
            }
        }
        view.begin(&first)?;
        loop {
            view.see(changes.next().await?)?;
        }
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        end = follow => end,
    }
}

/// What was shown so far.
struct View<'a> {
    output: &'a Output,
    /// How wide the columns of each type's table were printed.
    widths: Vec<(Resource, Vec<u16>)>,
    /// What was shown of each, by type and name.
    shown: BTreeMap<(&'static str, String), Shown>,
}

struct Shown {
    resource: Resource,
    /// What tells whether a row is to be shown again.
    face: Vec<String>,
    document: Value,
}

impl<'a> View<'a> {
    fn new(output: &'a Output) -> Self {
        Self {
            output,
            widths: Vec::new(),
            shown: BTreeMap::new(),
        }
    }

    /// Prints the first state.
    fn begin(&mut self, found: &[Found]) -> Result<()> {
        for (at, of_type) in found.iter().enumerate() {
            let resource = of_type.resource;
            let items = of_type.items.iter();
            match self.output.format {
                Format::Table | Format::Wide => {
                    if at > 0 {
                        self.output.line("")?;
                    }
                    let columns = self.columns(resource);
                    let now = now();
                    let headers: Vec<_> = columns.iter().map(|column| column.header).collect();
                    let rows: Vec<_> = items.map(|item| row(&columns, item, now)).collect();
                    let widths = table::widths_within(&headers, &rows, self.output.width());
                    self.widths.push((resource, widths));
                    let headers = (!self.output.no_headers).then_some(&headers[..]);
                    if headers.is_some() || !rows.is_empty() {
                        let width = self.output.width();
                        self.output.data(&table::render(headers, &rows, width))?;
                    }
                }
                _ => self.own_header(at).and_then(|()| {
                    items
                        .clone()
                        .try_for_each(|item| self.print(resource, item, None))
                })?,
            }
            for item in &of_type.items {
                self.remember(resource, item);
            }
        }
        Ok(())
    }

    /// The header of `-o custom-columns`, which is there once.
    fn own_header(&mut self, at: usize) -> Result<()> {
        match self.output.own_columns() {
            Some(columns) if at == 0 && !self.output.no_headers => {
                let headers = columns.headers();
                self.output.data(&table::render(Some(&headers), &[], None))
            }
            _ => Ok(()),
        }
    }

    /// Prints what differs from what was shown.
    fn see(&mut self, found: Vec<Found>) -> Result<()> {
        let gone = |(word, name): &(&'static str, String)| {
            let mut parts = found.iter().filter(|f| f.resource.singular() == *word);
            !parts.any(|f| f.items.iter().any(|item| f.resource.name_in(item) == name))
        };
        let gone: Vec<_> = self.shown.keys().filter(|key| gone(key)).cloned().collect();
        for key in gone {
            if let Some(shown) = self.shown.remove(&key) {
                self.print(shown.resource, &shown.document, Some("deleted"))?;
            }
        }
        for of_type in &found {
            for item in &of_type.items {
                if self.remember(of_type.resource, item) {
                    self.print(of_type.resource, item, None)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps what is shown now. Says whether that is news.
    fn remember(&mut self, resource: Resource, item: &Value) -> bool {
        let face = match self.output.format {
            Format::Json | Format::Yaml => match self.output.own_columns() {
                Some(columns) => columns.row(item),
                None => vec![item.to_string()],
            },
            _ => row_without_clocks(&self.columns(resource), item),
        };
        let key = (resource.singular(), resource.name_in(item).to_owned());
        let shown = Shown {
            resource,
            face,
            document: item.clone(),
        };
        let before = self.shown.insert(key.clone(), shown);
        before.is_none_or(|before| before.face != self.shown[&key].face)
    }

    /// Prints one; `word` stands in place of its status.
    fn print(&self, resource: Resource, item: &Value, word: Option<&str>) -> Result<()> {
        let name = resource.name_in(item);
        match self.output.format {
            Format::Json | Format::Yaml => self.output.record(item),
            Format::Name => self.output.line(&format!("{}/{name}", resource.singular())),
            Format::Table | Format::Wide => {
                let columns = self.columns(resource);
                let mut row = row(&columns, item, now());
                if let Some(word) = word {
                    // Where a type has no status, the first column that is no name.
                    let at = columns.iter().position(|column| column.header == "STATUS");
                    row[at.unwrap_or(1)] = word.into();
                }
                let widths = self.widths.iter().find(|(of, _)| *of == resource);
                let widths = widths.map(|(_, widths)| &widths[..]).unwrap_or_default();
                let width = self.output.width();
                self.output.data(&table::render_row(&row, widths, width))
            }
        }
    }

    fn columns(&self, resource: Resource) -> Vec<Column> {
        columns(resource, self.output)
    }
}
