//! The measurements, one per file. Each takes a lane that stands, loads it, and notes what it saw.

pub mod burst;
pub mod connect;
pub mod memory;
pub mod paced;
pub mod publishers;
pub mod requests;
pub mod soak;
pub mod start;

use super::trouble::Trouble;
use std::future::Future;
use std::time::Duration;
use tokio::task::JoinSet;

/// Time a measurement may take beyond its own plan.
const GRACE: Duration = Duration::from_secs(30);

/// Runs `measurement` for at most `planned` and a grace, so that a stuck way cannot stop the run.
///
/// # Errors
/// [`Trouble::Late`] when the time is up; the measurement's own trouble.
pub(crate) async fn bounded<T>(
    planned: Duration,
    measurement: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let limit = planned + GRACE;
    tokio::time::timeout(limit, measurement)
        .await
        .unwrap_or_else(|_| {
            let last = "it was still running".to_owned();
            Err(Trouble::Late {
                what: "the measurement to end".to_owned(),
                seconds: limit.as_secs(),
                last,
            })
        })
}

/// Waits for all tasks; a panic of one is a failed measurement.
pub(crate) async fn all<T: 'static>(mut tasks: JoinSet<T>) -> Result<Vec<T>, Trouble> {
    let mut results = Vec::with_capacity(tasks.len());
    while let Some(ended) = tasks.join_next().await {
        results.push(
            ended.map_err(|error| Trouble::Unexpected(format!("a load task failed: {error}")))?,
        );
    }
    Ok(results)
}

/// Nanoseconds as microseconds.
pub(crate) fn micros(ns: u64) -> f64 {
    ns as f64 / 1e3
}
