//! The one place that reads the clock for the mock, the load generator and the tests of jobs.
//!
//! `CLOCK_MONOTONIC` is the same in every process of a machine, so a time stamped into a token by the mock can be
//! taken away from the arrival time in the load generator. `std::time::Instant` hides the number, hence `rustix`.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since an arbitrary point that all processes of this machine share.
#[must_use]
pub fn monotonic_ns() -> u64 {
    read_ns(ClockId::Monotonic)
}

/// Nanoseconds since 1970, for comparison with what a server writes down.
#[must_use]
pub fn wall_ns() -> u64 {
    read_ns(ClockId::Realtime)
}

fn read_ns(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds * 1_000_000_000 + nanos
}

/// Milliseconds since 1970, for times that a server is told.
#[must_use]
pub fn wall_ms() -> i64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}
