//! What the proxy does to the bytes.

use std::time::Duration;

/// What happens to one direction of every connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lane {
    /// Nothing passes; the sockets stay open.
    pub dark: bool,
    /// Each piece waits so long before it passes.
    pub delay: Duration,
    /// At most so many bytes pass per second; 0 sets no bound.
    pub bytes_per_second: u64,
    /// The receiver is told that no more comes, while the other direction goes on.
    pub half_closed: bool,
    /// A connection breaks once so many of its bytes have passed; 0 sets no bound.
    pub cut_at: u64,
}

impl Lane {
    /// A lane on which nothing passes.
    #[must_use]
    pub fn dark() -> Self {
        Self {
            dark: true,
            ..Self::default()
        }
    }
}

/// What happens to both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// From the client to the upstream.
    pub up: Lane,
    /// From the upstream to the client.
    pub down: Lane,
}

impl Rules {
    /// Nothing passes either way.
    #[must_use]
    pub fn dark() -> Self {
        Self {
            up: Lane::dark(),
            down: Lane::dark(),
        }
    }
}
