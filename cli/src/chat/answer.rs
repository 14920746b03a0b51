//! Reads a chat completion: pieces of text as they come, and how it ended.
//!
//! ```text
//!   chunk (text)      -> Text / Thinking
//!   chunk (finish)    -> finished
//!   [DONE]            -> done
//!   event: error      -> failed
//!   end of the stream -> complete where finished or done, else cut
//! ```
//!
//! Pure: bytes and sockets are [`ask`](super::ask)'s.

use serde_json::Value;
use shared::error_body::{ErrorBody, ErrorDetail};
use shared::sse::Event;

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Thinking(String),
}

/// The tokens as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) output: u64,
    /// What it cost, where the provider says so.
    pub(super) cost_usd: Option<f64>,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The model said that it is done, with its reason where it gave one.
    Complete(Option<String>),
    /// The stream ended before that.
    Cut,
    /// The server said what went wrong.
    Failed(Box<ErrorDetail>),
}

/// An answer while it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub(super) usage: Option<Usage>,
    finish: Option<String>,
    done: bool,
    failed: Option<Box<ErrorDetail>>,
    /// Chunks that could not be read. One does not spoil the others.
    pub(super) unreadable: usize,
}

impl Reading {
    /// Takes the next event; what it brings to show is appended to `pieces`.
    pub(super) fn take(&mut self, event: &Event, pieces: &mut Vec<Piece>) {
        let data = event.data.trim();
        if data == "[DONE]" {
            self.done = true;
            return;
        }
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            if event.event == "error" {
                self.fail(data);
            } else {
                self.unreadable += 1;
            }
            return;
        };
        if event.event == "error" || chunk.get("error").is_some_and(|error| !error.is_null()) {
            self.fail(data);
            return;
        }
        self.read_chunk(&chunk, pieces);
    }

    /// Takes a whole answer that did not come as a stream.
    pub(super) fn take_whole(&mut self, answer: &Value, pieces: &mut Vec<Piece>) {
        self.read_chunk(answer, pieces);
        self.done = answer.pointer("/choices/0/message").is_some();
    }

    /// Nothing that follows can matter.
    pub(super) fn is_over(&self) -> bool {
        self.done || self.failed.is_some()
    }

    /// How it ended, now that nothing more comes.
    pub(super) fn end(self) -> End {
        match self.failed {
            Some(detail) => End::Failed(detail),
            None if self.done || self.finish.is_some() => End::Complete(self.finish),
            None => End::Cut,
        }
    }

    fn read_chunk(&mut self, chunk: &Value, pieces: &mut Vec<Piece>) {
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            let count = |field| usage.get(field).and_then(Value::as_u64).unwrap_or(0);
            self.usage = Some(Usage {
                input: count("prompt_tokens"),
                output: count("completion_tokens"),
                cost_usd: usage.get("cost").and_then(Value::as_f64),
            });
        }
        let Some(choice) = chunk.pointer("/choices/0") else {
            return;
        };
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
            let text = |field| delta.get(field).and_then(Value::as_str);
            let filled = |text: &&str| !text.is_empty();
            let thinking = text("reasoning_content").or_else(|| text("reasoning"));
            let thinking = thinking.filter(filled);
            pieces.extend(thinking.map(|text| Piece::Thinking(text.into())));
            let content = text("content").or_else(|| text("refusal")).filter(filled);
            pieces.extend(content.map(|text| Piece::Text(text.into())));
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(reason.into());
        }
    }

    /// Keeps the first failure: what follows it is its consequence.
    fn fail(&mut self, data: &str) {
        if self.failed.is_some() {
            return;
        }
        let detail = match serde_json::from_str::<ErrorBody>(data) {
            Ok(body) => body.error,
            Err(_) => ErrorDetail {
                message: format!("the provider broke off: {data}"),
                ..ErrorDetail::default()
            },
        };
        self.failed = Some(Box::new(detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(events: &[(&str, &str)]) -> (String, Reading) {
        let (mut reading, mut pieces) = (Reading::default(), Vec::new());
        for (event, data) in events {
            let event = Event {
                event: (*event).into(),
                data: (*data).into(),
                id: None,
            };
            reading.take(&event, &mut pieces);
        }
        let each = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Thinking(text) => format!("<{text}>"),
        });
        (each.collect(), reading)
    }

    const HELLO: (&str, &str) = ("", r#"{"choices":[{"delta":{"content":"hello"}}]}"#);
    const STOP: (&str, &str) = ("", r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#);

    #[test]
    fn a_stream_is_complete_with_done_or_with_a_finish_reason_only() {
        assert_eq!(read(&[HELLO]).1.end(), End::Cut);
        assert_eq!(read(&[]).1.end(), End::Cut);
        assert_eq!(read(&[HELLO, ("", "[DONE]")]).1.end(), End::Complete(None));
        assert_eq!(
            read(&[HELLO, STOP]).1.end(),
            End::Complete(Some("stop".into()))
        );
    }

    #[test]
    fn an_error_in_either_form_fails_the_answer_and_what_came_before_stays() {
        for error in [
            (
                "error",
                r#"{"error":{"message":"gone","code":"provider_disconnected"}}"#,
            ),
            ("", r#"{"error":{"message":"gone"}}"#),
            ("error", "gone"),
            ("error", r#"{"error":"gone"}"#),
        ] {
            let (text, reading) = read(&[HELLO, error, STOP, ("", "[DONE]")]);
            assert_eq!(text, "hello");
            match reading.end() {
                End::Failed(detail) => assert!(detail.message.contains("gone")),
                other => panic!("{error:?} ended as {other:?}"),
            }
        }
    }

    #[test]
    fn a_chunk_that_cannot_be_read_does_not_spoil_the_others() {
        let (text, reading) = read(&[HELLO, ("", "{broken"), HELLO, STOP]);
        assert_eq!((text.as_str(), reading.unreadable), ("hellohello", 1));
    }

    #[test]
    fn thinking_is_told_apart_and_usage_is_read() {
        let (text, reading) = read(&[
            ("", r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#),
            (
                "",
                r#"{"choices":[{"delta":{"reasoning":"so","content":""}}]}"#,
            ),
            HELLO,
            (
                "",
                r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":7,"cost":0.5}}"#,
            ),
        ]);
        assert_eq!(text, "<hm><so>hello");
        assert_eq!(
            reading.usage,
            Some(Usage {
                input: 3,
                output: 7,
                cost_usd: Some(0.5)
            })
        );
    }

    #[test]
    fn a_whole_answer_needs_a_message() {
        let mut pieces = Vec::new();
        let mut reading = Reading::default();
        let whole = serde_json::json!({"choices": [{"message": {"content": "hi"},
            "finish_reason": "stop"}]});
        reading.take_whole(&whole, &mut pieces);
        assert_eq!(pieces, [Piece::Text("hi".into())]);
        assert_eq!(reading.end(), End::Complete(Some("stop".into())));
        let mut reading = Reading::default();
        reading.take_whole(&serde_json::json!({}), &mut pieces);
        assert_eq!(reading.end(), End::Cut);
    }
}
