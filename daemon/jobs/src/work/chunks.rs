//! What a model says while it says it: gathered for a moment, then kept as `chunk` events.

use std::time::Duration;

use shared::job::{Event, MAX_EVENT_BYTES};
use store::jobs::{Appended, Lease};
use tokio::time::Instant;

use crate::queue::Queue;

/// How long text is gathered before it is kept.
const GATHERED: Duration = Duration::from_millis(100);

/// The text of one attempt that is not kept yet.
pub(super) struct Chunks<'a> {
    queue: &'a Queue,
    lease: &'a Lease,
    text: String,
    kept_at: Option<Instant>,
    /// No more of this job's events are kept.
    is_full: bool,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(queue: &'a Queue, lease: &'a Lease) -> Self {
        Self {
            queue,
            lease,
            text: String::new(),
            kept_at: None,
            is_full: false,
        }
    }

    /// Takes further text; keeps what there is when it is time.
    pub(super) async fn say(&mut self, text: &str) {
        if self.is_full || text.is_empty() {
            return;
        }
        self.text.push_str(text);
        // The first text goes out at once: who watches waits for it.
        let is_time = self.kept_at.is_none_or(|at| at.elapsed() >= GATHERED);
        if is_time || self.text.len() >= MAX_EVENT_BYTES {
            self.keep().await;
        }
    }

    /// Keeps what is left.
    pub(super) async fn keep(&mut self) {
        if self.text.is_empty() || self.is_full {
            return;
        }
        let mut events = Vec::new();
        let mut rest = &self.text[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(MAX_EVENT_BYTES));
            events.push(Event::Chunk { data: piece.into() });
            rest = after;
        }
        let jobs = self.queue.0.store.jobs();
        match jobs.append(self.lease, &events, self.queue.now()).await {
            Ok(Appended::Upto(_)) => self.text.clear(),
            // The result will have all of it. A stale lease is noticed by the heartbeat.
            Ok(Appended::Full | Appended::Stale) => self.is_full = true,
            // It stays for the next time, when the database may be back.
            Err(error) => tracing::debug!(%error, "chunks of a job can't be kept now"),
        }
        self.kept_at = Some(Instant::now());
    }
}
