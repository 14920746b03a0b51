//! What a message or a delta of an LLM holds, under the names that different servers give it.

use std::borrow::Cow;

use serde_json::Value;

/// The thoughts: `reasoning_content`, `reasoning`, or the parts of `content` that are thinking.
///
/// Servers that send both names send the same text twice, so only one is read.
pub(crate) fn thoughts(message: &Value) -> Cow<'_, str> {
    let named = ["reasoning_content", "reasoning"];
    let mut texts = named.iter().filter_map(|name| message.get(name)?.as_str());
    if let Some(text) = texts.find(|text| !text.is_empty()) {
        return text.into();
    }
    let mut thoughts = String::new();
    for part in parts(message) {
        if part["type"] == "thinking" {
            match &part["thinking"] {
                Value::Array(inner) => inner.iter().for_each(|part| push_text(part, &mut thoughts)),
                Value::String(text) => thoughts.push_str(text),
                _ => {}
            }
        }
    }
    thoughts.into()
}

/// The text for the caller: `content`, as one text or in parts.
pub(crate) fn text(message: &Value) -> Cow<'_, str> {
    if let Some(text) = message.get("content").and_then(Value::as_str) {
        return text.into();
    }
    let mut text = String::new();
    parts(message)
        .iter()
        .for_each(|part| push_text(part, &mut text));
    text.into()
}

/// The text of a refusal.
pub(crate) fn refusal(message: &Value) -> Option<&str> {
    let refusal = message.get("refusal")?.as_str();
    refusal.filter(|text| !text.is_empty())
}

/// The tool calls, whole or in pieces.
pub(crate) fn tool_calls(message: &Value) -> &[Value] {
    let calls = message.get("tool_calls").and_then(Value::as_array);
    calls.map(Vec::as_slice).unwrap_or_default()
}

/// The arguments of a tool call as the text that they are, or should be.
pub(crate) fn arguments(call: &Value) -> Cow<'_, str> {
    match &call["function"]["arguments"] {
        Value::String(text) => text.as_str().into(),
        Value::Null => "".into(),
        object => object.to_string().into(),
    }
}

fn parts(message: &Value) -> &[Value] {
    let parts = message.get("content").and_then(Value::as_array);
    parts.map(Vec::as_slice).unwrap_or_default()
}

fn push_text(part: &Value, out: &mut String) {
    if let Some(text) = part.get("text").and_then(Value::as_str) {
        out.push_str(text);
    }
}
