//! Anthropic's events as OpenAI's chunks, one event after the other. Pure: `stream` feeds it.
//!
//! ```text
//! message_start ─► content_block_start ─► content_block_delta* ─► content_block_stop ─┐
//!    role          tool call: id, name    text, thoughts, arguments                   │
//!                        ▲───────────────────────────────────────────────────────────┤
//!                  finish, usage, [DONE] ◄── message_stop ◄── message_delta ◄─────────┘
//! ```
//! `ping`, and what we don't know, says nothing. `error` ends all.
//!
//! Source: Anthropic, "Streaming messages".

use serde::Deserialize;
use serde_json::{Value, json};
use shared::sse;

use super::refusal::Detail;
use super::response::{Block, Message, Usage, arguments, finish_reason, or_default};
use super::thoughts;
use crate::Error;

/// How a stream stands after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More will come.
    More,
    /// The answer is complete.
    Over,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        content_block: Block,
    },
    ContentBlockDelta {
        delta: Delta,
    },
    ContentBlockStop,
    MessageDelta {
        delta: Ending,
        #[serde(default, deserialize_with = "or_default")]
        usage: Usage,
    },
    MessageStop,
    Error {
        error: Detail,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Ending {
    stop_reason: Option<String>,
}

/// Turns what Anthropic says into what OpenAI would say.
pub(super) struct Chunks {
    id: String,
    model: String,
    created: i64,
    include_usage: bool,
    usage: Usage,
    stop_reason: Option<String>,
    role_said: bool,
    calls: usize,
    thoughts: usize,
    open: Open,
}

/// The block under way. Blocks come one after the other.
enum Open {
    Nothing,
    Thoughts {
        said: bool,
    },
    /// `input` came with the start; `said` once a piece of the arguments went out.
    Call {
        input: Value,
        said: bool,
    },
}

impl Chunks {
    /// `created` in seconds since 1970.
    pub(super) fn new(created: i64, include_usage: bool) -> Self {
        Self {
            id: String::new(),
            model: String::new(),
            created,
            include_usage,
            usage: Usage::default(),
            stop_reason: None,
            role_said: false,
            calls: 0,
            thoughts: 0,
            open: Open::Nothing,
        }
    }

    /// Appends to `out` what the event means.
    ///
    /// Errors: [`Error::Refused`] where it is an error, [`Error::Unreadable`] where it is no event.
    pub(super) fn event(&mut self, data: &str, out: &mut Vec<u8>) -> Result<Progress, Error> {
        let event = serde_json::from_str(data).map_err(|wrong| {
            Error::Unreadable(format!("an event is not what Anthropic sends ({wrong})"))
        })?;
        match event {
            Event::MessageStart { message } => {
                (self.id, self.model) = (message.id, message.model);
                self.usage.update(message.usage);
                self.say_role(out);
            }
            Event::ContentBlockStart { content_block } => self.start(content_block, out),
            Event::ContentBlockDelta { delta } => self.delta(delta, out),
            Event::ContentBlockStop => self.stop(out),
            Event::MessageDelta { delta, usage } => {
                self.usage.update(usage);
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
            }
            Event::MessageStop => {
                self.finish(out);
                return Ok(Progress::Over);
            }
            Event::Error { error } => return Err(error.into_error()),
            Event::Other => {}
        }
        Ok(Progress::More)
    }

    fn start(&mut self, block: Block, out: &mut Vec<u8>) {
        self.stop(out);
        match block {
            Block::Text { text } => self.say("content", text, out),
            Block::Thinking {
                thinking,
                signature,
            } => {
                self.open = Open::Thoughts { said: false };
                self.thoughts += 1;
                self.think("text", thinking, out);
                self.think("signature", signature, out);
            }
            Block::RedactedThinking { data } => {
                let piece = thoughts::piece(self.thoughts, true, "data", &data);
                self.thoughts += 1;
                self.choose(json!({"reasoning_details": [piece]}), out);
            }
            Block::ToolUse { id, name, input } => {
                let call = json!({
                    "index": self.calls, "id": id, "type": "function",
                    "function": {"name": name, "arguments": ""},
                });
                self.calls += 1;
                self.open = Open::Call { input, said: false };
                self.choose(json!({"tool_calls": [call]}), out);
            }
            Block::Other => {}
        }
    }

    fn delta(&mut self, delta: Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Text { text } => self.say("content", text, out),
            Delta::Thinking { thinking } => self.think("text", thinking, out),
            Delta::Signature { signature } => self.think("signature", signature, out),
            Delta::InputJson { partial_json } => {
                // What a tool at Anthropic's is called with is not for the caller.
                let Open::Call { said, .. } = &mut self.open else {
                    return;
                };
                if !partial_json.is_empty() {
                    *said = true;
                    self.argue(&partial_json, out);
                }
            }
            Delta::Other => {}
        }
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        let open = std::mem::replace(&mut self.open, Open::Nothing);
        if let Open::Call { input, said: false } = open {
            self.argue(&arguments(&input), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.stop(out);
        self.say_role(out);
        let reason = finish_reason(self.stop_reason.as_deref(), self.calls > 0);
        let choices = json!([{"index": 0, "delta": {}, "finish_reason": reason}]);
        self.chunk(choices, None, out);
        if self.include_usage {
            let usage = self.usage.in_openai_words();
            self.chunk(json!([]), Some(usage), out);
        }
        sse::encode("", "[DONE]", out);
    }

    fn say(&mut self, name: &str, text: String, out: &mut Vec<u8>) {
        if !text.is_empty() {
            self.choose(json!({name: text}), out);
        }
    }

    /// A piece of the thoughts under way, and its text once more for those who only read.
    fn think(&mut self, name: &str, text: String, out: &mut Vec<u8>) {
        let Open::Thoughts { said } = &mut self.open else {
            return;
        };
        if text.is_empty() {
            return;
        }
        let first = !std::mem::replace(said, true);
        let piece = thoughts::piece(self.thoughts - 1, first, name, &text);
        let mut delta = json!({"reasoning_details": [piece]});
        if name == "text" {
            delta["reasoning_content"] = text.into();
        }
        self.choose(delta, out);
    }

    fn argue(&mut self, arguments: &str, out: &mut Vec<u8>) {
        let index = self.calls.saturating_sub(1);
        let call = json!({"index": index, "function": {"arguments": arguments}});
        self.choose(json!({"tool_calls": [call]}), out);
    }

    fn say_role(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.role_said, true) {
            self.choose(json!({"role": "assistant", "content": ""}), out);
        }
    }

    fn choose(&mut self, delta: Value, out: &mut Vec<u8>) {
        self.say_role(out);
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": null}]);
        self.chunk(choices, None, out);
    }

    fn chunk(&self, choices: Value, usage: Option<Value>, out: &mut Vec<u8>) {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created,
            "model": self.model, "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        sse::encode("", &chunk.to_string(), out);
    }
}
