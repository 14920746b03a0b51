//! The least HTTP/1.1 that a bench needs: find the end of a head, look up a header, undo a body's framing.
//!
//! Used by the mock provider (requests) and by the load generator (answers). Hand-written so that both ends of a
//! measurement cost next to nothing and cost the same on every path. It trusts its peers to be polite: it is no
//! parser for the open network.

mod body;
mod head;

pub use body::{BadChunk, BodyDecoder, Decoded};
pub use head::{BadHead, Head, MAX_HEAD_BYTES};
