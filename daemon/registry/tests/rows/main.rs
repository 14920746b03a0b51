//! Rows in memory and in the store: what is written, seen, told and saved.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod changes;
mod deleting;
mod memory;
mod phases;
