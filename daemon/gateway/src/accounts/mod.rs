//! Who used what: one record per request, summed up here, written twice a second.
//!
//! Each serving thread adds to a shard of its own. The sums are exact; of single requests so many a
//! second are kept as lines, so that a flood can't fill the disk. A write that fails is tried again
//! with what came since; a crash loses what was not written.

mod write;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use shared::timestamp::Timestamp;
use shared::usage::{Outcome, Tokens};
use store::Store;

/// How often sums and lines are written.
pub(crate) const WRITE_INTERVAL: Duration = Duration::from_millis(500);
/// Single requests that are kept per write.
const MAX_LINES: u32 = 1_000;
/// Shards; serving threads beyond share them.
const SHARDS: usize = 16;

/// The accounts. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    store: Store,
    lifecycle: Lifecycle,
    shards: [Mutex<Shard>; SHARDS],
    /// Lines that may still be kept before the next write.
    lines_left: AtomicU32,
    /// Held while sums are on their way to the store.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Shard {
    sums: HashMap<Key, Sum>,
    lines: Vec<Line>,
}

/// What requests are summed up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The beginning of the hour, in milliseconds since 1970.
    pub(crate) hour: i64,
    pub(crate) llm: Arc<str>,
    pub(crate) provider: &'static str,
    pub(crate) payer: Payer,
}

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Payer {
    /// The principal.
    pub principal: Arc<str>,
    /// The access token's id.
    pub token_id: Arc<str>,
    /// The access token's name.
    pub token: Arc<str>,
}

/// The sum of requests of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) cancelled: u64,
    pub(crate) cache_hits: u64,
    pub(crate) estimated: u64,
    pub(crate) tokens: Tokens,
    pub(crate) cost_nano_usd: i64,
}

impl std::ops::AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.cancelled += other.cancelled;
        self.cache_hits += other.cache_hits;
        self.estimated += other.estimated;
        self.tokens += other.tokens;
        self.cost_nano_usd = self.cost_nano_usd.saturating_add(other.cost_nano_usd);
    }
}

/// A request that ended.
pub(crate) struct Closed<'a> {
    pub(crate) at: Timestamp,
    pub(crate) id: &'a str,
    pub(crate) model: &'a str,
    pub(crate) path: &'static str,
    pub(crate) llm: Arc<str>,
    pub(crate) provider: &'static str,
    pub(crate) payer: Payer,
    pub(crate) status: u16,
    pub(crate) outcome: Outcome,
    pub(crate) attempts: u32,
    pub(crate) cache_hit: bool,
    pub(crate) estimated: bool,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) duration: Duration,
    pub(crate) tokens: Tokens,
    pub(crate) cost_nano_usd: i64,
}

/// One kept request.
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) path: &'static str,
    pub(crate) key: Key,
    pub(crate) status: u16,
    pub(crate) outcome: Outcome,
    pub(crate) attempts: u32,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) duration: Duration,
    pub(crate) sum: Sum,
}

const HOUR_MS: i64 = 3_600_000;

impl Accounts {
    /// Accounts that are written to `store`, by tasks of `lifecycle`.
    pub fn new(store: Store, lifecycle: Lifecycle) -> Self {
        Self(Arc::new(Inner {
            store,
            lifecycle,
            shards: Default::default(),
            lines_left: AtomicU32::new(MAX_LINES),
            writing: tokio::sync::Mutex::default(),
        }))
    }

    /// Enters a request. Does not wait for anything but its thread's shard.
    pub(crate) fn enter(&self, shard: usize, closed: Closed<'_>) {
        let key = Key {
            hour: closed.at.as_millis().div_euclid(HOUR_MS) * HOUR_MS,
            llm: closed.llm,
            provider: closed.provider,
            payer: closed.payer,
        };
        let sum = Sum {
            requests: 1,
            errors: (closed.outcome == Outcome::Error).into(),
            cancelled: (closed.outcome == Outcome::Cancelled).into(),
            cache_hits: closed.cache_hit.into(),
            estimated: closed.estimated.into(),
            tokens: closed.tokens,
            cost_nano_usd: closed.cost_nano_usd,
        };
        let keep = self.0.lines_left.load(Ordering::Relaxed) > 0 && {
            let less = |left: u32| left.checked_sub(1);
            let left = &self.0.lines_left;
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
                .is_ok()
        };
        let line = keep.then(|| Line {
            at: closed.at,
            id: closed.id.to_owned(),
            model: closed.model.to_owned(),
            path: closed.path,
            key: key.clone(),
            status: closed.status,
            outcome: closed.outcome,
            attempts: closed.attempts,
            first_byte: closed.first_byte,
            duration: closed.duration,
            sum,
        });
        let shard = &self.0.shards[shard % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        *shard.sums.entry(key).or_default() += sum;
        shard.lines.extend(line);
    }
}
