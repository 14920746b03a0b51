//! Whatever comes over a wire, out of a file or from a keyboard: what is read of it, and that it reads back.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod chat_bodies;
mod documents;
mod frames;
mod names;
