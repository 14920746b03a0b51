//! `mcpctl get llm -w`: the list, and a row for each change, until Ctrl-C.
//!
//! A connection that ends is made again without a word; what changed meanwhile shows as rows, as
//! if it had been seen.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use shared::name::Name;
use shared::sse::{Decoder, Event};

use crate::args::Format;
use crate::client::{Client, name_of};
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::columns::{Column, columns, row};
use crate::output::{Output, table};
use crate::resource::Resource;
use crate::session::Session;

/// The largest event: one LLM.
const MAX_EVENT_BYTES: usize = 1 << 20;
/// The wait before a connection is made again: short at first, then longer.
const RETRY: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

pub(super) async fn run(names: &[Name], session: &Session<'_>, output: &Output) -> Result<Exit> {
    let client = session.client()?;
    let mut view = View::new(output, names);
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        end = follow(&client, &mut view) => end.map(|()| Exit::Done),
    }
}

/// Ends only with a failure: one at the start, or one that trying again can't mend.
async fn follow(client: &Client, view: &mut View<'_>) -> Result<()> {
    let mut tries = 0;
    loop {
        match read(client, view, &mut tries).await {
            Err(why) if why.exit() != Exit::Unavailable || !view.synced_once => return Err(why),
            Ok(()) | Err(_) => {}
        }
        tokio::time::sleep(RETRY[tries.min(RETRY.len() - 1)]).await;
        tries += 1;
    }
}

async fn read(client: &Client, view: &mut View<'_>, tries: &mut usize) -> Result<()> {
    let mut response = client.watch_llms().await?;
    let mut decoder = Decoder::new(MAX_EVENT_BYTES);
    let mut events = Vec::new();
    view.begin();
    while let Some(piece) = response.chunk().await.map_err(|why| client.broken(&why))? {
        decoder
            .feed(&piece, &mut events)
            .map_err(|why| Failure::failed("the server's stream can't be read").caused_by(&why))?;
        for event in events.drain(..) {
            view.take(&event)?;
            *tries = 0;
        }
    }
    Ok(())
}

/// What was shown so far.
struct View<'a> {
    output: &'a Output,
    names: &'a [Name],
    columns: Vec<Column>,
    /// The row of each LLM as it was last shown.
    shown: BTreeMap<String, Vec<String>>,
    /// What came since the connection stands, up to `synced`.
    arriving: Option<Vec<Value>>,
    widths: Vec<u16>,
    synced_once: bool,
}

impl<'a> View<'a> {
    fn new(output: &'a Output, names: &'a [Name]) -> Self {
        Self {
            output,
            names,
            columns: columns(Resource::Llm, output.format == Format::Wide),
            shown: BTreeMap::new(),
            arriving: None,
            widths: Vec::new(),
            synced_once: false,
        }
    }

    fn begin(&mut self) {
        self.arriving = Some(Vec::new());
    }

    fn take(&mut self, event: &Event) -> Result<()> {
        if event.event == "synced" {
            return self.sync();
        }
        let Ok(llm) = serde_json::from_str::<Value>(&event.data) else {
            return Ok(());
        };
        let wanted =
            self.names.is_empty() || self.names.iter().any(|name| name.as_str() == name_of(&llm));
        if !wanted {
            return Ok(());
        }
        match (&mut self.arriving, event.event.as_str()) {
            (Some(arriving), "added" | "modified") => arriving.push(llm),
            (Some(arriving), "deleted") => arriving.retain(|old| name_of(old) != name_of(&llm)),
            (None, "added" | "modified") => self.show(&llm)?,
            (None, "deleted") => self.show_deleted(name_of(&llm), Some(&llm))?,
            _ => {}
        }
        Ok(())
    }

    /// The first state is complete: print it, or what differs from what was shown.
    fn sync(&mut self) -> Result<()> {
        let arrived = self.arriving.take().unwrap_or_default();
        if !self.synced_once {
            self.synced_once = true;
            return self.show_first(&arrived);
        }
        let gone: Vec<String> = self
            .shown
            .keys()
            .filter(|name| !arrived.iter().any(|llm| name_of(llm) == name.as_str()))
            .cloned()
            .collect();
        for name in gone {
            self.show_deleted(&name, None)?;
        }
        arrived.iter().try_for_each(|llm| self.show(llm))
    }

    fn show_first(&mut self, llms: &[Value]) -> Result<()> {
        if !matches!(self.output.format, Format::Table | Format::Wide) {
            return llms.iter().try_for_each(|llm| self.show(llm));
        }
        let headers: Vec<_> = self.columns.iter().map(|column| column.header).collect();
        let now = now();
        let rows: Vec<_> = llms
            .iter()
            .map(|llm| row(&self.columns, llm, now))
            .collect();
        self.widths = table::widths(&headers, &rows);
        for (llm, row) in llms.iter().zip(&rows) {
            self.shown.insert(name_of(llm).into(), row.clone());
        }
        let headers = (!self.output.no_headers).then_some(&headers[..]);
        self.output.data(&table::render(headers, &rows, None))
    }

    fn show(&mut self, llm: &Value) -> Result<()> {
        let row = row(&self.columns, llm, now());
        let before = self.shown.insert(name_of(llm).into(), row.clone());
        if before.as_ref() == Some(&row) {
            return Ok(());
        }
        self.print(llm, &row)
    }

    fn show_deleted(&mut self, name: &str, llm: Option<&Value>) -> Result<()> {
        let Some(mut row) = self.shown.remove(name) else {
            return Ok(());
        };
        if let Some(status) = row.get_mut(2) {
            *status = "deleted".into();
        }
        let named = serde_json::json!({"metadata": {"name": name}});
        self.print(llm.unwrap_or(&named), &row)
    }

    fn print(&self, llm: &Value, row: &[String]) -> Result<()> {
        match self.output.format {
            // One document a line, fit for `jq`.
            Format::Json => self.output.line(&llm.to_string()),
            Format::Yaml => {
                self.output.line("---")?;
                self.output.document(llm)
            }
            Format::Name => self.output.line(&format!("llm/{}", name_of(llm))),
            Format::Table | Format::Wide => self.output.data(&table::render_row(row, &self.widths)),
        }
    }
}
