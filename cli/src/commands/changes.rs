//! What is there now, and again after each change: for those who watch and wait.
//!
//! ```text
//! LLMs alone:  connect -> events up to `synced` -> a state -> an event -> a state -> ...
//!                 ^                                              | broken: wait, connect again
//!                 +----------------------------------------------+
//! all others:  look -> a state -> wait -> look -> ...
//! ```
//!
//! Each step gives the whole state, so that nothing is lost where a connection was.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use shared::sse::{Decoder, Event};

use super::found::{Found, Wanted};
use crate::client::{Client, name_of};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::resource::{Resource, Selection};

/// The largest event: one LLM.
const MAX_EVENT_BYTES: usize = 1 << 20;
/// The wait before a server that is away is asked again: short at first, then longer.
const RETRY: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
/// How often is looked at what the server has no stream of.
const POLL: Duration = Duration::from_secs(2);

/// The states of what is wanted, one after the other.
pub(super) struct Changes<'a> {
    client: &'a Client,
    wanted: &'a Wanted,
    stream: Option<Stream>,
    /// Something was seen before: a server that goes away is waited for.
    begun: bool,
    tries: usize,
}

/// The stream of all LLMs.
struct Stream {
    response: Option<Response>,
    decoder: Decoder,
    events: VecDeque<Event>,
    llms: BTreeMap<String, Value>,
    synced: bool,
}

impl<'a> Changes<'a> {
    pub(super) fn new(client: &'a Client, wanted: &'a Wanted) -> Self {
        let is_llm = |selection: &Selection| selection.resource == Resource::Llm;
        let stream = wanted.selections.iter().all(is_llm).then(Stream::new);
        Self {
            client,
            wanted,
            stream,
            begun: false,
            tries: 0,
        }
    }

    /// The state now, and later the one after the next change or look.
    ///
    /// Errors: one at the start, or one that trying again can't mend.
    pub(super) async fn next(&mut self) -> Result<Vec<Found>> {
        if self.stream.is_none() && self.begun {
            tokio::time::sleep(POLL).await;
        }
        loop {
            match self.look().await {
                Ok(found) => {
                    self.begun = true;
                    self.tries = 0;
                    return Ok(found);
                }
                Err(why) if why.exit() != Exit::Unavailable || !self.begun => return Err(why),
                Err(_) => {
                    tokio::time::sleep(RETRY[self.tries.min(RETRY.len() - 1)]).await;
                    self.tries += 1;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<Found>> {
        let Some(stream) = &mut self.stream else {
            return self.wanted.look(self.client, |_| ()).await;
        };
        let llms = stream.next(self.client).await?;
        let each = self.wanted.selections.iter();
        Ok(each
            .map(|selection| {
                self.wanted
                    .part(selection, llms.values().cloned().collect())
            })
            .collect())
    }
}

impl Stream {
    fn new() -> Self {
        Self {
            response: None,
            decoder: Decoder::new(MAX_EVENT_BYTES),
            events: VecDeque::new(),
            llms: BTreeMap::new(),
            synced: false,
        }
    }

    /// All LLMs once the first state is complete, and after each event.
    async fn next(&mut self, client: &Client) -> Result<&BTreeMap<String, Value>> {
        loop {
            while let Some(event) = self.events.pop_front() {
                if self.take(&event) {
                    return Ok(&self.llms);
                }
            }
            if let Err(why) = self.read(client).await {
                self.response = None;
                return Err(why);
            }
        }
    }

    /// Takes an event in. Says whether there is a state to look at.
    fn take(&mut self, event: &Event) -> bool {
        match event.event.as_str() {
            "synced" => {
                self.synced = true;
                return true;
            }
            // It missed some, and is told the whole state again.
            "reset" => {
                self.llms.clear();
                self.synced = false;
                return false;
            }
            _ => {}
        }
        let Ok(llm) = serde_json::from_str::<Value>(&event.data) else {
            return false;
        };
        let name = name_of(&llm).to_owned();
        match event.event.as_str() {
            "added" | "modified" => self.llms.insert(name, llm),
            "deleted" => self.llms.remove(&name),
            _ => return false,
        };
        self.synced
    }

    /// Connects, or reads what comes next.
    async fn read(&mut self, client: &Client) -> Result<()> {
        let Some(response) = &mut self.response else {
            self.response = Some(client.watch_llms().await?);
            self.decoder = Decoder::new(MAX_EVENT_BYTES);
            self.llms.clear();
            self.synced = false;
            return Ok(());
        };
        let piece = response.chunk().await.map_err(|why| client.broken(&why))?;
        let Some(piece) = piece else {
            let why = "the server ended the stream of changes";
            return Err(Failure::new(Exit::Unavailable, why));
        };
        let mut events = Vec::new();
        self.decoder
            .feed(&piece, &mut events)
            .map_err(|why| Failure::failed("the server's stream can't be read").caused_by(&why))?;
        self.events.extend(events);
        Ok(())
    }
}
