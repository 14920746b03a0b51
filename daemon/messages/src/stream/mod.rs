//! The stream of a chat completion as Anthropic's events.
//!
//! ```text
//! chunks                         events
//! the first                      message_start
//! deltas                         content_block_start, content_block_delta.., content_block_stop
//! `: keepalive`                  ping
//! finish_reason, usage           (kept for the end)
//! [DONE]                         message_delta (stop_reason, usage), message_stop
//! an error                       error, and nothing after it
//! ```
//!
//! `message_start` can't know the prompt's tokens, which OpenAI tells last: it says 0 unless the
//! first chunk has them, and `message_delta` has the right numbers, in the place that Anthropic's
//! clients read.

mod blocks;
mod comments;

use serde_json::{Value, json};
use shared::sse::{self, Decoder, Event};

use crate::stop::Stop;
use crate::usage::Usage;
use crate::{Unreadable, error, id, pieces};
use blocks::Blocks;
use comments::Comments;

/// The largest event of an LLM's stream, in bytes: a whole tool call may come as one.
pub const MAX_EVENT_BYTES: usize = 8 << 20;

/// The most that is held of tool calls that come side by side, in bytes.
pub const MAX_HELD_BYTES: usize = 8 << 20;

/// So many events that are not JSON may stand among good ones.
pub const MAX_UNREADABLE_EVENTS: usize = 8;

/// How a stream says that it is complete.
const DONE: &str = "[DONE]";

/// The stream ended before its `[DONE]`: what was written so far is not the whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the LLM's stream ended before `[DONE]`: the answer is not complete; send it again")]
pub struct CutShort;

/// Turns the bytes of one stream into events.
///
/// Shape: whole events only are appended, in order; cutting the input elsewhere changes nothing.
/// Units: holds at most [`MAX_EVENT_BYTES`] and [`MAX_HELD_BYTES`].
#[derive(Debug)]
pub struct Events {
    model: String,
    decoder: Decoder,
    comments: Comments,
    phase: Phase,
    blocks: Blocks,
    usage: Usage,
    stop: Stop,
    unreadable: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No chunk yet.
    Waiting,
    /// `message_start` is written.
    Open,
    /// `message_stop` or an error is written.
    Over,
    /// The stream can't be read on.
    Broken,
}

impl Events {
    /// For an answer that says that it is of `model`.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.into(),
            decoder: Decoder::new(MAX_EVENT_BYTES),
            comments: Comments::default(),
            phase: Phase::Waiting,
            blocks: Blocks::default(),
            usage: Usage::default(),
            stop: Stop::default(),
            unreadable: 0,
        }
    }

    /// Takes the next bytes and appends the events that they complete to `out`.
    ///
    /// What comes after the end is passed over.
    /// Errors: [`Unreadable`]; the stream is then spent, and the caller may tell so with
    /// [`Events::fail`].
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let fed = self.try_feed(bytes, out);
        if fed.is_err() {
            self.phase = Phase::Broken;
        }
        fed
    }

    /// The input has ended.
    ///
    /// A last `[DONE]` counts without its blank line, which some servers leave out.
    /// Errors: [`CutShort`] where the end came neither after `[DONE]` nor after an error; the
    /// caller may tell so with [`Events::fail`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), CutShort> {
        if matches!(self.phase, Phase::Waiting | Phase::Open) {
            let mut events = Vec::new();
            let read = self.decoder.feed(b"\n\n", &mut events);
            if read.is_ok() && matches!(&*events, [last] if last.data.trim() == DONE) {
                self.done(out);
            }
        }
        match self.phase {
            Phase::Over => Ok(()),
            Phase::Waiting | Phase::Open | Phase::Broken => Err(CutShort),
        }
    }

    /// Ends the stream with the error `body`, as [`error::body`] makes it; nothing where the
    /// stream has ended.
    pub fn fail(&mut self, body: &str, out: &mut Vec<u8>) {
        if self.phase != Phase::Over {
            error::event(body, out);
            self.phase = Phase::Over;
        }
    }

    /// The answer is complete, or an error ended it: nothing more will be written.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    fn try_feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut rest = bytes;
        let mut events = Vec::new();
        while !rest.is_empty() && self.phase != Phase::Over {
            let (piece, after, comment) = self.comments.split(rest);
            rest = after;
            self.decoder.feed(piece, &mut events)?;
            for event in events.drain(..) {
                self.event(&event, out)?;
            }
            if comment && self.phase != Phase::Over {
                sse::encode("ping", r#"{"type":"ping"}"#, out);
            }
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if self.phase == Phase::Over {
            return Ok(());
        }
        let data = event.data.trim();
        if data == DONE {
            self.done(out);
            return Ok(());
        }
        if data.is_empty() && event.event != "error" {
            return Ok(());
        }
        match serde_json::from_str::<Value>(data) {
            Ok(chunk) if event.event == "error" || has_error(&chunk) => {
                self.fail(&error::in_stream(&chunk), out);
                Ok(())
            }
            Ok(chunk) => self.chunk(&chunk, data, out),
            // Some servers tell of their failure in plain text.
            Err(_) if event.event == "error" => {
                self.fail(&error::in_stream(&Value::from(data)), out);
                Ok(())
            }
            Err(wrong) => self.pass_over(&wrong),
        }
    }

    /// One broken event must not cost the caller an answer that is otherwise fine; but a hole in
    /// the arguments of a tool call would be carried out.
    fn pass_over(&mut self, wrong: &serde_json::Error) -> Result<(), Unreadable> {
        self.unreadable += 1;
        if self.unreadable > MAX_UNREADABLE_EVENTS || self.blocks.has_calls() {
            return Err(Unreadable::NotJson(wrong.to_string()));
        }
        Ok(())
    }

    fn chunk(&mut self, chunk: &Value, data: &str, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if let Some(usage) = Usage::of(chunk) {
            self.usage = usage;
        }
        self.start(chunk.get("id").and_then(Value::as_str), data, out);
        let choices = chunk.get("choices").and_then(Value::as_array);
        // Anthropic knows one answer only.
        let first = |choice: &&Value| matches!(choice["index"].as_u64(), None | Some(0));
        for choice in choices.into_iter().flatten().filter(first) {
            self.stop.note(choice);
            let delta = &choice["delta"];
            if pieces::refusal(delta).is_some() {
                self.stop.note_refusal();
            }
            self.blocks.delta(delta, out)?;
        }
        Ok(())
    }

    fn start(&mut self, chat_id: Option<&str>, seed: &str, out: &mut Vec<u8>) {
        if self.phase != Phase::Waiting {
            return;
        }
        self.phase = Phase::Open;
        let id = id::message(chat_id, seed.as_bytes());
        self.blocks.begin(&id);
        let message = json!({
            "id": id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": self.usage.to_anthropic(),
        });
        let event = json!({"type": "message_start", "message": message});
        sse::encode("message_start", &event.to_string(), out);
    }

    fn done(&mut self, out: &mut Vec<u8>) {
        self.start(None, &self.model.clone(), out);
        self.blocks.end(out);
        let (reason, sequence) = self.stop.to_anthropic(self.blocks.has_calls());
        let event = json!({
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": sequence},
            "usage": self.usage.to_anthropic(),
        });
        sse::encode("message_delta", &event.to_string(), out);
        sse::encode("message_stop", r#"{"type":"message_stop"}"#, out);
        self.phase = Phase::Over;
    }
}

fn has_error(chunk: &Value) -> bool {
    chunk.get("error").is_some_and(|wrong| !wrong.is_null())
}
