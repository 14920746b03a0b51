//! Talks to systemd: ready, alive, stopping. Says nothing where there is no systemd.

use std::convert::Infallible;
use std::time::Duration;

use sd_notify::NotifyState;

/// Tells that the start is over.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Tells again and again that the program lives. Never resolves; to be polled beside the work.
pub async fn alive() -> Infallible {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    // Three times within the limit: one may come late.
    let interval = (limit / 3).max(Duration::from_millis(100));
    loop {
        tell(&[NotifyState::Watchdog]);
        tokio::time::sleep(interval).await;
    }
}

/// Tells that the program is stopping.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(failed) = sd_notify::notify(state) {
        tracing::debug!(%failed, "systemd can't be told");
    }
}
