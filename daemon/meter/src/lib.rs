//! Reads what an answer used off its bytes as they pass, and takes out what only we asked for.
//!
//! The gateway calls it for every piece of every answer, so it is the hot path: nothing is parsed
//! but the few events that carry a usage, nothing is copied but what is split between two pieces.
//! It knows neither clock nor socket: bytes in, bytes out.

mod counts;
mod event;
mod frames;
mod members;
mod meter;
mod request;
mod scanner;

pub use meter::{MAX_HELD_BYTES, Meter};
pub use request::{estimate_prompt_tokens, request};
pub use shared::chat_body::Head;

/// Whose shape an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's chat completions and completions.
    Chat,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// Embeddings, rerank: answers that are never streams of text.
    Other,
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As server-sent events.
    EventStream,
    /// As one JSON value.
    Whole,
}

impl From<shared::infer_path::InferPath> for Dialect {
    fn from(path: shared::infer_path::InferPath) -> Self {
        use shared::infer_path::InferPath;
        match path {
            InferPath::ChatCompletions | InferPath::Completions => Self::Chat,
            InferPath::Responses => Self::Responses,
            InferPath::Messages => Self::Messages,
            InferPath::Embeddings | InferPath::Rerank => Self::Other,
        }
    }
}
