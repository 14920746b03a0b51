//! The waits of a worker whose server is away.

use std::time::Duration;

/// The first wait.
const MIN: Duration = Duration::from_millis(250);
/// The longest one: a server that is back is found soon.
const MAX: Duration = Duration::from_secs(5);

/// Waits that double, the upper half of each left to chance, so that many workers do not come back at once.
pub(super) struct Backoff {
    next: Duration,
    max: Duration,
}

impl Backoff {
    /// Waits up to `max`, and never longer than some seconds.
    pub(super) fn up_to(max: Duration) -> Self {
        Self {
            next: MIN,
            max: max.clamp(MIN, MAX),
        }
    }

    /// The next wait.
    pub(super) fn wait(&mut self) -> Duration {
        let wait = self.next.min(self.max);
        self.next = wait.saturating_mul(2);
        wait.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// It worked: begin anew.
    pub(super) fn reset(&mut self) {
        self.next = MIN;
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::up_to(MAX)
    }
}
