//! Two histograms of durations: a fine one for quantiles of late, a coarse one for metrics.

use std::time::Duration;

/// Steps per doubling: a value is known to within a ninth.
const STEPS: usize = 8;
/// Doublings from a tenth of a millisecond: up to about two hours.
const DOUBLINGS: usize = 26;
/// The lower end, in microseconds.
const LOWEST_US: f64 = 100.0;

/// Counts durations in steps of an eighth of a doubling.
#[derive(Debug)]
pub(crate) struct Fine(Box<[u32; STEPS * DOUBLINGS]>);

impl Default for Fine {
    fn default() -> Self {
        Self(Box::new([0; STEPS * DOUBLINGS]))
    }
}

impl Fine {
    pub(crate) fn add(&mut self, duration: Duration) {
        let us = duration.as_secs_f64() * 1e6;
        let at = (us / LOWEST_US).max(1.0).log2() * STEPS as f64;
        // Not negative, and cut at the upper end.
        let at = (at as usize).min(STEPS * DOUBLINGS - 1);
        self.0[at] = self.0[at].saturating_add(1);
    }

    /// Milliseconds below which the fraction `q` of both stayed; `None` where both are empty.
    pub(crate) fn quantile_ms(both: [&Self; 2], q: f64) -> Option<u64> {
        let count = |at: usize| u64::from(both[0].0[at]) + u64::from(both[1].0[at]);
        let total: u64 = (0..STEPS * DOUBLINGS).map(count).sum();
        if total == 0 {
            return None;
        }
        let rank = (q * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let at = (0..STEPS * DOUBLINGS).find(|at| {
            seen += count(*at);
            seen >= rank
        });
        let middle = at.unwrap_or(0) as f64 + 0.5;
        let us = LOWEST_US * (middle / STEPS as f64).exp2();
        Some((us / 1000.0).round() as u64)
    }
}

/// The upper bounds of the coarse buckets, in seconds.
pub const BOUNDS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 180.0,
    600.0,
];

/// A histogram as Prometheus wants it: how many durations lie at or below each of [`BOUNDS`] and
/// above the one before, and how many lie beyond the last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Distribution {
    /// One per bound, and one for what lies beyond.
    pub counts: [u64; BOUNDS.len() + 1],
    /// The sum of all durations, in seconds.
    pub sum: f64,
}

impl Distribution {
    pub(crate) fn add(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.counts[BOUNDS.partition_point(|bound| *bound < seconds)] += 1;
        self.sum += seconds;
    }
}

impl std::ops::AddAssign for Distribution {
    fn add_assign(&mut self, other: Self) {
        for (sum, more) in self.counts.iter_mut().zip(other.counts) {
            *sum += more;
        }
        self.sum += other.sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_near_the_truth_from_tenths_of_milliseconds_to_hours() {
        let empty = Fine::default();
        assert_eq!(Fine::quantile_ms([&empty, &empty], 0.5), None);
        for ms in [1u64, 7, 30, 500, 20_000, 3_600_000] {
            let mut fine = Fine::default();
            fine.add(Duration::from_millis(ms));
            let told = Fine::quantile_ms([&fine, &empty], 0.99).unwrap();
            let off = told.abs_diff(ms) as f64 / ms as f64;
            assert!(off < 0.12, "{told} instead of {ms}");
        }
    }
}
