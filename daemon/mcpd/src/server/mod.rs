//! Serving HTTP: one acceptor, a few single-threaded workers.
//!
//! ```text
//! acceptor ──► worker 1: its own runtime, connections and upstream pool
//!          └─► worker 2 ...
//! ```
//! A request and its upstream connection live on one thread: no lock is contended and no other
//! thread is woken. Connections are dealt out in turn.

mod accept;
mod connection;
mod door;
mod heads;
mod linger;
mod socket;
mod stream;
mod unread;
mod worker;

pub use accept::Acceptor;
pub(crate) use connection::TwoLengths;
pub use worker::{Serve, Workers};
