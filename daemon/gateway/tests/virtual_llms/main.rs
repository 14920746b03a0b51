//! The gateway over a real relay, with a publisher that a test plays by hand and a clock that
//! only a test moves.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod admission;
mod answers;
mod failures;
mod world;
