//! A TCP proxy that misbehaves on command: between a publisher and its server, or a server and its provider.
//!
//! ```text
//! client ──── up ────► Proxy ────► upstream
//!        ◄─── down ───
//! ```
//!
//! It runs on a thread of its own; [`Proxy::set`] changes what it does to every connection, old and new, at once.
//! A dark direction is a network that loses every packet: nothing passes, both sockets stay open, and what was sent
//! meanwhile arrives when it is light again.

mod pump;
mod rules;
mod serve;

pub use rules::{Lane, Rules};
pub use serve::Proxy;

#[cfg(test)]
mod tests;
