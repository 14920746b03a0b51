//! What the proxy does to the bytes.

use std::time::Duration;

/// What happens to one direction of every connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lane {
    /// Nothing passes; the sockets stay open.
    pub dark: bool,
    /// Each piece waits so long before it passes.
    pub delay: Duration,
    /// Each piece waits up to so much longer. How long is chance, seeded with the connection's number and direction: the
    /// pieces of a proxy's third connection wait as long in every run.
    pub jitter: Duration,
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

/// What becomes of a connection on which nothing passed, either way, for a while.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdleCut {
    /// It stays.
    #[default]
    Never,
    /// Both ends are told that it is closed, as a web server does.
    Close(Duration),
    /// Nobody is told: whoever sends next gets a reset, as from a router that has forgotten the connection.
    Forget(Duration),
}

impl IdleCut {
    /// How long nothing must have passed.
    #[must_use]
    pub fn after(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Close(after) | Self::Forget(after) => Some(after),
        }
    }
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// From the client to the upstream.
    pub up: Lane,
    /// From the upstream to the client.
    pub down: Lane,
    /// When nothing passes.
    pub idle_cut: IdleCut,
}

impl Rules {
    /// Nothing passes either way.
    #[must_use]
    pub fn dark() -> Self {
        Self {
            up: Lane::dark(),
            down: Lane::dark(),
            ..Self::default()
        }
    }

    /// Both ways behave, but for this.
    #[must_use]
    pub fn idle(idle_cut: IdleCut) -> Self {
        Self {
            idle_cut,
            ..Self::default()
        }
    }
}
