//! The health polls of one provider. They only list models, and never wake or load one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kit::lifecycle::{Ends, Lifecycle};
use providers::Provider;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::health::{Failed, Health, Seen, judge};
use crate::config::ProviderConfig;

/// Between two polls of a provider that is ready.
const INTERVAL: Duration = Duration::from_secs(15);
/// Between two polls of one that is not.
const INTERVAL_DOWN: Duration = Duration::from_secs(5);
/// The longest that a poll may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The least time between two polls, however many requests fail.
const INTERVAL_LEAST: Duration = Duration::from_millis(500);

/// How soon the next poll comes.
#[derive(Default)]
pub struct Pace {
    sooner: Notify,
    hurry: AtomicBool,
}

impl Pace {
    /// Asks for a poll now, such as when a request could not reach the provider.
    pub fn sooner(&self) {
        self.sooner.notify_one();
    }

    /// Polls as often as is allowed, for as long as somebody waits for the provider to wake.
    pub(super) fn hurry(&self, hurry: bool) {
        self.hurry.store(hurry, Ordering::Relaxed);
        self.sooner();
    }
}

/// What a poll found.
pub(super) struct Polled {
    /// Which poller: numbers are never used twice.
    pub(super) poller: u64,
    /// When it began.
    pub(super) began: Instant,
    pub(super) found: Result<Seen, Failed>,
}

/// Polls `provider` until the guard is dropped.
pub(super) fn start(
    lifecycle: &Lifecycle,
    poller: u64,
    config: Arc<ProviderConfig>,
    provider: Provider,
    pace: Arc<Pace>,
    results: mpsc::Sender<Polled>,
) -> DropGuard {
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let stopping = lifecycle.soft_token();
    let work = async move {
        let mut health = Health::Unknown;
        loop {
            let began = Instant::now();
            let poll = tokio::time::timeout(TIMEOUT, provider.models()).await;
            let found = match poll {
                Ok(listed) => judge(&config, listed),
                Err(_) => Err(Failed::too_slow(TIMEOUT)),
            };
            health = health.after(found.clone());
            let polled = Polled {
                poller,
                began,
                found,
            };
            if results.send(polled).await.is_err() {
                return;
            }
            let interval = match health {
                _ if pace.hurry.load(Ordering::Relaxed) => INTERVAL_LEAST,
                Health::Ready(_) => INTERVAL,
                _ => INTERVAL_DOWN,
            };
            tokio::time::sleep(INTERVAL_LEAST).await;
            // Elapsed or asked for: either way it is time.
            let _ = tokio::time::timeout(interval - INTERVAL_LEAST, pace.sooner.notified()).await;
        }
    };
    lifecycle.spawn("health poll", Ends::Alone, async move {
        tokio::select! {
            biased;
            () = stopped.cancelled() => {}
            () = stopping.cancelled() => {}
            () = work => {}
        }
    });
    stop.drop_guard()
}
