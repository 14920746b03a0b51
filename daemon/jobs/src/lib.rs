//! Durable jobs: accepted once, stored, run until they end, whatever crashes in between.
//!
//! ```text
//!  edges (HTTP, gRPC) ─► Queue ─ batch ─► store::jobs        submit, claim, finish: committed together
//!                          │        ▲
//!                        bell ◄─────┘ hints                  who waits looks sooner; behind it all poll
//!                          │
//!    watch (a job's events) ─ work (built-in workers) ─► kinds ─► Models     upkeep: time passes
//! ```
//! What it leaves to others: HTTP and credentials (mcpd), models (whoever implements [`Models`]), SQL
//! and the legal changes of a job (store, `shared::job::status`).

mod backoff;
mod batch;
mod bell;
mod claim;
mod error;
mod estimate;
mod kinds;
mod models;
mod queue;
mod roster;
mod upkeep;
mod watch;
mod work;

pub use backoff::Retries;
pub use error::Error;
pub use kinds::{BadPayload, Deferred};
pub use models::{Ask, Begun, Models, Pending, Pieces, Refused, Room, Served, Then};
pub use queue::{Accepted, Parts, Queue, Submitter, Viewer};
pub use roster::KnownWorker;
pub use watch::Watch;
pub use work::Settings;
