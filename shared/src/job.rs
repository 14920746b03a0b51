//! Durable jobs: what callers submit, what workers claim and finish, what everybody sees.
//!
//! JSON is snake_case here, since these bodies are `/v1`'s. What the caller or the worker wrote
//! (payload, result, metrics) is kept byte for byte as [`Json`] and never printed by `Debug`.
//! Which state follows upon which stands in [`status`]; stores, routes and workers ask it.

mod event;
mod ids;
mod json;
pub mod status;
mod submit;
mod view;
mod work;

pub use event::{Event, NumberedEvent, Progress};
pub use ids::{BadId, JobId, LeaseToken, WorkerId};
pub use json::Json;
pub use status::Status;
pub use submit::{BadJob, Submit, Submitted, SubmittedMany, check_submits, parse_submit};
pub use view::{
    Attempt, Counts, Job, JobList, Looked, Lookup, Outcome, Standing, Summary, Waiting,
};
pub use work::{
    Batch, Bounded, Claim, Claimed, ClaimedList, Complete, EntryAnswer, Fail, Heartbeat,
    HeartbeatAnswer, Platform, Register, Registered, check_batch, parse_batch,
};

/// Jobs, or entries of a `complete` or `fail`, in one call.
pub const MAX_BATCH: usize = 1000;
/// The largest payload of a job, in bytes: a conversation with a few images.
pub const MAX_PAYLOAD_BYTES: usize = 4 * 1024 * 1024;
/// The payloads of one batch together, in bytes.
pub const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;
/// The largest result of a job, in bytes.
pub const MAX_RESULT_BYTES: usize = 4 * 1024 * 1024;
/// The largest `metrics` of an attempt, in bytes.
pub const MAX_METRICS_BYTES: usize = 16 * 1024;
/// The longest error of an attempt, in bytes; a longer one is cut.
pub const MAX_ERROR_BYTES: usize = 4 * 1024;
/// The longest kind, in characters.
pub const MAX_KIND_CHARS: usize = 64;
/// Kinds that one worker claims.
pub const MAX_KINDS: usize = 64;
/// The longest source, unique key, idempotency key or worker's field, in bytes.
pub const MAX_KEY_BYTES: usize = 256;
/// Labels of one job.
pub const MAX_LABELS: usize = 32;
/// The longest key or value of a label, in bytes.
pub const MAX_LABEL_BYTES: usize = 128;
/// The most attempts of a job.
pub const MAX_ATTEMPTS: u32 = 100;
/// Priorities go from minus this to plus this; a higher one comes first.
pub const MAX_PRIORITY: i32 = 1_000_000;
/// The longest lease that is given at once, in seconds.
pub const MAX_LEASE_SECONDS: u64 = 24 * 3600;
/// The longest that a claim waits for a job, in seconds.
pub const MAX_WAIT_SECONDS: u64 = 60;
/// The largest event (a chunk, a progress message), in bytes.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;
