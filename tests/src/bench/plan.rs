//! How long and how much: the bounds of each measurement.

use std::time::Duration;

/// The sizes of one run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Rounds; each visits every way in every section.
    pub rounds: usize,
    /// Time before a window of requests in which nothing is counted.
    pub warm_up: Duration,
    /// A window of requests.
    pub window: Duration,
    /// New connections, one after the other.
    pub connections: u32,
    /// Tokens in each of the 64 paced streams.
    pub paced_tokens: u32,
    /// Tokens in all unpaced streams of one measurement together.
    pub burst_tokens: u32,
    /// Streams of one token a second that are held while memory is read.
    pub slow_streams: usize,
    /// Tokens, and so seconds, of each slow stream.
    pub slow_tokens: u32,
    /// Publishers registered by the bench itself.
    pub publishers: usize,
    /// Starts of mcpd per round.
    pub starts: usize,
    /// Requests after which memory is read, and as many again.
    pub soak_requests: u64,
}

impl Plan {
    /// For numbers that go into a document: some minutes.
    #[must_use]
    pub fn full(rounds: usize) -> Self {
        Self {
            rounds,
            warm_up: Duration::from_millis(300),
            window: Duration::from_secs(3),
            connections: 1000,
            paced_tokens: 250,
            burst_tokens: 6_400_000,
            slow_streams: 1000,
            slow_tokens: 20,
            publishers: 1000,
            starts: 5,
            soak_requests: 200_000,
        }
    }

    /// For a look while working: one short round.
    #[must_use]
    pub fn quick(rounds: usize) -> Self {
        Self {
            rounds,
            warm_up: Duration::from_millis(100),
            window: Duration::from_millis(800),
            connections: 300,
            paced_tokens: 75,
            burst_tokens: 1_600_000,
            slow_tokens: 6,
            starts: 3,
            soak_requests: 20_000,
            ..Self::full(rounds)
        }
    }
}
