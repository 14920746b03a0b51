//! The server in this process: real routes, real database, real sockets, no child process.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod admission;
mod channel;
mod client;
mod failures;
mod fixture;
mod infer;
mod llms;
mod mock_upstream;
mod openapi;
mod patch;
mod revocation;
mod roles;
mod secrets;
mod settings;
mod stopping;
mod tokens;
mod watching;
