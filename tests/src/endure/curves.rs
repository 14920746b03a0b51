//! Memory and open files of a program over time.

use super::trouble::Fault;
use std::time::Duration;

/// What a program held at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Since the run began.
    pub at: Duration,
    /// Memory of its own, in KiB.
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

/// How much more of anything the last third of a run may hold than the second: a tenth, and what an allocator or a pool
/// keeps of one burst.
const MORE_SHARE: u64 = 10;
const MORE_KIB: u64 = 2 * 1024;
const MORE_FILES: u64 = 8;

/// What there was more of in the last third than in the second.
pub(super) fn grown(samples: &[Sample]) -> impl Iterator<Item = String> {
    let (before, last) = (median(samples, 0.34, 0.67), median(samples, 0.67, 1.0));
    let looks = [
        ("KiB of memory", before.0, last.0, MORE_KIB),
        ("open files", before.1 as u64, last.1 as u64, MORE_FILES),
    ];
    let is_grown =
        |(_, before, last, more): &(_, u64, u64, u64)| *last > before + before / MORE_SHARE + more;
    let grown = looks.into_iter().filter(is_grown);
    grown.map(|(what, before, last, _)| format!("{before} {what}, then {last}"))
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
    use super::{Sample, grown, median};
    use std::time::Duration;

    #[test]
    fn what_grows_is_told_of_and_what_trembles_is_not() {
        let sample = |files: usize| Sample {
            kib: 30_000,
            files,
            ..Sample::default()
        };
        let steady: Vec<_> = (0..99).map(|n| sample(60 + n % 7)).collect();
        assert_eq!(grown(&steady).count(), 0);
        let leaks: Vec<_> = (0..99).map(|n| sample(60 + n)).collect();
        let told: Vec<_> = grown(&leaks).collect();
        assert_eq!(told, ["109 open files, then 142"]);
    }

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
