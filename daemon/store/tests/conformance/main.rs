//! One suite for both databases: every test of `on_both!` runs on SQLite and on PostgreSQL.
//!
//! PostgreSQL is a throwaway server; where `initdb` is absent those tests are skipped with a
//! message, unless `MCPCTL_REQUIRE_POSTGRES=1` is set.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "all of this is tests"
)]

#[macro_use]
mod support;

mod audit;
mod documents;
mod durability;
mod jobs;
mod llms;
mod opening;
mod postgres_only;
mod registration;
mod secrets;
mod sessions;
mod tokens;
mod usage;
