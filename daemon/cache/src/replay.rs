//! A whole answer as the chunks of a stream, as few as say it.
//!
//! ```text
//! per choice: role -> reasoning, content, refusal -> a chunk per tool call -> finish reason
//! then: usage (where asked for) -> [DONE]
//! ```
//!
//! What is put together from them is the answer again; a test says so.

use serde_json::{Map, Value, json};
use shared::sse;

type Object = Map<String, Value>;

/// What every chunk of an answer repeats.
const HEAD: [&str; 5] = ["id", "object", "created", "model", "system_fingerprint"];
/// The texts of a message, in the order in which models write them.
const TEXTS: [&str; 4] = ["reasoning", "reasoning_content", "content", "refusal"];

/// A chat completion as chunks; `None` where `body` is none.
pub(crate) fn chat(body: &[u8], include_usage: bool) -> Option<Vec<u8>> {
    let mut chunks = Chunks::new(body, "chat.completion.chunk", include_usage)?;
    for choice in chunks.choices()? {
        let index = choice.get("index").cloned().unwrap_or(json!(0));
        let message = choice.get("message")?.as_object()?;
        let piece = |delta: Value| json!({"index": index, "delta": delta, "finish_reason": null});
        chunks.write(piece(opening(message).into()));
        for name in TEXTS {
            if let Some(Value::String(text)) = message.get(name)
                && !text.is_empty()
            {
                chunks.write(piece(json!({name: text})));
            }
        }
        for (at, call) in message
            .get("tool_calls")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let mut part = Object::from_iter([("index".to_owned(), at.into())]);
            part.extend(call.as_object()?.clone());
            chunks.write(piece(json!({"tool_calls": [part]})));
        }
        chunks.write(ending(&choice, "message", ("delta", json!({})), &index));
    }
    Some(chunks.finish())
}

/// A completion as chunks; `None` where `body` is none.
pub(crate) fn completion(body: &[u8], include_usage: bool) -> Option<Vec<u8>> {
    let mut chunks = Chunks::new(body, "text_completion", include_usage)?;
    for choice in chunks.choices()? {
        let index = choice.get("index").cloned().unwrap_or(json!(0));
        let text = choice.get("text")?.clone();
        chunks.write(json!({"index": index, "text": text, "finish_reason": null}));
        chunks.write(ending(&choice, "text", ("text", json!("")), &index));
    }
    Some(chunks.finish())
}

/// The first delta: everything but what follows in chunks of its own.
fn opening(message: &Object) -> Object {
    let mut delta = Object::new();
    delta.insert("role".into(), "assistant".into());
    for (name, value) in message {
        let value = match (name.as_str(), value) {
            (text, Value::String(_)) if TEXTS.contains(&text) => "".into(),
            ("tool_calls", Value::Array(calls)) if !calls.is_empty() => continue,
            (_, value) => value.clone(),
        };
        delta.insert(name.clone(), value);
    }
    delta
}

/// The last part of a choice: why it ended, and all of it that is not its text.
fn ending(choice: &Object, text: &str, nothing: (&str, Value), index: &Value) -> Value {
    let mut end = Object::from_iter([("index".to_owned(), index.clone())]);
    end.insert(nothing.0.into(), nothing.1);
    let others = choice
        .iter()
        .filter(|(name, _)| *name != text && *name != "index");
    end.extend(others.map(|(name, value)| (name.clone(), value.clone())));
    end.into()
}

struct Chunks {
    /// What is not written yet: members beside the choices go with the last of them.
    whole: Object,
    head: Object,
    include_usage: bool,
    last: Option<Value>,
    out: Vec<u8>,
}

impl Chunks {
    fn new(body: &[u8], object: &str, include_usage: bool) -> Option<Self> {
        let Value::Object(mut whole) = serde_json::from_slice(body).ok()? else {
            return None;
        };
        let mut head = Object::new();
        for name in HEAD {
            if let Some(value) = whole.shift_remove(name) {
                head.insert(name.into(), value);
            }
        }
        head.insert("object".into(), object.into());
        Some(Self {
            whole,
            head,
            include_usage,
            last: None,
            out: Vec::with_capacity(body.len() * 2),
        })
    }

    fn choices(&mut self) -> Option<Vec<Object>> {
        let Value::Array(choices) = self.whole.shift_remove("choices")? else {
            return None;
        };
        let objects = choices.into_iter().map(|choice| match choice {
            Value::Object(choice) => Some(choice),
            _ => None,
        });
        objects.collect()
    }

    fn write(&mut self, choice: Value) {
        if let Some(before) = self.last.replace(choice) {
            let chunk = self.chunk(json!([before]));
            self.encode(chunk);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let usage = self.whole.shift_remove("usage");
        if let Some(last) = self.last.take() {
            let mut chunk = self.chunk(json!([last]));
            chunk.extend(std::mem::take(&mut self.whole));
            self.encode(chunk);
        }
        if self.include_usage
            && let Some(usage) = usage
        {
            let mut chunk = self.chunk(json!([]));
            chunk.insert("usage".into(), usage);
            self.encode(chunk);
        }
        sse::encode("", "[DONE]", &mut self.out);
        self.out
    }

    fn chunk(&self, choices: Value) -> Object {
        let mut chunk = self.head.clone();
        chunk.insert("choices".into(), choices);
        chunk
    }

    fn encode(&mut self, chunk: Object) {
        sse::encode("", &Value::Object(chunk).to_string(), &mut self.out);
    }
}
