//! The blocks of an answer in the making, written as Anthropic's events.
//!
//! ```text
//! text, thoughts  ──▶ the open block, or a new one that closes it
//! a tool call     ──▶ the open block; from here on it stays open to the end, since a server may
//!                     come back to it: what belongs to another block is held
//! the end         ──▶ the open block is closed, held ones are written whole
//! ```
//!
//! So clients see one block at a time, as Anthropic sends them, and a single tool call is
//! streamed as it comes.

use serde_json::{Value, json};
use shared::sse;

use super::MAX_HELD_BYTES;
use crate::thoughts::{self, Thought};
use crate::{Unreadable, id, pieces};

/// What a held block counts for besides its texts, in bytes: so there are about a thousand of them
/// at most, and looking for one stays cheap.
const BLOCK_BYTES: usize = 8 << 10;

/// The kind of a block, with what names it.
#[derive(Debug)]
enum Kind {
    Text,
    /// With the index of the thought, where the server tells one.
    Thinking(Option<u64>),
    /// With all that there is of it.
    Redacted(String),
    Tool(Tool),
}

#[derive(Debug)]
struct Tool {
    /// OpenAI's number of the call, where the server numbers them.
    index: Option<u64>,
    id: String,
    name: String,
}

#[derive(Debug)]
struct Held {
    kind: Kind,
    body: String,
}

/// The blocks of one answer.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    message_id: String,
    /// Anthropic's number of the next block.
    next: usize,
    open: Option<Kind>,
    held: Vec<Held>,
    held_bytes: usize,
    calls: usize,
}

impl Blocks {
    /// The id of the message is known from its first event on.
    pub(super) fn begin(&mut self, message_id: &str) {
        self.message_id = message_id.into();
    }

    /// A tool was called.
    pub(super) fn has_calls(&self) -> bool {
        self.calls > 0
    }

    /// Writes what a delta says: thoughts, then text, then tool calls.
    pub(super) fn delta(&mut self, delta: &Value, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        for thought in thoughts::of(delta) {
            self.think(thought, out)?;
        }
        let text = pieces::text(delta);
        for text in [&*text, pieces::refusal(delta).unwrap_or_default()] {
            if !text.is_empty() {
                self.say(Kind::Text, text, out)?;
            }
        }
        for call in pieces::tool_calls(delta) {
            self.call(call, out)?;
        }
        Ok(())
    }

