//! The outbound HTTP/1.1 client of both daemons: towards providers, and towards the server.
//!
//! What it is for: the hot path. A connection is driven by the task that waits for its answer, so
//! a byte from the provider wakes one task and not three, and dropping the answer closes the
//! socket at once: that is how "stop" reaches the model.
//!
//! ```text
//! Client::send ──► pool: an idle connection? ──► exchange: write request, drive until the head
//!                    └─ else connect (+ TLS)          │
//!                                                     ▼
//!                  back to the pool at the end ◄── ResponseBody: drives the connection on
//!                  closed when dropped before
//! ```
//! It follows no redirect, keeps no cookies and knows no timeouts but the one for connecting:
//! how long an answer may take is decided by the caller, who drops what took too long.

mod address;
mod body;
mod client;
mod connect;
mod error;
mod exchange;
mod origin;
mod pool;

pub use address::AddressPolicy;
pub use body::{Body, BoxError};
pub use client::{Client, Config, read_all};
pub use error::Error;
pub use exchange::ResponseBody;
pub use origin::{BadUrl, Origin};
