//! The queue over a real database, with models that the test plays.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod claiming;
mod models;
mod rooms;
mod watching;
mod world;
