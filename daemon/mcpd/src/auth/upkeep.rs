//! What time does to credentials: they expire, and their uses are written down.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::timestamp::Timestamp;

use crate::auth::{Auth, Credential};

/// How often expired credentials are ended and uses are noted: open streams of an ended credential
/// end within this time.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(2);
/// Uses are stored to this precision.
const USE_PRECISION: Duration = Duration::from_secs(60);

impl Auth {
    /// Ends expired credentials and stores when which was used, until it is dropped. Run it once.
    pub async fn upkeep(&self) {
        let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
        let mut noted_at = self.0.clock.now();
        loop {
            ticks.tick().await;
            let now = self.0.clock.now();
            let is_over = |found: &Arc<Credential>| !found.record.is_live(now);
            let credentials = self.0.by_id.iter();
            let over: Vec<_> = credentials
                .filter(|found| is_over(found.value()))
                .map(|found| found.key().clone())
                .collect();
            over.iter().for_each(|id| self.expel(id));
            if !over.is_empty() {
                self.forget_ended(now).await;
            }
            if now.since(noted_at) < USE_PRECISION {
                continue;
            }
            let uses: Vec<_> = self
                .0
                .by_id
                .iter()
                .map(|found| (found.key().clone(), found.used_at.load(Ordering::Relaxed)))
                .filter(|(_, used_at)| *used_at > noted_at.as_millis())
                .map(|(id, used_at)| (id, Timestamp::from_millis(used_at)))
                .collect();
            match self.0.store.tokens().note_used(&uses).await {
                Ok(()) => noted_at = now,
                Err(error) => tracing::warn!(%error, "uses of tokens can't be stored; tried again"),
            }
        }
    }

    /// Deletes the rows of ended credentials, so that their names are free.
    pub(super) async fn forget_ended(&self, now: Timestamp) {
        if let Err(error) = self.0.store.tokens().delete_ended(now).await {
            tracing::warn!(%error, "ended tokens can't be deleted; tried again");
        }
    }
}
