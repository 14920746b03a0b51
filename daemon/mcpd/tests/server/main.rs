//! The server in this process: real routes, real database, real sockets, no child process.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod admission;
mod aliases;
mod channel;
mod client;
mod failures;
mod fixture;
mod grpc;
mod half_said;
mod hang_ups;
mod held;
mod infer;
mod jobs;
mod limits;
mod llms;
mod mock_upstream;
mod models;
mod openapi;
mod patch;
#[path = "../../../../tests/src/cluster/ports.rs"]
#[expect(
    unreachable_pub,
    reason = "the system tests have it from their library"
)]
mod ports;
#[path = "../../../gateway/tests/requests/provider.rs"]
#[allow(dead_code, reason = "the gateway's tests use all of it")]
mod provider;
mod raw;
mod revocation;
mod roles;
mod secrets;
mod settings;
mod stopping;
mod tokens;
mod usage;
mod watching;
