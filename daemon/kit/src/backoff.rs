//! Exponential backoff with full jitter.
//!
//! Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

use std::time::Duration;

use crate::random::Random;

/// Waits that grow from `min` to `max`.
///
/// Call [`Backoff::next`] before each attempt and [`Backoff::reset`] after a success; connecting
/// alone is no success.
#[derive(Clone, Debug)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    attempt: u32,
}

impl Backoff {
    /// Waits up to `min` before the first retry, doubling up to `max`.
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            attempt: 0,
        }
    }

    /// The next wait: evenly spread from zero to the current ceiling.
    pub fn next(&mut self, random: &dyn Random) -> Duration {
        let ceiling = self.ceiling();
        self.attempt = self.attempt.saturating_add(1);
        ceiling.mul_f64(random.unit())
    }

    /// The longest that the next wait can be.
    pub fn ceiling(&self) -> Duration {
        let doubled = self.min.saturating_mul(1 << self.attempt.min(20));
        doubled.min(self.max)
    }

    /// Starts again at `min`.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn waits_grow_stay_below_the_ceiling_and_start_again() {
        let random = SeededRandom::new(1);
        let mut backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60));
        for ceiling in [5, 10, 20, 40, 60, 60] {
            assert_eq!(backoff.ceiling(), Duration::from_secs(ceiling));
            assert!(backoff.next(&*random) <= Duration::from_secs(ceiling));
        }
        backoff.reset();
        assert_eq!(backoff.ceiling(), Duration::from_secs(5));
    }
}
