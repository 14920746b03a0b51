//! The whole publisher in process, between a fake server and a fake provider.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fake_mcpd;
mod fake_provider;
mod fixture;
#[path = "../../../../tests/src/cluster/ports.rs"]
#[expect(
    unreachable_pub,
    reason = "the system tests have it from their library"
)]
mod ports;

mod channel;
mod on_the_way;
mod owner;
mod results;
mod sleep;
mod stopping_the_model;
