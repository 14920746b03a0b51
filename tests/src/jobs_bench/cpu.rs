//! CPU time of servers, those of their children that have ended included: PostgreSQL has a process per connection.

use crate::clock::monotonic_ns;
use std::fs;

/// Units of `/proc/PID/stat`: Linux tells user space 100 ticks a second, whatever the kernel counts.
const TICK_US: u64 = 10_000;
/// Where `utime`, `stime`, `cutime` and `cstime` stand after the name, which may hold blanks.
const TIMES: std::ops::Range<usize> = 11..15;

/// Microseconds of CPU that `roots` and their children have used so far, to 10 ms.
#[must_use]
pub fn used_us(roots: &[u32]) -> u64 {
    let of_family = |root: &u32| {
        let children = children(*root).into_iter();
        ticks(*root) + children.map(ticks).sum::<u64>()
    };
    roots.iter().map(of_family).sum::<u64>() * TICK_US
}

/// What the whole machine and this program with its children have used so far, in microseconds of CPU. Children count
/// once they have ended.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    machine_us: u64,
    own_us: u64,
    at_ns: u64,
}

impl Reading {
    /// Now.
    #[must_use]
    pub fn take() -> Self {
        Self {
            machine_us: machine_ticks() * TICK_US,
            own_us: ticks(std::process::id()) * TICK_US,
            at_ns: monotonic_ns(),
        }
    }

    /// The share of the machine that others have used since, 0 to 1.
    #[must_use]
    pub fn others_since(&self) -> f64 {
        let now = Self::take();
        let all = now.machine_us - self.machine_us;
        let others = all.saturating_sub(now.own_us - self.own_us);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        others as f64 / ((now.at_ns - self.at_ns) as f64 / 1e3 * cores as f64)
    }
}

/// All that was not idle or waiting for the disk.
fn machine_ticks() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = text.lines().next().unwrap_or_default().split_whitespace();
    let ticks: Vec<u64> = all.filter_map(|word| word.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
    let busy = |(n, ticks): (usize, &u64)| (n < 8 && n != 3 && n != 4).then_some(*ticks);
    ticks.iter().enumerate().filter_map(busy).sum()
}

/// Its own, and that of its children it has waited for; nothing where it has gone.
fn ticks(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, fields)) = text.rsplit_once(')') else {
        return 0;
    };
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let times = fields.get(TIMES).unwrap_or_default();
    times
        .iter()
        .filter_map(|text| text.parse::<u64>().ok())
        .sum()
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_gone_used_nothing() {
        assert_eq!(used_us(&[u32::MAX - 1]), 0);
    }

    #[test]
    fn work_shows() {
        let me = [std::process::id()];
        let reading = Reading::take();
        let before = used_us(&me);
        let mut sum = 0_u64;
        while used_us(&me) < before + TICK_US {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!((0.0..=1.5).contains(&reading.others_since()));
    }
}
