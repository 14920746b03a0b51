//! Memory and open files of a program over time.

use super::trouble::Fault;
use std::time::Duration;

/// What a program held at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Since the run began.
    pub at: Duration,
    /// Resident memory, in KiB.
    pub kib: u64,
    /// Open files, sockets among them.
    pub files: usize,
}

/// All moments of a run.
#[derive(Debug, Default)]
pub struct Curves {
    /// The server's.
    pub server: Vec<Sample>,
    /// Those of the publisher that is never ill-treated itself.
    pub publisher: Vec<Sample>,
    /// What went wrong when.
    pub faults: Vec<(Duration, Fault)>,
}

/// The median of memory (KiB) and files within a part of the run, from and to as shares of it.
#[must_use]
pub(super) fn median(samples: &[Sample], from: f64, to: f64) -> (u64, usize) {
    let index = |share: f64| (samples.len() as f64 * share) as usize;
    let part = &samples[index(from).min(samples.len())..index(to).min(samples.len())];
    let mut kib: Vec<_> = part.iter().map(|sample| sample.kib).collect();
    let mut files: Vec<_> = part.iter().map(|sample| sample.files).collect();
    kib.sort_unstable();
    files.sort_unstable();
    let middle = part.len() / 2;
    (
        kib.get(middle).copied().unwrap_or(0),
        files.get(middle).copied().unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::{Sample, median};
    use std::time::Duration;

    #[test]
    fn the_median_is_of_the_part_that_is_asked_for() {
        let sample = |n: u64| Sample {
            at: Duration::from_secs(n),
            kib: n * 10,
            files: 7,
        };
        let samples: Vec<_> = (0..10).map(sample).collect();
        assert_eq!(median(&samples, 0.0, 0.5), (20, 7));
        assert_eq!(median(&samples, 0.8, 1.0), (90, 7));
        assert_eq!(median(&[], 0.0, 1.0), (0, 0));
    }
}
