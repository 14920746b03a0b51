//! How long a job waits before it is tried again.

use std::time::Duration;

use kit::random::SharedRandom;

/// Waits that double from `min` to `max`, with jitter: the upper half of each is left to chance, so
/// that what failed together does not come back together.
#[derive(Clone)]
pub struct Retries {
    min: Duration,
    max: Duration,
    random: SharedRandom,
}

impl Retries {
    /// Waits from `min` (after the first attempt) to `max`.
    pub fn new(min: Duration, max: Duration, random: SharedRandom) -> Self {
        Self { min, max, random }
    }

    /// The wait after attempt number `attempts`.
    pub(crate) fn after(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(20);
        let ceiling = self.min.saturating_mul(1 << doublings).min(self.max);
        ceiling.mul_f64(0.5 + self.random.unit() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kit::random::SeededRandom;

    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_never_vanish() {
        let random: Arc<SeededRandom> = SeededRandom::new(3);
        let retries = Retries::new(Duration::from_secs(1), Duration::from_secs(60), random);
        for (attempts, ceiling) in [(1, 1), (2, 2), (3, 4), (7, 60), (100, 60)] {
            let ceiling = Duration::from_secs(ceiling);
            let wait = retries.after(attempts);
            assert!(
                wait >= ceiling / 2 && wait <= ceiling,
                "{attempts}: {wait:?}"
            );
        }
    }
}
