//! Anthropic's Messages API in front of any LLM that speaks OpenAI's chat.
//!
//! Pure translation: bytes in, bytes out; no IO, no clock, no randomness. The gateway's route for
//! `POST /v1/messages` calls it on both sides of an ordinary chat completion:
//!
//! ```text
//! caller (Anthropic)                                LLM (OpenAI chat)
//!   request  ──── request::to_chat ───────────────▶  chat/completions
//!   Message  ◀─── answer::from_chat ──────────────   chat.completion
//!   events   ◀─── stream::Events ─────────────────   chunks, comments, [DONE]
//!   error    ◀─── error::body, error::from_openai    error answers, ours and theirs
//! ```
//!
//! What OpenAI's chat has no place for is named in [`request::ChatRequest::dropped`]; content that
//! an answer would be wrong without is refused instead.
//!
//! Thoughts go both ways in `reasoning_content`; the proofs under them, which Anthropic's models
//! want back, in `reasoning_details` (see `thoughts`).

pub mod answer;
pub mod error;
mod id;
pub mod models;
mod pieces;
pub mod request;
mod stop;
pub mod stream;
mod thoughts;
mod usage;

/// Why an answer of an LLM can't be put in Anthropic's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON; where it breaks.
    #[error("the LLM's answer is not JSON ({0}): see whether its URL is that of an OpenAI API")]
    NotJson(String),
    /// JSON, but no chat completion; what is missing.
    #[error("the LLM's answer is no chat completion: {0}")]
    NotChat(&'static str),
    /// The answer of a status below 400 is an error; what it says.
    #[error("the LLM answered with an error: {0}")]
    IsError(String),
    /// One event of the stream is too large, see [`stream::MAX_EVENT_BYTES`].
    #[error("the LLM's stream can't be read: {0}")]
    Stream(#[from] shared::sse::SseError),
    /// Too much of tool calls that come side by side, see [`stream::MAX_HELD_BYTES`].
    #[error(
        "the LLM writes several tool calls at once and they pass {limit} bytes: \
         send `disable_parallel_tool_use`"
    )]
    TooMuchHeld {
        /// The limit, in bytes.
        limit: usize,
    },
}
