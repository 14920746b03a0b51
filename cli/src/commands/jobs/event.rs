//! What a job's stream tells, as a person reads it.
//!
//! Read leniently: a field that is missing is left out, an event that is not known is passed over.

use std::time::Duration;

use serde_json::Value;
use shared::sse;

use crate::output::columns::text;
use crate::output::quantity::left;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::commands) struct JobEvent {
    /// Where to go on behind it.
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(in crate::commands) data: Value,
    pub(in crate::commands) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::commands) enum What {
    Queued,
    Running,
    Progress,
    /// A part of the answer's text.
    Chunk(String),
    /// The end: a result.
    Done,
    /// The end: none, and why.
    Error(String),
    /// The stream can't go on here; the job can.
    Broken(String),
    Unknown,
}

impl JobEvent {
    pub(in crate::commands) fn read(event: &sse::Event) -> Self {
        let data: Value =
            serde_json::from_str(&event.data).unwrap_or_else(|_| Value::String(event.data.clone()));
        let what = match event.event.as_str() {
            "queued" => What::Queued,
            "running" => What::Running,
            "progress" => What::Progress,
            "chunk" => What::Chunk(chunk(&data)),
            "done" => What::Done,
            // A job's error is a text; an object is the server's own error about the stream.
            "error" => match data.get("error") {
                Some(error @ Value::Object(_)) => {
                    What::Broken(error.get("message").map(text).unwrap_or_default())
                }
                error => What::Error(text(error.unwrap_or(&data))),
            },
            _ => What::Unknown,
        };
        Self {
            id: event.id.clone(),
            name: event.event.clone(),
            data,
            what,
        }
    }

    /// Whether nothing follows.
    pub(super) const fn is_end(&self) -> bool {
        matches!(self.what, What::Done | What::Error(_))
    }

    /// Its place in the job's events, where ids are numbers.
    pub(super) fn number(&self) -> Option<u64> {
        self.id.as_deref()?.parse().ok()
    }

    /// In a few words; `None` where it is text of the answer, or nothing that we know.
    pub(in crate::commands) fn words(&self) -> Option<String> {
        match &self.what {
            What::Queued => Some(queued(&self.data)),
            What::Running => Some(match self.data.get("worker").map(text) {
                Some(worker) if !worker.is_empty() => format!("running on {worker}"),
                _ => "running".into(),
            }),
            What::Progress => Some(progress(&self.data)),
            What::Done => Some("done".into()),
            What::Error(why) => Some(format!("failed: {why}")),
            What::Chunk(_) | What::Broken(_) | What::Unknown => None,
        }
    }

    /// When it happened, where the server says so.
    pub(super) fn at(&self) -> Option<&str> {
        self.data.get("at")?.as_str()
    }
}

/// The text of a result, where it has one: an answer of a model. Else its JSON.
pub(in crate::commands) fn answer(result: &Value) -> String {
    match result.get("response") {
        Some(Value::String(response)) => response.clone(),
        _ => match result {
            Value::String(text) => text.clone(),
            other => format!("{other:#}"),
        },
    }
}

/// Text as its worker wrote it; where that is an object, the text in a provider's own chunk, or
/// JSON.
fn chunk(data: &Value) -> String {
    let piece = data.get("data").unwrap_or(data);
    if piece.get("choices").is_none() {
        return text(piece);
    }
    let content = piece.pointer("/choices/0/delta/content");
    content.map(text).unwrap_or_default()
}

fn queued(data: &Value) -> String {
    let mut parts = Vec::new();
    let number = |field: &str| data.get(field).and_then(Value::as_u64);
    if let Some(position) = number("position") {
        parts.push(match position {
            0 => "next".into(),
            n => format!("{n} before it"),
        });
    }
    if let Some(eta) = number("eta_s") {
        parts.push(format!("about {}", left(Duration::from_secs(eta))));
    }
    let reason = data.get("reason").map(text);
    parts.extend(reason.filter(|reason| !reason.is_empty()));
    if parts.is_empty() {
        "queued".into()
    } else {
        format!("queued: {}", parts.join(", "))
    }
}

fn progress(data: &Value) -> String {
    let count = |field: &str| data.get(field).map(text).filter(|text| !text.is_empty());
    let done = count("done").unwrap_or_else(|| "0".into());
    let far = match count("total") {
        Some(total) => format!("{done} of {total}"),
        None => done,
    };
    match count("message") {
        Some(message) => format!("{far}: {message}"),
        None => far,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> JobEvent {
        JobEvent::read(&sse::Event {
            event: name.into(),
            data: data.into(),
            id: Some("7".into()),
        })
    }

    #[test]
    fn events_are_told_in_words_and_what_is_missing_is_left_out() {
        let words = |name, data| event(name, data).words().unwrap_or_default();
        assert_eq!(words("queued", "{}"), "queued");
        assert_eq!(
            words(
                "queued",
                r#"{"position":3,"eta_s":90,"reason":"`laptop` is away"}"#
            ),
            "queued: 3 before it, about 1m30s, `laptop` is away"
        );
        assert_eq!(
            words("queued", r#"{"position":0,"eta_s":null}"#),
            "queued: next"
        );
        assert_eq!(words("running", r#"{"worker":"w"}"#), "running on w");
        assert_eq!(words("running", "{}"), "running");
        assert_eq!(
            words("progress", r#"{"done":2,"total":9,"message":"x"}"#),
            "2 of 9: x"
        );
        assert_eq!(words("progress", r#"{"done":2}"#), "2");
        assert_eq!(words("error", r#"{"error":"e"}"#), "failed: e");
        assert_eq!(words("later", "{}"), "");
        assert_eq!(event("queued", "{}").number(), Some(7));
    }

    #[test]
    fn an_error_of_the_stream_is_not_the_jobs_end() {
        let broken = event(
            "error",
            r#"{"error":{"message":"stopping","code":"shutting_down"}}"#,
        );
        assert_eq!(broken.what, What::Broken("stopping".into()));
        assert!(!broken.is_end() && event("error", r#"{"error":"e"}"#).is_end());
    }

    #[test]
    fn a_chunk_is_text_or_a_providers_own() {
        let piece = |data| match event("chunk", data).what {
            What::Chunk(piece) => piece,
            other => panic!("{other:?}"),
        };
        assert_eq!(piece(r#"{"data":"hel"}"#), "hel");
        // An answer may be JSON itself.
        assert_eq!(piece(r#"{"data":"{\"text\":1}"}"#), r#"{"text":1}"#);
        let chat = r#"{"data":{"choices":[{"delta":{"content":"lo"}}]}}"#;
        assert_eq!(piece(chat), "lo");
        assert_eq!(piece(r#"{"data":{"choices":[{"delta":{}}]}}"#), "");
        assert_eq!(piece(r#"{"data":{"frame":1}}"#), r#"{"frame":1}"#);
    }
}
