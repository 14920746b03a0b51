//! Anthropic's request as a chat completion's.
//!
//! | Anthropic | OpenAI |
//! |---|---|
//! | `model max_tokens temperature top_p top_k` | the same |
//! | `system`, `messages` | `messages`, see `turns` |
//! | `tools`, `tool_choice` | `tools`, `tool_choice`, `parallel_tool_calls`, see `tools` |
//! | `stop_sequences` | `stop` |
//! | `stream` | `stream`, with `stream_options.include_usage` |
//! | `metadata.user_id` | `user` |
//! | `thinking`, `output_config.effort` | `reasoning_effort`, see `effort` |
//! | `output_config.format`, `output_format` | `response_format` |
//!
//! `thinking` itself is not passed on: OpenAI's servers refuse fields that they don't know, and
//! the effort says what they understand. `cache_control` has no counterpart (those servers cache
//! by prefix anyway). It, and every other field that is not null, is named in `dropped`.

mod asked;
mod blocks;
mod dropped;
mod effort;
mod tools;
mod turns;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use asked::Asked;
use dropped::Dropped;

/// A request in OpenAI's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRequest {
    /// The JSON body for `chat/completions`, with `model` as it was asked for.
    pub body: Bytes,
    /// What was asked for as `model`, not empty.
    pub model: String,
    /// The caller wants events.
    pub stream: bool,
    /// What could not be carried, such as `cache_control`, `tools.web_search_20250305` or
    /// `messages.server_tool_use`.
    ///
    /// Shape: each once, in the order met, of letters, digits and `._-` only, so that they can
    /// stand in a header; at most 32 names of at most 64 characters.
    pub dropped: Vec<String>,
}

/// What is wrong with a request: the caller's to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct BadRequest {
    /// Where, as a path such as `messages.3.content.0.source`; `body` for the whole.
    pub field: String,
    /// What is wrong there, and what is expected.
    pub reason: String,
}

impl BadRequest {
    /// `reason` is a clause about `field`, such as `must be a text`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// The same, found inside of `parent`.
    fn inside(mut self, parent: impl std::fmt::Display) -> Self {
        self.field = match self.field.as_str() {
            "" => parent.to_string(),
            field => format!("{parent}.{field}"),
        };
        self
    }
}

/// The Messages request `body` as a chat completion's.
///
/// Errors: [`BadRequest`] where `body` is not what Anthropic's API takes, or holds content that
/// can't be carried and that an answer would be wrong without (a file of Anthropic's file store).
pub fn to_chat(body: &[u8]) -> Result<ChatRequest, BadRequest> {
    let mut asked = Asked::read(body)?;
    let mut dropped = Dropped::default();
    let mut chat = Map::new();

    let model = asked.text("model")?.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| required("model", "the name of a model"))?;
    chat.insert("model".into(), model.as_str().into());
    let max_tokens = asked.count("max_tokens")?;
    let max_tokens = max_tokens.ok_or_else(|| required("max_tokens", "a number of tokens"))?;
    if max_tokens == 0 {
        return Err(BadRequest::new("max_tokens", "must be at least 1"));
    }
    chat.insert("max_tokens".into(), max_tokens.into());

    let mut turns = Vec::new();
    if let Some(system) = asked.take("system") {
        turns.extend(turns::system(&system, &mut dropped)?);
    }
    turns::all(asked.take("messages").as_ref(), &mut turns, &mut dropped)?;
    chat.insert("messages".into(), turns.into());

    let tools = asked.take("tools");
    let choice = asked.take("tool_choice");
    tools::carry(tools.as_ref(), choice.as_ref(), &mut chat, &mut dropped)?;

    for name in ["temperature", "top_p", "top_k"] {
        if let Some(number) = asked.number(name)? {
            chat.insert(name.into(), number);
        }
    }
    if let Some(stop) = stop(&mut asked)? {
        chat.insert("stop".into(), stop);
    }
    let stream = asked.flag("stream")?;
    if stream {
        chat.insert("stream".into(), true.into());
        chat.insert("stream_options".into(), json!({"include_usage": true}));
    }
    if let Some(user) = user(&mut asked, &mut dropped)? {
        chat.insert("user".into(), user.into());
    }
    effort::carry(&mut asked, &mut chat, &mut dropped)?;
    for name in asked.left() {
        dropped.name(name);
    }
    Ok(ChatRequest {
        body: Value::from(chat).to_string().into(),
        model,
        stream,
        dropped: dropped.into_names(),
    })
}

fn required(field: &str, what: &str) -> BadRequest {
    BadRequest::new(field, format!("is required: send {what}"))
}

fn stop(asked: &mut Asked) -> Result<Option<Value>, BadRequest> {
    let wrong = || BadRequest::new("stop_sequences", "must be an array of texts");
    match asked.take("stop_sequences") {
        None => Ok(None),
        Some(Value::Array(texts)) if texts.is_empty() => Ok(None),
        Some(Value::Array(texts)) if texts.iter().all(Value::is_string) => Ok(Some(texts.into())),
        Some(_) => Err(wrong()),
    }
}

fn user(asked: &mut Asked, dropped: &mut Dropped) -> Result<Option<String>, BadRequest> {
    let Some(metadata) = asked.object("metadata")? else {
        return Ok(None);
    };
    let mut metadata = Asked::of(metadata);
    let user = metadata.text("user_id");
    for name in metadata.left() {
        dropped.name_in("metadata", name);
    }
    user.map_err(|wrong| wrong.inside("metadata"))
}
