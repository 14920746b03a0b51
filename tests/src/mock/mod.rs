//! A mock model provider with an OpenAI face, cheap enough to bench against and rude enough to test against.
//!
//! It serves `POST /v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `GET /v1/models` and
//! `GET /mock/stats`, over HTTP/1.1 with keep-alive. Each request says how it wants to be treated, in a vendor field
//! of its body:
//!
//! ```json
//! {"model": "mock", "stream": true, "messages": [], "mock": {"tokens": 64, "interval_ms": 20, "stamp": true}}
//! ```
//!
//! The fields are those of [`Behaviour`]. Token `n` has the text `"t{n} "`, so a reader can tell a lost token from a
//! repeated one. A client that hangs up is noticed at once, also before the first token and in calls that do not
//! stream, and is counted in [`StatsSnapshot::aborted`].
//!
//! System tests call [`Mock::start`]; the bench runs [`serve()`] in a process of its own.

mod answer;
mod behaviour;
mod connection;
mod recorder;
mod serve;
mod stats;
mod stream;
#[cfg(test)]
mod tests;

pub use behaviour::{Behaviour, Garbage, UsageChunk};
pub use recorder::RecordedRequest;
pub use serve::{Mock, Settings, serve};
pub use stats::{Abort, StatsSnapshot};
