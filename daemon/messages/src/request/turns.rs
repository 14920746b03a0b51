//! Turns of a conversation as chat messages.
//!
//! | Turn | Chat messages |
//! |---|---|
//! | `system` | one `system` message, its texts joined by a blank line |
//! | `user` | a `tool` message per `tool_result`, then one `user` message with the rest |
//! | `assistant` | one message: text in `content`, `tool_use` in `tool_calls`, thinking in `reasoning_content` |
//!
//! Images and files in a tool's result can't stand in a `tool` message: they open the `user`
//! message that follows. A result that is an error begins with [`ERROR_MARK`].
//!
//! `thinking` that is signed and `redacted_thinking` stand in `reasoning_details` as well.

use serde_json::{Map, Value, json};

use super::BadRequest;
use super::blocks::{self, BETWEEN, text_part};
use super::dropped::Dropped;
use crate::thoughts;

/// What the result of a tool that failed begins with.
const ERROR_MARK: &str = "Error: ";

/// The `system` field as a message; `None` where it says nothing.
pub(super) fn system(system: &Value, dropped: &mut Dropped) -> Result<Option<Value>, BadRequest> {
    let texts = match system {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let mut texts = Vec::new();
            for (n, block) in blocks.iter().enumerate() {
                dropped.extras_of(block);
                let text = match block["type"].as_str() {
                    Some("text") => blocks::text(block),
                    _ => Err(BadRequest::new("type", "must be `text`")),
                };
                texts.push(text.map_err(|wrong| wrong.inside(format_args!("system.{n}")))?);
            }
            texts.join(BETWEEN)
        }
        _ => {
            let why = "must be a text or an array of blocks";
            return Err(BadRequest::new("system", why));
        }
    };
    Ok((!texts.is_empty()).then(|| json!({"role": "system", "content": texts})))
}

/// Appends all turns of `messages` to `out`.
pub(super) fn all(
    messages: Option<&Value>,
    out: &mut Vec<Value>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let messages = match messages {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        Some(Value::Array(_)) => {
            return Err(BadRequest::new(
                "messages",
                "must hold at least one message",
            ));
        }
        Some(_) => return Err(BadRequest::new("messages", "must be an array")),
        None => return Err(super::required("messages", "an array of messages")),
    };
    for (n, message) in messages.iter().enumerate() {
        let nothing = Value::Null;
        let content = message.get("content").unwrap_or(&nothing);
        let carried = match message.get("role").and_then(Value::as_str) {
            Some("user") => user(content, out, dropped),
            Some("assistant") => assistant(content, dropped).map(|turn| out.push(turn)),
            Some("system") => inner_system(content, out, dropped),
            _ => Err(BadRequest::new("role", "must be `user` or `assistant`")),
        };
        carried.map_err(|wrong| wrong.inside(format_args!("messages.{n}")))?;
    }
    Ok(())
}

fn inner_system(
    content: &Value,
    out: &mut Vec<Value>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let mut parts = Vec::new();
    blocks::parts(content, &mut parts, dropped, |kind, _, _, _| {
        Err(blocks::unknown(kind, "text"))
    })?;
    out.push(json!({"role": "system", "content": blocks::content(parts)}));
    Ok(())
}

fn user(content: &Value, out: &mut Vec<Value>, dropped: &mut Dropped) -> Result<(), BadRequest> {
    let (mut shown, mut said, mut results) = (Vec::new(), Vec::new(), Vec::new());
    blocks::parts(content, &mut said, dropped, |kind, block, _, dropped| {
        match kind {
            "tool_result" => results.push(tool_result(block, &mut shown, dropped)?),
            kind => {
                let known = "text, image, document, search_result, tool_result";
                return Err(blocks::unknown(kind, known));
            }
        }
        Ok(())
    })?;
    let only_results = !results.is_empty() && said.is_empty() && shown.is_empty();
    out.extend(results);
    if !only_results {
        shown.extend(said);
        out.push(json!({"role": "user", "content": blocks::content(shown)}));
    }
    Ok(())
}

