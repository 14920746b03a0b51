//! The bench of the durable queue: ways to run a job that does nothing, measured side by side, in alternation, in one
//! run, on one PostgreSQL that waits for the disk.
//!
//! ```text
//! load generator ── SQL ──────────────────────────► PostgreSQL   raw         the floor: a plain SKIP LOCKED table
//!                ── add_job ──────────────────────► PostgreSQL ◄── node      graphile-worker; only where it is installed
//!                ── HTTP ── mcpd ─────────────────► PostgreSQL   mcpd-pg     ours
//!                ── HTTP ── mcpd ─────────────────► SQLite       mcpd-lite   ours, without a database server
//! ```
//!
//! Absolute numbers belong to the machine and its disk; the ratios to the floor of the same round are what counts. The
//! floor is a loop over `sqlx`, which the store uses too, so a ratio tells what the queue adds and not what a driver
//! does; rows with `pgbench` tell what the driver costs. The bench reports and never fails by time. [`run::run`] is the
//! whole of it; `src/bin/jobs-bench.rs` is its command line.
//!
//! A way is a folder ([`raw`], [`graphile`], [`ours`]) with a file per section: enqueue, work, start. Each writes into
//! the [`book::Book`], from which [`report`] makes Markdown and [`aims`] the verdicts.

pub mod aims;
pub mod book;
pub mod cpu;
pub mod database;
pub mod graphile;
pub mod load;
pub mod machine;
pub mod options;
pub mod ours;
pub mod plan;
pub mod raw;
pub mod report;
pub mod rows;
pub mod run;
