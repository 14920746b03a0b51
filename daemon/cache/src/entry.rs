//! One kept answer.

use bytes::Bytes;
use shared::infer_path::InferPath;

use crate::replay;

/// A kept answer: whole, or as the stream that it came as where we can't put it together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    path: InferPath,
    form: Kept,
    body: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Whole,
    Stream,
}

/// What a replayed answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`
    Json,
    /// `text/event-stream`
    EventStream,
}

impl ContentType {
    /// The value of the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::EventStream => "text/event-stream",
        }
    }
}

impl Entry {
    pub(crate) fn whole(path: InferPath, body: Bytes) -> Self {
        let form = Kept::Whole;
        Self { path, form, body }
    }

    pub(crate) fn stream(path: InferPath, body: Bytes) -> Self {
        let form = Kept::Stream;
        Self { path, form, body }
    }

    /// How many bytes are kept.
    #[expect(clippy::len_without_is_empty, reason = "an answer is never empty")]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// The answer again, in the form that was asked for.
    ///
    /// Shape: a whole answer byte for byte as it was kept; chat completions and completions as
    /// chunks for those who ask for a stream, the usage among them with `include_usage`.
    /// `None` where it can't be given in this form, which is then a miss: a stream of `responses`
    /// or `messages` is for callers of streams only, a whole one for the others.
    pub fn replay(&self, stream: bool, include_usage: bool) -> Option<(ContentType, Bytes)> {
        let as_kept = |kind| Some((kind, self.body.clone()));
        match (self.path, self.form, stream) {
            // These are no streams, whatever the caller says.
            (InferPath::Embeddings | InferPath::Rerank, Kept::Whole, _)
            | (_, Kept::Whole, false) => as_kept(ContentType::Json),
            (_, Kept::Stream, true) => as_kept(ContentType::EventStream),
            (InferPath::ChatCompletions, Kept::Whole, true) => {
                let chunks = replay::chat(&self.body, include_usage)?;
                Some((ContentType::EventStream, chunks.into()))
            }
            (InferPath::Completions, Kept::Whole, true) => {
                let chunks = replay::completion(&self.body, include_usage)?;
                Some((ContentType::EventStream, chunks.into()))
            }
            (InferPath::Responses | InferPath::Messages, Kept::Whole, true)
            | (_, Kept::Stream, false) => None,
        }
    }
}
