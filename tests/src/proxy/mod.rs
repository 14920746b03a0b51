//! Proxies that misbehave on command: between a publisher and its server, or a server and its provider.
//!
//! ```text
//! client ──── up ────► Proxy ────► upstream
//!        ◄─── down ───
//! ```
//!
//! [`Proxy`] passes bytes. It runs on a thread of its own; [`Proxy::set`] changes what it does to every connection, old
//! and new, at once, and [`Proxy::set_only`] what it does to one. A dark direction is a network that loses every packet:
//! nothing passes, both sockets stay open, and what was sent meanwhile arrives when it is light again.
//!
//! [`Buffering`] reads HTTP, and gathers a request's body before it passes it on, as web servers in front of others do.

mod buffering;
mod connections;
mod pair;
mod pump;
mod rules;
mod serve;

pub use buffering::{Buffering, Limits};
pub use rules::{IdleCut, Lane, Rules};
pub use serve::Proxy;

#[cfg(test)]
mod buffering_tests;
#[cfg(test)]
mod tests;