/// The `tool` message; what it can't hold goes to `shown`.
fn tool_result(
    block: &Value,
    shown: &mut Vec<Value>,
    dropped: &mut Dropped,
) -> Result<Value, BadRequest> {
    let Some(id) = block["tool_use_id"].as_str() else {
        let why = "is required: send the id of the tool's call";
        return Err(BadRequest::new("tool_use_id", why));
    };
    let mut parts = Vec::new();
    match block.get("content") {
        None | Some(Value::Null) => {}
        Some(content) => blocks::parts(content, &mut parts, dropped, |kind, _, _, dropped| {
            match kind {
                // It points at a tool whose definition is sent anyway.
                "tool_reference" => dropped.name("messages.tool_reference"),
                kind => {
                    return Err(blocks::unknown(
                        kind,
                        "text, image, document, search_result",
                    ));
                }
            }
            Ok(())
        })?,
    }
    let (texts, others): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| part["type"] == "text");
    let mut text = String::new();
    if block["is_error"] == json!(true) {
        text.push_str(ERROR_MARK);
    }
    let texts: Vec<&str> = texts
        .iter()
        .filter_map(|part| part["text"].as_str())
        .collect();
    text.push_str(&texts.join(BETWEEN));
    if !others.is_empty() {
        shown.push(text_part(&format!(
            "From the result of the tool call {id}:"
        )));
        shown.extend(others);
    }
    Ok(json!({"role": "tool", "tool_call_id": id, "content": text}))
}

#[derive(Default)]
struct Spoken {
    calls: Vec<Value>,
    thoughts: Vec<String>,
    /// What is signed or encrypted of them.
    details: Vec<Value>,
}

fn assistant(content: &Value, dropped: &mut Dropped) -> Result<Value, BadRequest> {
    let mut texts = Vec::new();
    let mut spoken = Spoken::default();
    blocks::parts(content, &mut texts, dropped, |kind, block, _, dropped| {
        match kind {
            "tool_use" => spoken.calls.push(tool_call(block)?),
            "thinking" => spoken.think(block)?,
            "redacted_thinking" => spoken.think_redacted(block)?,
            // Of tools that ran at Anthropic, whose outcome the text tells.
            kind if kind == "server_tool_use"
                || kind == "mcp_tool_use"
                || kind.ends_with("_tool_result") =>
            {
                dropped.name_in("messages", kind);
            }
            kind => {
                return Err(blocks::unknown(
                    kind,
                    "text, thinking, redacted_thinking, tool_use",
                ));
            }
        }
        Ok(())
    })?;
    if texts.iter().any(|part| part["type"] != "text") {
        let why = "an answer holds no images or files: send them as `user`";
        return Err(BadRequest::new("content", why));
    }
    // Texts of one answer follow each other without a gap: citations cut them anywhere.
    let text: String = texts
        .iter()
        .filter_map(|part| part["text"].as_str())
        .collect();
    let mut turn = Map::new();
    turn.insert("role".into(), "assistant".into());
    let content = match text.is_empty() && !spoken.calls.is_empty() {
        true => Value::Null,
        false => text.into(),
    };
    turn.insert("content".into(), content);
    spoken.tell(&mut turn);
    Ok(turn.into())
}

impl Spoken {
    fn think(&mut self, block: &Value) -> Result<(), BadRequest> {
        let Some(text) = block["thinking"].as_str() else {
            return Err(BadRequest::new("thinking", "is required: send a text"));
        };
        if !text.is_empty() {
            self.thoughts.push(text.into());
        }
        let signature = block["signature"].as_str().unwrap_or_default();
        if !signature.is_empty() {
            let detail = thoughts::signed(self.details.len(), text, signature);
            self.details.push(detail);
        }
        Ok(())
    }

    fn think_redacted(&mut self, block: &Value) -> Result<(), BadRequest> {
        let Some(data) = block["data"].as_str() else {
            return Err(BadRequest::new("data", "is required: send a text"));
        };
        let detail = thoughts::encrypted(self.details.len(), data);
        self.details.push(detail);
        Ok(())
    }

    fn tell(self, turn: &mut Map<String, Value>) {
        if !self.thoughts.is_empty() {
            let thoughts = self.thoughts.join(BETWEEN);
            turn.insert("reasoning_content".into(), thoughts.into());
        }
        if !self.details.is_empty() {
            turn.insert("reasoning_details".into(), self.details.into());
        }
        if !self.calls.is_empty() {
            turn.insert("tool_calls".into(), self.calls.into());
        }
    }
}

fn tool_call(block: &Value) -> Result<Value, BadRequest> {
    let text = |field: &str| {
        let text = block.get(field).and_then(Value::as_str);
        text.ok_or_else(|| BadRequest::new(field, "is required: send a text"))
    };
    let (id, name) = (text("id")?, text("name")?);
    let arguments = match &block["input"] {
        Value::Object(input) => Value::from(input.clone()).to_string(),
        Value::Null => "{}".into(),
        _ => return Err(BadRequest::new("input", "must be an object")),
    };
    let function = json!({"name": name, "arguments": arguments});
    Ok(json!({"id": id, "type": "function", "function": function}))
}
