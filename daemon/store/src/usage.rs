//! What was used, by whom, and what it cost: sums per hour, kept for good, and the last single
//! requests. The gateway's accounts write both in batches; routes read them.
//!
//! ```text
//!   accounts ──write──> usage_hours     one row per (hour, LLM, access token): exact sums
//!               once    usage_requests  one row per request, swept by age and number
//! ```
//!
//! Money is counted in whole nano-dollars and leaves as US dollars only where it is shown.

mod requests;
mod sums;
mod write;

use shared::timestamp::Timestamp;
use shared::usage::{Outcome, Tokens};

use crate::Store;

pub use requests::RequestFilter;
pub use sums::{GroupBy, MAX_GROUPS, Query};

/// Sums, and lines, that one batch may hold.
pub const MAX_BATCH: usize = 10_000;
/// The longest text of a sum or a line, in bytes; a longer one is cut.
pub const MAX_TEXT_BYTES: usize = 256;
/// The largest number that one batch adds to one sum; what is more is not counted. Far beyond
/// what half a second can hold, and small enough that a provider which tells nonsense can't make
/// an hour's sum overflow, whereupon no batch could be written any more.
pub const MAX_ADDED: u64 = 1_000_000_000_000_000;
const _: () = {
    let batches_per_hour = 2 * 3600;
    assert!(batches_per_hour * MAX_ADDED < i64::MAX as u64);
};
/// The aggregate's name in errors, for sums.
const KIND: &str = "usage of";

const NANO_PER_USD: f64 = 1_000_000_000.0;
const MS_PER_HOUR: i64 = 3_600_000;
const MS_PER_DAY: i64 = 24 * MS_PER_HOUR;

/// What is added to the sums of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HourSum {
    /// When: any moment of the hour.
    pub hour: Timestamp,
    /// The LLM; empty where none was found.
    pub llm: String,
    /// Its provider's dialect; empty as the LLM.
    pub provider: String,
    /// On whose behalf.
    pub principal: String,
    /// The access token's public id; empty where there was none.
    pub token_id: String,
    /// The name that belongs to `token_id`.
    pub token: String,
    /// How many requests.
    pub requests: u64,
    /// Those that ended with an error.
    pub errors: u64,
    /// Those that their callers broke off.
    pub cancelled: u64,
    /// Those answered from a cache.
    pub cache_hits: u64,
    /// Those whose tokens were counted here.
    pub estimated: u64,
    /// What they used.
    pub tokens: Tokens,
    /// What they cost, in nano-dollars; below 0 counts as 0.
    pub cost_nano_usd: i64,
}

/// One request, to be listed. Its fields mean what [`shared::usage::RequestRecord`] says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestLine {
    /// Its `x-request-id`.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// What was asked for as `model`.
    pub model: String,
    /// The LLM that served it, or was tried last; empty where none was.
    pub llm: String,
    /// That LLM's dialect.
    pub provider: String,
    /// On whose behalf.
    pub principal: String,
    /// The access token's name.
    pub token: String,
    /// The endpoint, such as `chat/completions`.
    pub path: String,
    /// The status that the caller got.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// How many times an LLM was called for it.
    pub attempts: u32,
    /// Answered from a cache.
    pub cache_hit: bool,
    /// The tokens were counted here.
    pub estimated: bool,
    /// Time to the first byte of the answer, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// Time to the end of the answer, in milliseconds.
    pub duration_ms: u64,
    /// What it used.
    pub tokens: Tokens,
    /// What it cost, in nano-dollars; below 0 counts as 0.
    pub cost_nano_usd: i64,
}

/// The usage of a store.
#[derive(Clone, Copy, Debug)]
pub struct Usage<'a> {
    store: &'a Store,
}

impl<'a> Usage<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }
}

/// The start of the hour that `at` lies in.
fn start_of_hour(at: i64) -> i64 {
    at.saturating_sub(at.rem_euclid(MS_PER_HOUR))
}
