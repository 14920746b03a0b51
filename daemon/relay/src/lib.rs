//! The server half of the control channel: sessions, epochs, tasks, cancel.
//!
//! ```text
//!  caller ──► Relay::dispatch ──► Session ──frames──► ChannelBody ──SSE──► publisher
//!    ▲                              │ tasks                                   │
//!    └── AnswerBody ◄── Arrived ◄───┴── accept_upload / accept_result ◄───────┘
//! ```
//! Flow control needs no buffer of ours: the body of the publisher's upload *is* the source of the
//! caller's answer. What the caller does not read, the upload's socket does not read, and TCP slows
//! the provider. Other tasks have other connections.
//!
//! What it leaves to others: HTTP and authentication (the routes), which LLM is meant and how long
//! it may take (the gateway), rows (the registry).

mod answer;
mod channel;
mod dispatch;
mod error;
mod failed;
mod relay;
mod result;
mod session;
mod sessions;
mod task;
mod upload;
mod wake;
mod watch;

pub use answer::AnswerBody;
pub use channel::ChannelBody;
pub use dispatch::{Answer, Call};
pub use error::Error;
pub use relay::{Relay, Timing};
pub use upload::UploadHead;
