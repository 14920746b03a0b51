//! The server's own workers: they claim what has room, and run it.
//!
//! ```text
//!  dispatch ── which names have room? ─► claim ─► run (one task per job) ─► complete | fail | park
//!  pump     ── `echo`, which takes no time: claimed, answered and finished many at once
//! ```

mod ask;
mod chunks;
mod dispatch;
mod pump;
mod rooms;
mod run;

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use tokio_util::sync::CancellationToken;

use crate::queue::Queue;
use dispatch::Dispatcher;

/// Pumps at most, however many workers there are: each finishes a hundred jobs at once.
const MAX_PUMPS: usize = 4;
/// Between attempts to do what the database could not.
pub(crate) const AGAIN: Duration = Duration::from_millis(500);
/// The principal of the server's own workers; no access token can have it: it is no name.
pub(crate) const SERVER: &str = "(server)";

/// How the server's own workers work.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Jobs that run at once; 0 leaves all of them to others.
    pub workers: usize,
    /// How long a job is its own without a heartbeat.
    pub lease: Duration,
    /// Cancelled when what still runs must be put back.
    pub put_back: CancellationToken,
}

/// Starts the workers.
pub(crate) fn start(queue: &Queue, settings: Settings, lifecycle: &Lifecycle) {
    let (queue, lifecycle) = (queue.clone(), lifecycle.clone());
    let tracked = lifecycle.clone();
    tracked.spawn_behind("job workers", async move {
        release(&queue).await;
        if settings.workers == 0 {
            return lifecycle.dropping().await;
        }
        for _ in 0..settings.workers.min(MAX_PUMPS) {
            let (queue, stop) = (queue.clone(), lifecycle.clone());
            lifecycle.spawn_behind("echo", async move {
                pump::pump(&queue, settings.lease, &stop).await;
                stop.dropping().await;
            });
        }
        let dispatcher = Arc::new(Dispatcher::new(queue, settings));
        dispatcher.run(&lifecycle).await;
        lifecycle.dropping().await;
    });
}

/// Ends what this server held when it died.
async fn release(queue: &Queue) {
    let id = &queue.0.worker_id;
    loop {
        let backoff = |attempts| queue.0.retries.after(attempts);
        match queue
            .0
            .store
            .jobs()
            .release(id, &backoff, queue.now())
            .await
        {
            Ok(0) => return,
            Ok(released) => {
                tracing::info!(released, "jobs of this server's last life are queued again");
                return;
            }
            Err(error) => {
                tracing::warn!(%error,
                    "jobs of this server's last life can't be queued again yet"
                );
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
