//! Anthropic's answer in OpenAI's words, in one piece.
//!
//! | Anthropic | OpenAI |
//! |---|---|
//! | `text` blocks | `message.content`, joined |
//! | `thinking`, `redacted_thinking` blocks | `message.reasoning_content`, `message.reasoning_details` (see `thoughts`) |
//! | `tool_use` blocks | `message.tool_calls` |
//! | `stop_reason` | `finish_reason` (see [`finish_reason`]) |
//! | `usage` | `usage`; the prompt counts what was read from and written to the cache |
//!
//! Blocks of tools that run at Anthropic's have no counterpart and are left out.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::thoughts;
use crate::Error;

/// A message, whole or as a stream begins it. Others who speak the API write null where Anthropic
/// writes nothing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) model: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) content: Vec<Block>,
    pub(super) stop_reason: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) usage: Usage,
}

/// One block of a message.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    Text {
        #[serde(default, deserialize_with = "or_default")]
        text: String,
    },
    Thinking {
        #[serde(default, deserialize_with = "or_default")]
        thinking: String,
        #[serde(default, deserialize_with = "or_default")]
        signature: String,
    },
    RedactedThinking {
        data: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

/// The value, or nothing where there is null.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What was used. In a stream each event says what it knows, and the last word counts.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl Usage {
    pub(super) fn update(&mut self, later: Self) {
        let details = later.output_tokens_details;
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cache_read_input_tokens = later
            .cache_read_input_tokens
            .or(self.cache_read_input_tokens);
        self.cache_creation_input_tokens = later
            .cache_creation_input_tokens
            .or(self.cache_creation_input_tokens);
        self.output_tokens_details = details.or(self.output_tokens_details);
    }

    /// In OpenAI's words; `cache_write_tokens` is OpenRouter's.
    pub(super) fn in_openai_words(self) -> Value {
        let read = self.cache_read_input_tokens.unwrap_or_default();
        let written = self.cache_creation_input_tokens.unwrap_or_default();
        let fresh = self.input_tokens.unwrap_or_default();
        let prompt = fresh.saturating_add(read).saturating_add(written);
        let completion = self.output_tokens.unwrap_or_default();
        let mut usage = json!({
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt.saturating_add(completion),
            "prompt_tokens_details": {"cached_tokens": read},
        });
        if written > 0 {
            usage["prompt_tokens_details"]["cache_write_tokens"] = written.into();
        }
        let details = self.output_tokens_details;
        if let Some(thoughts) = details.and_then(|details| details.thinking_tokens) {
            usage["completion_tokens_details"] = json!({"reasoning_tokens": thoughts});
        }
        usage
    }
}

/// Why the model stopped. A turn that its server's tools paused has no word in OpenAI's shape and
/// counts as stopped. `called`: the answer calls a tool.
pub(super) fn finish_reason(stop_reason: Option<&str>, called: bool) -> &'static str {
    match stop_reason {
        // A call that the length cut off is not one to carry out.
        Some("max_tokens" | "model_context_window_exceeded") => "length",
        Some("refusal") => "content_filter",
        Some("tool_use") => "tool_calls",
        Some("end_turn" | "stop_sequence" | "pause_turn") => "stop",
        _ if called => "tool_calls",
        _ => "stop",
    }
}

/// The whole answer at once; `created` in seconds since 1970.
pub(super) fn whole(bytes: &[u8], created: i64) -> Result<String, Error> {
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(bytes) {
        return Err(refusal.into_error());
    }
    let message: Message = serde_json::from_slice(bytes)
        .map_err(|wrong| Error::Unreadable(format!("it is not what Anthropic sends ({wrong})")))?;
    let (mut text, mut thought) = (None::<String>, None::<String>);
    let (mut details, mut calls) = (Vec::new(), Vec::new());
    for block in message.content {
        match block {
            Block::Text { text: more } => text.get_or_insert_default().push_str(&more),
            Block::Thinking {
                thinking,
                signature,
            } => {
                thought.get_or_insert_default().push_str(&thinking);
                details.push(thoughts::whole(details.len(), &thinking, &signature));
            }
            Block::RedactedThinking { data } => {
                details.push(thoughts::piece(details.len(), true, "data", &data));
            }
            Block::ToolUse { id, name, input } => calls.push(json!({
                "id": id, "type": "function",
                "function": {"name": name, "arguments": arguments(&input)},
            })),
            Block::Other => {}
        }
    }
    let called = !calls.is_empty();
    let reason = finish_reason(message.stop_reason.as_deref(), called);
    let mut said = Map::new();
    said.insert("role".into(), "assistant".into());
    let text = match text {
        None if called => Value::Null,
        text => text.unwrap_or_default().into(),
    };
    said.insert("content".into(), text);
    if let Some(thought) = thought.filter(|thought| !thought.is_empty()) {
        said.insert("reasoning_content".into(), thought.into());
    }
    if !details.is_empty() {
        said.insert("reasoning_details".into(), details.into());
    }
    if called {
        said.insert("tool_calls".into(), calls.into());
    }
    let answer = json!({
        "id": message.id, "object": "chat.completion", "created": created, "model": message.model,
        "choices": [{"index": 0, "message": said, "finish_reason": reason}],
        "usage": message.usage.in_openai_words(),
    });
    Ok(answer.to_string())
}

/// OpenAI writes arguments as a text of JSON.
pub(super) fn arguments(input: &Value) -> String {
    match input {
        Value::Null => "{}".into(),
        input => input.to_string(),
    }
}
