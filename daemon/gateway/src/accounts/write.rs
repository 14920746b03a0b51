//! From the shards to the store.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kit::clock::SharedClock;
use shared::timestamp::Timestamp;
use store::StoreError;
use store::usage::{HourSum, RequestLine};
use tokio::time::Instant;

use crate::accounts::{Accounts, Key, Line, MAX_LINES, Shard, Sum, WRITE_INTERVAL};

/// Sums and lines of one transaction, at most.
const BATCH: usize = 1_000;
/// How often old lines are swept.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);
/// How long lines of single requests are kept.
const KEEP_LINES: Duration = Duration::from_secs(30 * 24 * 3600);
/// How many of them are kept, at most.
const MAX_KEPT_LINES: u64 = 5_000_000;

impl Accounts {
    /// Writes what comes and sweeps what is old, until it is dropped. Run it once.
    pub async fn keep(&self, clock: SharedClock) {
        let mut ticks = tokio::time::interval(WRITE_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut swept_at: Option<Instant> = None;
        let mut is_failing = false;
        loop {
            ticks.tick().await;
            let written = match self.is_empty() {
                true => Ok(()),
                false => self.write().await,
            };
            match written {
                Ok(()) => is_failing = false,
                // Once, and not twice a second.
                Err(error) if !is_failing => {
                    is_failing = true;
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "usage can't be written; its sums wait in memory");
                }
                Err(_) => {}
            }
            if swept_at.is_none_or(|at| at.elapsed() >= SWEEP_INTERVAL) {
                swept_at = Some(Instant::now());
                self.sweep(clock.now()).await;
            }
        }
    }

    /// Writes what there is, to its end also where nobody waits for it any more. Call it before what is written is read.
    ///
    /// Errors: [`StoreError`]; the sums are then written with the next ones, the lines are lost.
    pub async fn write(&self) -> Result<(), StoreError> {
        let this = self.clone();
        let writing = async move { this.write_last().await };
        self.0.lifecycle.to_its_end("usage", writing).await
    }

    /// Writes what there is, once the tasks have ended. Dropped on its way it loses what it had taken.
    ///
    /// Errors: as [`Accounts::write`].
    pub async fn write_last(&self) -> Result<(), StoreError> {
        let _writing = self.0.writing.lock().await;
        let (sums, lines) = self.take();
        let mut sums: Vec<_> = sums.into_iter().collect();
        let mut lines = lines.iter().map(told_line).collect::<Vec<_>>();
        while !sums.is_empty() || !lines.is_empty() {
            let some_sums = sums.split_off(sums.len().saturating_sub(BATCH));
            let some_lines = lines.split_off(lines.len().saturating_sub(BATCH));
            let told: Vec<_> = some_sums.iter().map(told_sum).collect();
            if let Err(error) = self.0.store.usage().write(&told, &some_lines).await {
                self.give_back(some_sums.into_iter().chain(sums));
                return Err(error);
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        let nothing = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.sums.is_empty() && shard.lines.is_empty()
        };
        self.0.shards.iter().all(nothing)
    }

    fn take(&self) -> (HashMap<Key, Sum>, Vec<Line>) {
        let mut sums: HashMap<Key, Sum> = HashMap::new();
        let mut lines = Vec::new();
        for shard in &self.0.shards {
            let taken = {
                let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *shard)
            };
            for (key, sum) in taken.sums {
                *sums.entry(key).or_default() += sum;
            }
            lines.extend(taken.lines);
        }
        self.0.lines_left.store(MAX_LINES, Ordering::Relaxed);
        (sums, lines)
    }

    fn give_back(&self, sums: impl Iterator<Item = (Key, Sum)>) {
        let shard = &self.0.shards[0];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, sum) in sums {
            *shard.sums.entry(key).or_default() += sum;
        }
    }

    async fn sweep(&self, now: Timestamp) {
        let kept_ms = i64::try_from(KEEP_LINES.as_millis()).unwrap_or(i64::MAX);
        let older_than = Timestamp::from_millis(now.as_millis().saturating_sub(kept_ms));
        match self.0.store.usage().sweep(older_than, MAX_KEPT_LINES).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "lines of old requests deleted"),
            Err(error) => tracing::warn!(%error, "lines of old requests can't be deleted"),
        }
    }
}

fn told_sum((key, sum): &(Key, Sum)) -> HourSum {
    HourSum {
        hour: Timestamp::from_millis(key.hour),
        llm: key.llm.to_string(),
        provider: key.provider.into(),
        principal: key.payer.principal.to_string(),
        token_id: key.payer.token_id.to_string(),
        token: key.payer.token.to_string(),
        requests: sum.requests,
        errors: sum.errors,
        cancelled: sum.cancelled,
        cache_hits: sum.cache_hits,
        estimated: sum.estimated,
        tokens: sum.tokens,
        cost_nano_usd: sum.cost_nano_usd,
    }
}

fn told_line(line: &Line) -> RequestLine {
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    RequestLine {
        id: line.id.clone(),
        at: line.at,
        model: line.model.clone(),
        llm: line.key.llm.to_string(),
        provider: line.key.provider.into(),
        principal: line.key.payer.principal.to_string(),
        token: line.key.payer.token.to_string(),
        path: line.path.into(),
        status: line.status,
        outcome: line.outcome,
        attempts: line.attempts,
        cache_hit: line.sum.cache_hits > 0,
        estimated: line.sum.estimated > 0,
        ttft_ms: line.first_byte.map(millis),
        duration_ms: millis(line.duration),
        tokens: line.sum.tokens,
        cost_nano_usd: line.sum.cost_nano_usd,
    }
}
