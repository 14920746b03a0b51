//! A watcher of one job.

use crate::cluster::Answer;
use serde_json::Value;
use shared::job::MAX_EVENT_BYTES;
use shared::sse;
use std::collections::VecDeque;

/// One event of a job's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its id.
    pub id: u64,
    /// `queued`, `running`, `progress`, `chunk`, `done` or `error`.
    pub name: String,
    /// What it tells.
    pub data: Value,
}

impl Seen {
    /// Whether the stream ends after it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.name == "done" || self.name == "error"
    }
}

/// The open stream. Dropping it hangs up.
#[derive(Debug)]
pub struct Watcher {
    answer: Answer,
    decoder: sse::Decoder,
    ready: VecDeque<Seen>,
}

impl Watcher {
    pub(super) fn new(answer: Answer) -> Self {
        Self {
            answer,
            // Results are larger than what stands between.
            decoder: sse::Decoder::new(64 * MAX_EVENT_BYTES),
            ready: VecDeque::new(),
        }
    }

    /// The next event; `None` where the stream has ended, for whatever reason.
    ///
    /// # Panics
    /// When something is no event of a job.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some(seen) = self.ready.pop_front() {
                return Some(seen);
            }
            let piece = self.answer.next().await?;
            let mut events = Vec::new();
            let fed = self.decoder.feed(&piece, &mut events);
            fed.expect("no event is too long");
            self.ready.extend(events.into_iter().map(|event| {
                let id = event.id.as_deref().and_then(|id| id.parse().ok());
                Seen {
                    id: id.expect("every event has an id"),
                    name: event.event,
                    data: serde_json::from_str(&event.data).expect("its data is JSON"),
                }
            }));
        }
    }

    /// Reads on until an event is called `name`.
    ///
    /// # Panics
    /// When the stream ends before.
    pub async fn until(&mut self, name: &str) -> Seen {
        let mut last = None;
        while let Some(seen) = self.next().await {
            if seen.name == name {
                return seen;
            }
            last = Some(seen);
        }
        panic!("the stream ended without `{name}`, its last event is {last:?}");
    }
}
