//! The gateway over a real relay and real sockets, with publishers that a test plays by hand and a clock that
//! only a test moves.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod accounting;
mod admission;
mod answers;
mod caching;
mod documents;
mod explained;
mod failover;
mod failures;
mod limits;
mod mixture;
mod patience;
mod pools;
mod provider;
mod revoked;
mod waking;
mod world;
