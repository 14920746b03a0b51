//! The contract: what `mcpctl`, `mcplocal` and `mcpd` must agree on.
//!
//! Types, codecs and legal state changes; serde and nothing heavier. No runtime, no SQL, no HTTP
//! client lives here. Whoever changes a field here changes the wire: both sides of a rolling
//! upgrade must understand the old and the new form, so fields are added, never renamed.

pub mod access_token;
pub mod alias;
pub mod channel;
pub mod chat_body;
pub mod document;
pub mod error_body;
pub mod headers;
pub mod infer_path;
pub mod job;
pub mod keepalive;
pub mod lifecycle;
pub mod llm;
pub mod load;
pub mod local_control;
pub mod name;
pub mod nesting;
#[cfg(feature = "openapi")]
mod openapi;
pub mod price;
pub mod role;
pub mod route;
pub mod secret;
pub mod span;
pub mod sse;
pub mod timestamp;
pub mod token;
pub mod usage;

/// The API version written into every envelope.
pub const API_VERSION: &str = "mcpctl/v1";
