//! A token bucket: so much per minute, in bursts of up to a minute's worth.

use std::time::Duration;

use tokio::time::Instant;

const MINUTE: f64 = 60.0;

/// What is left of this minute's allowance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    per_minute: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(per_minute: f64, now: Instant) -> Self {
        Self {
            per_minute,
            level: per_minute,
            at: now,
        }
    }

    /// Takes `amount` out. What is larger than the bucket passes when it is full.
    ///
    /// Errors: how long to wait until there is enough.
    pub(crate) fn take(&mut self, amount: f64, now: Instant) -> Result<(), Duration> {
        self.fill(now);
        let needed = amount.min(self.per_minute);
        if self.level >= needed {
            self.level -= amount;
            return Ok(());
        }
        let seconds = (needed - self.level) / self.per_minute * MINUTE;
        Err(Duration::from_secs_f64(seconds.clamp(0.001, 3600.0)))
    }

    /// Puts back what was taken too much, or takes what was taken too little (negative).
    pub(crate) fn give_back(&mut self, amount: f64, now: Instant) {
        self.fill(now);
        self.level = (self.level + amount).min(self.per_minute);
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + seconds * self.per_minute / MINUTE).min(self.per_minute);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_fills_by_the_minute_and_says_how_long_to_wait() {
        let start = Instant::now();
        let mut bucket = Bucket::full(60.0, start);
        for _ in 0..60 {
            bucket.take(1.0, start).unwrap();
        }
        let wait = bucket.take(1.0, start).unwrap_err();
        assert_eq!(wait.as_secs_f64().round(), 1.0);
        bucket.take(1.0, start + Duration::from_secs(1)).unwrap();
        bucket.give_back(30.0, start + Duration::from_secs(1));
        for _ in 0..30 {
            bucket.take(1.0, start + Duration::from_secs(1)).unwrap();
        }
        assert!(bucket.take(1.0, start + Duration::from_secs(1)).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_larger_than_a_minutes_worth_passes_when_it_is_full_and_is_paid_off() {
        let start = Instant::now();
        let mut bucket = Bucket::full(100.0, start);
        bucket.take(300.0, start).unwrap();
        let later = start + Duration::from_secs(119);
        assert!(bucket.take(1.0, later).is_err());
        assert!(bucket.take(1.0, later + Duration::from_secs(2)).is_ok());
    }
}
