//! How long and how much: the bounds of each measurement.

use std::time::Duration;

/// Jobs in one batch.
pub const BATCH: usize = 1000;
/// Callers that enqueue at once.
pub const CALLERS: usize = 8;
/// Between two jobs while the time to the start is measured: 50 a second.
pub const PERIOD: Duration = Duration::from_millis(20);

/// The sizes of one run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Rounds; each visits every way in every section.
    pub rounds: usize,
    /// A window of enqueues, or of work; work ends sooner where the jobs run out.
    pub window: Duration,
    /// Jobs that lie ready where each is claimed by itself.
    pub backlog: usize,
    /// Jobs that lie ready where they are claimed or finished many at once.
    pub large_backlog: usize,
    /// Jobs whose time to the start is measured.
    pub starts: usize,
}

impl Plan {
    /// For numbers that go into a document: some minutes a round.
    #[must_use]
    pub fn full(rounds: usize) -> Self {
        Self {
            rounds,
            window: Duration::from_secs(5),
            backlog: 40_000,
            large_backlog: 150_000,
            starts: 500,
        }
    }

    /// For a look while working: one short round.
    #[must_use]
    pub fn quick(rounds: usize) -> Self {
        Self {
            rounds,
            window: Duration::from_millis(1500),
            backlog: 15_000,
            large_backlog: 50_000,
            starts: 150,
        }
    }
}
