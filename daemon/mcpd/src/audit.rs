//! The audit trail: who changed what, and who tried what was not theirs.
//!
//! Lines are queued and stored in batches, so that nobody waits for them; a full queue is said in
//! the log, and the line stands there.

use std::sync::Arc;

use kit::clock::SharedClock;
use store::Store;
use store::audit::Entry;
use tokio::sync::{Mutex, mpsc};

/// Lines that may wait to be stored.
const MAX_WAITING: usize = 1024;
/// Lines stored together.
const BATCH: usize = 128;

/// The trail. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    lines: mpsc::Sender<Entry>,
    queue: Arc<Mutex<mpsc::Receiver<Entry>>>,
    store: Store,
    clock: SharedClock,
}

impl Audit {
    /// A trail into `store`.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        let (lines, queue) = mpsc::channel(MAX_WAITING);
        Self {
            lines,
            queue: Arc::new(Mutex::new(queue)),
            store,
            clock,
        }
    }

    /// Adds a line: `principal` did `action` on `object`, with `outcome`.
    pub fn note(&self, principal: &str, action: &str, object: &str, outcome: &str) {
        let entry = Entry {
            at: self.clock.now(),
            principal: principal.into(),
            action: action.into(),
            object: object.into(),
            outcome: outcome.into(),
            detail: serde_json::Value::Null,
            request_id: None,
        };
        if self.lines.try_send(entry).is_err() {
            tracing::warn!(
                principal,
                action,
                object,
                outcome,
                "the audit queue is full"
            );
        }
    }

    /// Stores the lines, until it is dropped. Run it once.
    pub async fn store_lines(&self) {
        let mut queue = self.queue.lock().await;
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            if let Err(error) = self.store.audit().append(&batch).await {
                tracing::error!(%error, lines = batch.len(), "audit lines could not be stored");
            }
            batch.clear();
        }
    }

    /// Stores what waits; called at the end.
    pub async fn flush(&self) {
        let Ok(mut queue) = self.queue.try_lock() else {
            return;
        };
        let mut batch = Vec::new();
        while let Ok(entry) = queue.try_recv() {
            batch.push(entry);
        }
        if !batch.is_empty() && self.store.audit().append(&batch).await.is_err() {
            tracing::error!(
                lines = batch.len(),
                "the last audit lines could not be stored"
            );
        }
    }
}
