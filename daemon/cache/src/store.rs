//! The cache itself: bounded by bytes, each entry with its own time to live.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use quick_cache::{OptionsBuilder, Weighter, sync};

use crate::{entry::Entry, key::Key};

/// What an entry costs beside its body: its key, its place in the tables.
const ENTRY_OVERHEAD_BYTES: u64 = 256;
/// What an answer is taken to weigh when the tables are made; they grow where it is wrong.
const TYPICAL_ENTRY_BYTES: u64 = 4096;
/// Locks that readers share; each has its part of the bound, which is the largest entry's too.
const SHARDS: usize = 4;

/// Finished answers, the least useful of which go when the bound is reached.
#[derive(Debug)]
pub struct Cache {
    entries: sync::Cache<Key, Kept, ByBytes, std::hash::RandomState>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// What a cache holds and how it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many answers it holds, those whose time is over included until somebody asks.
    pub entries: u64,
    /// What they weigh, in bytes.
    pub bytes: u64,
    /// How often an answer was there.
    pub hits: u64,
    /// How often none was.
    pub misses: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    entry: Arc<Entry>,
    until_ms: u64,
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Key, Kept> for ByBytes {
    fn weight(&self, _: &Key, kept: &Kept) -> u64 {
        kept.entry.len() as u64 + ENTRY_OVERHEAD_BYTES
    }
}

impl Cache {
    /// A cache that holds at most `max_bytes`; an entry larger than a quarter of it is not kept.
    pub fn new(max_bytes: u64) -> Self {
        let items = (max_bytes / TYPICAL_ENTRY_BYTES).clamp(16, 1 << 16) as usize;
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(items)
            .weight_capacity(max_bytes)
            .build()
            .expect("both capacities are told");
        Self {
            entries: sync::Cache::with_options(
                options,
                ByBytes,
                std::hash::RandomState::default(),
                sync::DefaultLifecycle::default(),
            ),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The answer kept under `key` whose time is not over.
    ///
    /// Units: `now_ms` is of the same clock as in [`Cache::put`].
    pub fn get(&self, key: &Key, now_ms: u64) -> Option<Arc<Entry>> {
        let kept = self.entries.get(key);
        let fresh = kept.as_ref().filter(|kept| now_ms < kept.until_ms);
        if kept.is_some() && fresh.is_none() {
            // It may have been replaced since: only what is old goes.
            self.entries.remove_if(key, |kept| kept.until_ms <= now_ms);
        }
        let count = if fresh.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        count.fetch_add(1, Ordering::Relaxed);
        fresh.map(|kept| kept.entry.clone())
    }

    /// Keeps an answer for `ttl`, instead of an earlier one.
    pub fn put(&self, key: Key, entry: Entry, ttl: Duration, now_ms: u64) {
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let kept = Kept {
            entry: Arc::new(entry),
            until_ms: now_ms.saturating_add(ttl_ms),
        };
        self.entries.insert(key, kept);
    }

    /// Forgets every answer; the counts of hits and misses go on.
    pub fn clear(&self) {
        self.entries.clear();
    }

    /// What it holds and how it did.
    pub fn stats(&self) -> Stats {
        Stats {
            entries: self.entries.len() as u64,
            bytes: self.entries.weight(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::infer_path::InferPath;

    use super::*;

    fn named(n: usize) -> Key {
        let body = format!("{{\"n\":{n}}}");
        crate::key(body.as_bytes(), "embeddings", "s", "m").unwrap()
    }

    fn entry(bytes: usize) -> Entry {
        Entry::whole(InferPath::Embeddings, vec![b'x'; bytes].into())
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn an_answer_is_given_until_its_time_is_over() {
        let cache = Cache::new(1 << 20);
        cache.put(named(1), entry(10), MINUTE, 1_000);
        assert!(cache.get(&named(1), 60_999).is_some());
        assert!(cache.get(&named(1), 61_000).is_none());
        assert!(cache.get(&named(2), 0).is_none());
        let stats = cache.stats();
        assert_eq!((stats.hits, stats.misses), (1, 2));
        assert_eq!((stats.entries, stats.bytes), (0, 0));
    }

    #[test]
    fn a_newer_answer_replaces_and_clear_forgets() {
        let cache = Cache::new(1 << 20);
        cache.put(named(1), entry(10), MINUTE, 0);
        cache.put(named(1), entry(20), MINUTE, 0);
        assert_eq!(cache.get(&named(1), 1).unwrap().len(), 20);
        assert_eq!(cache.stats().bytes, 20 + ENTRY_OVERHEAD_BYTES);
        cache.clear();
        assert!(cache.get(&named(1), 1).is_none());
        assert_eq!(cache.stats().entries, 0);
    }

    #[test]
    fn it_never_weighs_more_than_its_bound() {
        let bound = 256 * 1024;
        let cache = Cache::new(bound);
        for n in 0..2_000 {
            cache.put(named(n), entry(n % 7 * 1_000), MINUTE, 0);
            assert!(cache.stats().bytes <= bound, "after {n}");
        }
        assert!(cache.stats().entries > 10);
        cache.put(named(9_999), entry(bound as usize), MINUTE, 0);
        assert!(cache.get(&named(9_999), 0).is_none());
    }
}
