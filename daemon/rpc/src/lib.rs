//! The gRPC edge of the job queue: package `llmmcp.v1`, service `Core`, with reflection.
//!
//! ```text
//!  accept ─► edge ── may this caller? ─► core ─┬─ submit, look, stream      role `user`
//!              │                               └─ work, finish, report      role `worker`
//!              └─► reflection (open)                     │
//!                                                        ▼
//!                                                   jobs::Queue
//! ```
//! The server that builds it says who calls ([`Callers`]) and where it runs ([`serve()`]). What jobs are
//! and what may happen to them is the queue's business; this crate reads and writes messages, and
//! turns the queue's errors into status codes.

mod accept;
mod callers;
mod core;
mod edge;
mod finish;
mod look;
mod read;
mod refuse;
mod report;
mod serve;
mod stream;
mod submit;
mod work;

pub use callers::{Caller, Callers, Denied};
pub use serve::{Parts, serve};

/// The messages, the service and a client without a transport; made from `core.proto`.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::unwrap_used,
    reason = "generated; what is documented there is documented here"
)]
pub mod proto {
    tonic::include_proto!("llmmcp.v1");

    /// All of it described, as an encoded `FileDescriptorSet`.
    pub const DESCRIPTION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/llmmcp.bin"));
}
