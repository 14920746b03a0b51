//! When a server that stops lets go of idle connections.

use std::time::Duration;

use kit::lifecycle::Lifecycle;

/// A request may be on its way over a kept connection, and a publisher is told at the same moment that
/// the server goes: so long idle connections stay, so that neither meets a close.
const LINGER: Duration = Duration::from_millis(300);

/// Resolves when idle connections are to be closed.
pub(crate) async fn lingered(lifecycle: &Lifecycle) {
    lifecycle.stopping().await;
    tokio::time::sleep(LINGER).await;
}
