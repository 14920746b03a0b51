//! Medians, percentiles and spreads of samples.

/// The value below which the share `q` (0 to 1) of the samples lies; `None` without samples. Sorts in place.
#[must_use]
pub fn quantile_ns(samples: &mut [u64], q: f64) -> Option<u64> {
    samples.sort_unstable();
    let last = samples.len().checked_sub(1)?;
    // Samples are far fewer than 2^52, so the round trip through f64 is exact.
    let rank = (last as f64 * q).round() as usize;
    samples.get(rank).copied()
}

/// The middle of a metric's rounds with its smallest and largest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The middle value; between the two middle ones where the number is even.
    pub median: f64,
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

impl Spread {
    /// `None` without values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = (sorted.len() - 1) / 2;
        Some(Self {
            median: f64::midpoint(sorted[lower], sorted[upper]),
            low,
            high,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_pick_ranks() {
        let mut samples: Vec<u64> = (0..=100).rev().collect();
        assert_eq!(quantile_ns(&mut samples, 0.5), Some(50));
        assert_eq!(quantile_ns(&mut samples, 0.99), Some(99));
        assert_eq!(quantile_ns(&mut [], 0.5), None);
    }

    #[test]
    fn a_spread_has_the_median_between_its_ends() {
        assert_eq!(
            Spread::of(&[3.0, 1.0, 2.0]),
            Some(Spread {
                median: 2.0,
                low: 1.0,
                high: 3.0
            })
        );
        assert_eq!(
            Spread::of(&[1.0, 2.0]).map(|spread| spread.median),
            Some(1.5)
        );
        assert_eq!(Spread::of(&[]), None);
    }
}
