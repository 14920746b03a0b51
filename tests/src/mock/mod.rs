//! A mock model provider with an OpenAI face, cheap enough to bench against and rude enough to test against.
//!
//! It serves `POST /v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `GET /v1/models`, `GET /mock/stats`
//! and `GET /mock/requests`, over HTTP/1.1 with keep-alive. Each request says how it wants to be treated, in a vendor
//! field of its body, or where it can't have one in its prompt (`[[mock {…}]]`, see `cue`):
//!
//! ```json
//! {"model": "mock", "stream": true, "messages": [], "mock": {"tokens": 64, "interval_ms": 20, "stamp": true}}
//! ```
//!
//! The fields are those of [`Behaviour`]. Token `n` has the text `"t{n} "`, so a reader can tell a lost token from a
//! repeated one. A client that hangs up is noticed at once, also before the first token and in calls that do not
//! stream, and is counted in [`StatsSnapshot::aborted`].
//!
//! [`Mock::play`] puts answers into its mouth, byte for byte.
//!
//! System tests call [`Mock::start`]; the bench and the program `mock-provider` run [`serve()`] in a process of its
//! own.

mod answer;
mod behaviour;
mod connection;
mod cue;
mod recorder;
mod script;
mod serve;
mod speech;
mod stats;
mod stream;
#[cfg(test)]
mod tests;

pub use answer::PAGE;
pub use behaviour::{Behaviour, Garbage, ToolCall, UsageChunk};
pub use recorder::RecordedRequest;
pub use script::Scripted;
pub use serve::{Mock, Settings, serve};
pub use stats::{Abort, StatsSnapshot};
pub use stream::SPLIT_TEXT;
pub(crate) use stream::noise;
