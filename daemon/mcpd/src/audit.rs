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
    waiting: Arc<Mutex<Waiting>>,
    store: Store,
    clock: SharedClock,
}

/// Lines on their way into the store.
struct Waiting {
    queue: mpsc::Receiver<Entry>,
    /// Taken from the queue and not stored yet: a stop may come in the middle.
    batch: Vec<Entry>,
}

impl Audit {
    /// A trail into `store`.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        let (lines, queue) = mpsc::channel(MAX_WAITING);
        Self {
            lines,
            waiting: Arc::new(Mutex::new(Waiting {
                queue,
                batch: Vec::with_capacity(BATCH),
            })),
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
        let mut waiting = self.waiting.lock().await;
        let Waiting { queue, batch } = &mut *waiting;
        while queue.recv_many(batch, BATCH).await > 0 {
            if let Err(error) = self.store.audit().append(batch).await {
                tracing::error!(%error, lines = batch.len(), "audit lines could not be stored");
            }
            batch.clear();
        }
    }

    /// Stores what waits; called at the end, once nobody stores lines any more.
    pub async fn flush(&self) {
        let Ok(mut waiting) = self.waiting.try_lock() else {
            return;
        };
        let Waiting { queue, batch } = &mut *waiting;
        while let Ok(entry) = queue.try_recv() {
            batch.push(entry);
        }
        if !batch.is_empty() && self.store.audit().append(batch).await.is_err() {
            tracing::error!(
                lines = batch.len(),
                "the last audit lines could not be stored"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use kit::clock::SystemClock;
    use kit::random::{SystemRandom, base32};
    use store::Config;

    use super::*;

    #[tokio::test]
    async fn lines_that_were_being_stored_at_the_end_are_stored() {
        let unique = format!("mcpctl-audit-{}", base32(&SystemRandom, 10));
        let dir = std::env::temp_dir().join(unique);
        let random = Arc::new(SystemRandom);
        let store = Store::open(&Config::sqlite(&dir), random).await.unwrap();
        let audit = Audit::new(store.clone(), Arc::new(SystemClock));
        audit.note("alice", "create", "token/a", "200");
        // Taken from the queue, and no further than that.
        tokio::select! {
            biased;
            () = audit.store_lines() => unreachable!("it stores for ever"),
            () = std::future::ready(()) => {}
        }
        assert!(store.audit().list(None, 10).await.unwrap().is_empty());
        audit.note("alice", "delete", "token/a", "200");
        audit.flush().await;
        assert_eq!(store.audit().list(None, 10).await.unwrap().len(), 2);
        store.close().await;
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
