//! The feed of changes, for those who watch.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::row::Row;

/// Changes that a slow watcher may be behind; beyond, it starts again from the whole list.
pub(crate) const MAX_BEHIND: usize = 1024;

/// Something happened to a row.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is new.
    Added(Arc<Row>),
    /// It is another than before.
    Modified(Arc<Row>),
    /// It is gone; this is how it was last.
    Deleted(Arc<Row>),
}

/// A watcher's end of the feed.
pub struct Changes(pub(crate) broadcast::Receiver<Change>);

impl Changes {
    /// The next change; `None` where some were missed and the whole list must be read again.
    ///
    /// Waits for ever after the registry is gone.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl crate::Registry {
    /// Watches the rows from now on. Watch first, list then: a change is seen twice rather than
    /// never.
    pub fn watch(&self) -> Changes {
        Changes(self.0.changes.subscribe())
    }

    pub(crate) fn tell(&self, change: Change) {
        // Nobody watching is fine.
        let _ = self.0.changes.send(change);
    }
}
