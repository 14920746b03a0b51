//! The one data layer: everything that must outlive the process, in SQLite or PostgreSQL.
//!
//! ```text
//!    registry   relay   gateway   mcpd          domains: decide
//!        └────────┴────┬────┴───────┘
//!    Llms  Sessions  Tokens  Secrets  Audit      one module per aggregate
//!         Aliases  Prices  Usage  Jobs
//!                      │
//!                    Store                       cheap to clone
//!              ┌───────┴────────┐
//!    SQLite (one file)     PostgreSQL            one SQL text for both
//! ```
//!
//! No other crate speaks SQL. Rows become `shared` types at this edge; a row that makes no sense
//! is [`StoreError::Corrupt`]. Time is handed in as a `Timestamp`; ids are UUIDv7 made of that
//! time and of the [`kit::random::Random`] that the store was opened with.
//!
//! SQLite is the default: WAL, one writer, `begin immediate`, `synchronous = full`, so what was
//! answered is on disk. PostgreSQL has a bounded pool and timeouts on every statement. Where the
//! two differ stands in `backend.rs` (transactions), `open.rs` (connections), `error.rs` (codes)
//! `usage/write.rs` (how a JSON array becomes rows) and `jobs/tx.rs` (clocks and locks); every statement elsewhere is one static
//! text with `$1` parameters for both.
//!
//! [`aliases`] and [`prices`] are lists of documents, whose verbs are those of [`documents`].
//! [`usage`] is written in batches and never row by row; its sums stay, its lines are swept.
//!
//! The same suite runs over both: `tests/conformance.rs`.

pub mod aliases;
pub mod audit;
mod backend;
mod bounds;
mod config;
pub mod credential;
pub mod documents;
mod error;
mod ids;
pub mod jobs;
pub mod llms;
pub mod master_key;
mod open;
pub mod prices;
mod seal;
pub mod secrets;
pub mod sessions;
pub mod tokens;
pub mod usage;

pub use config::{Config, DEFAULT_ACQUIRE_TIMEOUT, DEFAULT_MAX_CONNECTIONS, Place};
pub use error::StoreError;
pub use open::Store;
