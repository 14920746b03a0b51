//! The relay with a real database and a clock that only a test moves.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod binding;
mod failures;
mod messages;
mod offers;
mod publisher;
mod retention;
mod silence;
mod tasks;
mod uploads;
mod waking;
mod world;