    /// Closes the open block and writes the held ones.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        self.held_bytes = 0;
        for held in std::mem::take(&mut self.held) {
            self.start(held.kind, out);
            self.write(&held.body, out);
            self.close(out);
        }
    }

    fn say(&mut self, kind: Kind, text: &str, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if self.must_hold() {
            self.charge(text.len())?;
            match self.held.last_mut() {
                Some(last) if last.kind.continues(&kind) => last.body.push_str(text),
                _ => self.hold(kind, text.into())?,
            }
            return Ok(());
        }
        if !self.open.as_ref().is_some_and(|open| open.continues(&kind)) {
            self.start(kind, out);
        }
        self.write(text, out);
        Ok(())
    }

    fn think(&mut self, thought: Thought<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match thought {
            Thought::Open {
                index,
                text,
                signature,
            } => {
                if !text.is_empty() {
                    self.say(Kind::Thinking(index), &text, out)?;
                }
                if !signature.is_empty() {
                    self.sign(index, signature, out);
                }
            }
            Thought::Redacted(data) if self.must_hold() => {
                self.hold(Kind::Redacted(data.into()), String::new())?;
            }
            Thought::Redacted(data) => {
                self.start(Kind::Redacted(data.into()), out);
                self.close(out);
            }
        }
        Ok(())
    }

    /// Signs the thought that is open, or one whose text is kept from us. Behind a tool call
    /// Anthropic has no thoughts, so what another server signs there has no place.
    fn sign(&mut self, index: Option<u64>, signature: &str, out: &mut Vec<u8>) {
        if self.must_hold() {
            return;
        }
        let kind = Kind::Thinking(index);
        if !self.open.as_ref().is_some_and(|open| open.continues(&kind)) {
            self.start(kind, out);
        }
        let delta = json!({"type": "signature_delta", "signature": signature});
        self.write_delta(&delta, out);
    }

    fn call(&mut self, call: &Value, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let piece = Tool {
            index: call["index"].as_u64(),
            id: text(&call["id"]),
            name: text(&call["function"]["name"]),
        };
        let arguments = pieces::arguments(call);
        if let Some(Kind::Tool(tool)) = &self.open
            && tool.is_continued_by(&piece, self.calls == 1)
        {
            self.write(&arguments, out);
            return Ok(());
        }
        let known = self
            .held
            .iter_mut()
            .rev()
            .find_map(|held| match &mut held.kind {
                Kind::Tool(tool) if tool.is_continued_by(&piece, true) => {
                    Some((tool, &mut held.body))
                }
                _ => None,
            });
        if let Some((tool, body)) = known {
            if tool.name.is_empty() {
                tool.name = piece.name;
            }
            body.push_str(&arguments);
            return self.charge(arguments.len());
        }
        self.calls += 1;
        let id = match piece.id.is_empty() {
            true => id::tool_use(&self.message_id, self.calls - 1),
            false => piece.id,
        };
        let tool = Kind::Tool(Tool { id, ..piece });
        // A call whose name is still to come can't be begun.
        if self.must_hold() || matches!(&tool, Kind::Tool(tool) if tool.name.is_empty()) {
            return self.hold(tool, arguments.into_owned());
        }
        self.start(tool, out);
        self.write(&arguments, out);
        Ok(())
    }

    fn must_hold(&self) -> bool {
        matches!(self.open, Some(Kind::Tool(_))) || !self.held.is_empty()
    }

    fn hold(&mut self, kind: Kind, body: String) -> Result<(), Unreadable> {
        let names = match &kind {
            Kind::Tool(tool) => tool.id.len() + tool.name.len(),
            Kind::Redacted(data) => data.len(),
            Kind::Text | Kind::Thinking(_) => 0,
        };
        self.charge(BLOCK_BYTES + names + body.len())?;
        self.held.push(Held { kind, body });
        Ok(())
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Unreadable> {
        self.held_bytes += bytes;
        if self.held_bytes > MAX_HELD_BYTES {
            self.held.clear();
            let limit = MAX_HELD_BYTES;
            return Err(Unreadable::TooMuchHeld { limit });
        }
        Ok(())
    }

    fn start(&mut self, kind: Kind, out: &mut Vec<u8>) {
        self.close(out);
        let block = match &kind {
            Kind::Text => json!({"type": "text", "text": ""}),
            Kind::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Kind::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
            Kind::Tool(Tool { id, name, .. }) => {
                json!({"type": "tool_use", "id": id, "name": name, "input": {}})
            }
        };
        let event = json!({
            "type": "content_block_start", "index": self.next, "content_block": block,
        });
        sse::encode("content_block_start", &event.to_string(), out);
        self.open = Some(kind);
    }

    /// Writes a piece of the open block.
    fn write(&mut self, text: &str, out: &mut Vec<u8>) {
        let delta = match &self.open {
            _ if text.is_empty() => return,
            None | Some(Kind::Redacted(_)) => return,
            Some(Kind::Text) => json!({"type": "text_delta", "text": text}),
            Some(Kind::Thinking(_)) => json!({"type": "thinking_delta", "thinking": text}),
            Some(Kind::Tool(_)) => json!({"type": "input_json_delta", "partial_json": text}),
        };
        self.write_delta(&delta, out);
    }

    fn write_delta(&self, delta: &Value, out: &mut Vec<u8>) {
        let event = json!({"type": "content_block_delta", "index": self.next, "delta": delta});
        sse::encode("content_block_delta", &event.to_string(), out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            let event = json!({"type": "content_block_stop", "index": self.next});
            sse::encode("content_block_stop", &event.to_string(), out);
            self.next += 1;
        }
    }
}

impl Kind {
    /// Text or thoughts of `next` belong to this block.
    fn continues(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Text, Self::Text) => true,
            (Self::Thinking(a), Self::Thinking(b)) => thoughts::together(*a, *b),
            _ => false,
        }
    }
}

impl Tool {
    /// `piece` is more of this call; `last` where it is the latest call.
    ///
    /// Servers differ: some number no calls, some number all of them 0 and send each whole, with
    /// an id of its own.
    fn is_continued_by(&self, piece: &Tool, last: bool) -> bool {
        let another = !piece.id.is_empty() && piece.id != self.id && !piece.name.is_empty();
        match piece.index {
            Some(_) if piece.index != self.index => false,
            Some(_) => !another,
            None if piece.id.is_empty() => last && piece.name.is_empty(),
            None => piece.id == self.id,
        }
    }
}
