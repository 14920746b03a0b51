//! Durable jobs: accepted, stored, claimed under a lease, and finished once.
//!
//! ```text
//!   routes ──submit──► jobs ◄──claim── workers        one row per job, narrow and hot
//!                       │    ◄─complete, fail, park── each fenced by the lease's token
//!                       │    ◄──reap── a task         leases that ended, deadlines, run_at
//!        job_payloads ──┼── job_attempts (results) ── job_events (progress, chunks)
//! ```
//!
//! Which status follows upon which is [`shared::job::status::step`]'s to say. No transaction is
//! open while a job runs. `now` is the caller's clock and decides `run_at`, deadlines and what is
//! shown; leases alone go by the database's clock, which all servers of a database share.
//!
//! Batches are the fast way: a commit waits for the disk once, whatever the number of jobs in it.
//! PostgreSQL's transactions here run side by side and lock rows in the order of ids; SQLite has
//! its one writer. [`Jobs::changes`] hints at news; behind it callers poll.

mod claim;
mod done;
mod events;
mod finish;
mod hand;
mod hints;
mod read;
mod reap;
mod row;
mod settle;
mod stored;
mod submit;
mod tx;

use std::time::Duration;

use crate::Store;

pub use claim::{ClaimRequest, Holder, Lanes};
pub use events::{Appended, MAX_EVENT_ROWS, MAX_EVENTS_BYTES};
pub use finish::{Finished, Heard, Lease};
pub use hand::CancelOutcome;
pub(crate) use hints::Hints;
pub use hints::{Changes, Hint};
pub use read::{Filter, MAX_POSITION};
pub use reap::Reaped;
pub use submit::{IdempotencyKey, NewJob};

/// The aggregate's name in errors.
const KIND: &str = "job";
/// Rows that one statement of a sweep changes, so that others wait for no sweep.
const SWEPT_AT_ONCE: i64 = 500;

/// How long to wait before attempt `n + 1`, given `n`, the attempts so far.
pub type BackoffOf<'a> = &'a (dyn Fn(u32) -> Duration + Sync);

/// The jobs of a store.
#[derive(Clone, Copy, Debug)]
pub struct Jobs<'a> {
    store: &'a Store,
}

impl<'a> Jobs<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }
}
