//! Closed loops: so many callers, each doing one thing after the other, until the time is up or the work runs out.

use super::cpu;
use super::plan::{PERIOD, Plan};
use crate::bench::quantile::quantile_ns;
use crate::bench::sections::{all, bounded};
use crate::bench::trouble::Trouble;
use crate::clock::monotonic_ns;
use std::future::Future;
use std::time::Duration;
use tokio::task::JoinSet;

/// Time that jobs may take beyond their pace.
const GRACE: Duration = Duration::from_secs(20);

/// One of several that load a way at once.
pub trait Caller: Send + 'static {
    /// Does the next thing; how many jobs that was, 0 where there is nothing left.
    fn step(&mut self) -> impl Future<Output = Result<u64, Trouble>> + Send;
}

/// What a window came to.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Jobs per second.
    pub per_s: f64,
    /// CPU of the servers per job, in microseconds.
    pub cpu_us: f64,
}

impl Load {
    /// `done` jobs in `seconds`, at `cpu_us` in all.
    #[must_use]
    pub fn new(done: u64, seconds: f64, cpu_us: u64) -> Self {
        Self {
            per_s: done as f64 / seconds.max(1e-9),
            cpu_us: cpu_us as f64 / done.max(1) as f64,
        }
    }
}

/// Lets all `callers` go for `window`, and reads the CPU of `servers` around it.
///
/// # Errors
/// The first failed step; when nothing was done.
pub async fn drive<C: Caller>(
    callers: Vec<C>,
    window: Duration,
    servers: &[u32],
) -> Result<Load, Trouble> {
    let cpu_before = cpu::used_us(servers);
    let begin = monotonic_ns();
    let deadline = begin + u64::try_from(window.as_nanos()).unwrap_or(u64::MAX / 2);
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(keep_on(caller, deadline));
    }
    let ended = bounded(window, all(tasks)).await?;
    let cpu_us = cpu::used_us(servers) - cpu_before;
    let (mut done, mut last) = (0, begin);
    for one in ended {
        let (count, end) = one?;
        done += count;
        last = last.max(end);
    }
    if done == 0 {
        return Err(Trouble::Unexpected("nothing was done".to_owned()));
    }
    let seconds = Duration::from_nanos(last - begin).as_secs_f64();
    Ok(Load::new(done, seconds, cpu_us))
}

/// The jobs done, and when the last of them was.
async fn keep_on<C: Caller>(mut caller: C, deadline: u64) -> Result<(u64, u64), Trouble> {
    let (mut done, mut last) = (0, 0);
    while monotonic_ns() < deadline {
        match caller.step().await? {
            0 => break,
            count => {
                done += count;
                last = monotonic_ns();
            }
        }
    }
    Ok((done, last))
}

/// Times from one thing to another.
#[derive(Debug, Clone)]
pub struct Latencies {
    ns: Vec<u64>,
}

impl Latencies {
    /// These, in nanoseconds.
    #[must_use]
    pub fn of(ns: Vec<u64>) -> Self {
        Self { ns }
    }

    /// From each of `sent` to that of `started` with the same number, both in nanoseconds.
    #[must_use]
    pub fn between(sent: &[u64], started: &[u64]) -> Self {
        let pairs = sent.iter().zip(started);
        Self {
            ns: pairs
                .map(|(sent, started)| started.saturating_sub(*sent))
                .collect(),
        }
    }

    /// The time below which the share `q` of them lies, in milliseconds; 0 without any.
    #[must_use]
    pub fn quantile_ms(&mut self, q: f64) -> f64 {
        quantile_ns(&mut self.ns, q).map_or(0.0, |ns| ns as f64 / 1e6)
    }
}

/// The longest that all jobs of a measurement of starts may take.
#[must_use]
pub fn limit_of(plan: &Plan) -> Duration {
    let count = u32::try_from(plan.starts).unwrap_or(u32::MAX);
    PERIOD * count + GRACE
}
