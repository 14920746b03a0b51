//! A relay over a database of its own, in a time that stands still.
//!
//! Tokio's paused clock runs ahead whenever nothing is to be done, which is what a test sees while
//! SQLite's own threads work. A blocking task that waits keeps it from doing so: time passes in
//! [`World::pass`] alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use kit::clock::{Clock, ManualClock};
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::{SystemRandom, base32};
use registry::{Registry, Row};
use relay::{Relay, Timing};
use shared::llm::Phase;
use shared::timestamp::Timestamp;
use store::{Config, Store};

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) struct World {
    pub(crate) relay: Relay,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) lifecycle: Lifecycle,
    _still: mpsc::Sender<()>,
    dir: Arc<TempDir>,
}

impl World {
    /// A server that starts for the first time.
    pub(crate) async fn new() -> Self {
        let dir = Arc::new(TempDir::new());
        let still = stand_still();
        Self::over(dir, ManualClock::at(START), still).await
    }

    /// The server after a crash: another one over the same database, at the same time.
    pub(crate) async fn after_a_crash(self) -> Self {
        let (dir, clock) = (self.dir.clone(), self.clock.clone());
        // What the old one still runs ends with its runtime; nobody speaks to it any more.
        Self::over(dir, clock, self._still).await
    }

    async fn over(dir: Arc<TempDir>, clock: Arc<ManualClock>, still: mpsc::Sender<()>) -> Self {
        let config = Config::sqlite(dir.path());
        let store = Store::open(&config, Arc::new(SystemRandom)).await.unwrap();
        let registry = Registry::load(store.clone(), clock.now()).await.unwrap();
        let timing = Timing::default();
        let relay = Relay::new(registry.clone(), store.clone(), clock.clone(), timing);
        Self {
            relay,
            registry,
            store,
            clock,
            lifecycle: Lifecycle::new(),
            _still: still,
            dir,
        }
    }

    /// Starts the relay's clockwork: it looks now, and after each second.
    pub(crate) async fn watch(&self) {
        let relay = self.relay.clone();
        let watch = async move { relay.watch().await };
        self.lifecycle.spawn("watch", Ends::WithTheProgram, watch);
        settle().await;
        // Timers are rounded up to the next millisecond.
        tokio::time::advance(Duration::from_millis(2)).await;
        settle().await;
    }

    /// Lets time pass, second by second, for everybody.
    pub(crate) async fn pass(&self, time: Duration) {
        self.pass_in_steps(time, Duration::from_secs(1)).await;
    }

    pub(crate) async fn pass_in_steps(&self, time: Duration, step: Duration) {
        let mut passed = Duration::ZERO;
        while passed < time {
            self.clock.advance(step);
            tokio::time::advance(step).await;
            settle().await;
            passed += step;
        }
    }

    pub(crate) fn row(&self, name: &str) -> Arc<Row> {
        self.registry.find(name).unwrap()
    }

    pub(crate) fn phase(&self, name: &str) -> Phase {
        self.row(name).phase()
    }
}

/// Lets every task do what it can do now.
pub(crate) async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

/// Pauses the clock for as long as the answer lives.
fn stand_still() -> mpsc::Sender<()> {
    tokio::time::pause();
    let (still, over) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || {
        let _ = over.recv();
    });
    still
}

/// A directory that goes with its owner.
struct TempDir(PathBuf);

impl TempDir {
    fn new() -> Self {
        let unique = base32(&SystemRandom, 10);
        let dir = std::env::temp_dir().join(format!("mcpctl-relay-{unique}"));
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
