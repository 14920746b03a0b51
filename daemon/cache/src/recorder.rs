//! Keeps an answer as it passes, to become an entry when it has ended well.

use meter::Form;
use serde::de::IgnoredAny;
use shared::{infer_path::InferPath, sse};

use crate::{assemble, entry::Entry};

/// Records one answer.
///
/// Feed it the provider's bytes before a meter takes the usage out, so that the usage is kept:
/// what is replayed leaves it out where it was not asked for.
#[derive(Debug)]
pub struct Recorder {
    path: InferPath,
    form: Form,
    max_bytes: usize,
    /// `None` once it was too large.
    body: Option<Vec<u8>>,
}

impl Recorder {
    /// A recorder of an answer with status 200. One larger than `max_bytes`, as it comes, is not
    /// kept.
    pub fn new(path: InferPath, form: Form, max_bytes: usize) -> Self {
        Self {
            path,
            form,
            max_bytes,
            body: Some(Vec::new()),
        }
    }

    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        match &mut self.body {
            Some(body) if body.len() + piece.len() <= self.max_bytes => {
                body.extend_from_slice(piece);
            }
            _ => self.body = None,
        }
    }

    /// What may be given again; `None` where there is nothing to keep: the answer broke off
    /// (`complete` is false), had an error in it or what nobody can read, was too large, or has
    /// something in it that can't be put together without loss.
    pub fn finish(self, complete: bool) -> Option<Entry> {
        let body = self.body.filter(|_| complete)?;
        match (self.form, self.path) {
            (Form::Whole, path) => {
                let answer: serde_json::Value = serde_json::from_slice(&body).ok()?;
                let is_good = answer.is_object() && answer.get("error").is_none_or(|e| e.is_null());
                is_good.then(|| Entry::whole(path, body.into()))
            }
            (Form::EventStream, InferPath::ChatCompletions) => {
                let whole = assemble::chat(&events(&body)?)?;
                Some(Entry::whole(self.path, whole.to_string().into()))
            }
            (Form::EventStream, InferPath::Completions) => {
                let whole = assemble::completion(&events(&body)?)?;
                Some(Entry::whole(self.path, whole.to_string().into()))
            }
            (Form::EventStream, InferPath::Responses | InferPath::Messages) => {
                let events = events(&body)?;
                let is_readable =
                    |event: &sse::Event| serde_json::from_str::<IgnoredAny>(&event.data).is_ok();
                let is_good = ends_well(events.last()?) && events.iter().all(is_readable);
                is_good.then(|| Entry::stream(self.path, body.into()))
            }
            (Form::EventStream, InferPath::Embeddings | InferPath::Rerank) => None,
        }
    }
}

/// Whether the last event says that the answer is whole.
fn ends_well(last: &sse::Event) -> bool {
    let last: serde_json::Value = serde_json::from_str(&last.data).unwrap_or_default();
    matches!(
        last["type"].as_str(),
        Some("response.completed" | "message_stop")
    )
}

/// The events of a stream, the end mark aside; `None` where one is an error.
fn events(body: &[u8]) -> Option<Vec<sse::Event>> {
    let mut events = Vec::new();
    let mut decoder = sse::Decoder::new(body.len() + 2);
    decoder.feed(body, &mut events).ok()?;
    // Some servers forget the last empty line.
    decoder.feed(b"\n\n", &mut events).ok()?;
    events.retain(|event| event.data.trim() != "[DONE]");
    let is_error = |event: &sse::Event| event.event == "error";
    (!events.iter().any(is_error)).then_some(events)
}
