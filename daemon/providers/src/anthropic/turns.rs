//! The messages as Anthropic's `system` and turns.
//!
//! Anthropic wants turns of user and assistant by turns: neighbours of one role become one turn,
//! results of tools come first in theirs. System and developer messages leave their places and
//! become `system`, in their order.
//!
//! Thoughts of earlier answers go back as blocks with their signatures, from `reasoning_details`
//! (as `response` gives them) or from `thinking_blocks` (Anthropic's own shape). Thoughts without
//! a signature can't be given back and are named as dropped.

use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use super::{parts, thoughts};
use crate::Error;

/// The conversation.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) system: Vec<Value>,
    pub(super) messages: Vec<Value>,
    /// The tools that were called so far, each once.
    pub(super) called: Vec<String>,
}

impl Turns {
    /// The last turn gives back the result of a call whose thoughts were not given back.
    pub(super) fn is_unsigned_loop(&self) -> bool {
        let [.., before, last] = &self.messages[..] else {
            return false;
        };
        let first = |turn: &Value| turn["content"][0]["type"].clone();
        let thought = first(before);
        first(last) == "tool_result" && thought != "thinking" && thought != "redacted_thinking"
    }

    fn push(&mut self, role: &str, blocks: Vec<Value>) {
        if blocks.is_empty() {
            return;
        }
        let last = self.messages.last_mut().filter(|turn| turn["role"] == role);
        match last.and_then(|turn| turn["content"].as_array_mut()) {
            Some(content) => content.extend(blocks),
            None => self.messages.push(json!({"role": role, "content": blocks})),
        }
    }
}

pub(super) fn read(messages: Vec<Value>, asked: &mut Asked) -> Result<Turns, Error> {
    let mut turns = Turns::default();
    for message in messages {
        let Value::Object(message) = message else {
            return Err(bad("every message must be an object"));
        };
        turn(message, &mut turns, asked)?;
    }
    for turn in &mut turns.messages {
        if let Some(content) = turn["content"].as_array_mut() {
            // A stable sort: results stay in the order of their messages.
            content.sort_by_key(|block| block["type"] != "tool_result");
        }
    }
    match turns.messages.last_mut() {
        Some(last) if last["role"] == "assistant" => trim(last),
        Some(_) => {}
        None => return Err(bad("it wants at least one message of the user")),
    }
    Ok(turns)
}

fn turn(
    mut message: Map<String, Value>,
    turns: &mut Turns,
    asked: &mut Asked,
) -> Result<(), Error> {
    let role = message.shift_remove("role").unwrap_or_default();
    let cached = message.shift_remove("cache_control");
    if message.get("name").is_some_and(|name| !name.is_null()) && role != "tool" {
        asked.give_up("messages.name");
    }
    let (role, mut blocks) = match role.as_str() {
        Some("system" | "developer") => {
            let blocks = parts::blocks(message.shift_remove("content"), asked)?;
            if blocks.iter().any(|block| block["type"] != "text") {
                return Err(bad("a system message takes text only"));
            }
            ("system", blocks)
        }
        Some("user") => {
            let blocks = parts::blocks(message.shift_remove("content"), asked)?;
            ("user", blocks)
        }
        Some("assistant") => ("assistant", assistant(message, turns, asked)?),
        Some("tool") => ("user", vec![result(message, asked)?]),
        Some(other) => return Err(bad(&format!("it knows no role `{other}`"))),
        None => return Err(bad("a message has no `role`")),
    };
    if let (Some(cached), Some(last)) = (cached.filter(|c| !c.is_null()), blocks.last_mut()) {
        last["cache_control"] = cached;
    }
    if role == "system" {
        turns.system.extend(blocks);
    } else {
        turns.push(role, blocks);
    }
    Ok(())
}

/// Thoughts, text, calls: in the order in which the model makes them.
fn assistant(
    mut message: Map<String, Value>,
    turns: &mut Turns,
    asked: &mut Asked,
) -> Result<Vec<Value>, Error> {
    if message
        .get("function_call")
        .is_some_and(|call| !call.is_null())
    {
        return Err(bad("`function_call` is out of date: use `tool_calls`"));
    }
    let mut blocks = thoughts::of_a_message(&mut message, asked);
    blocks.extend(parts::blocks(message.shift_remove("content"), asked)?);
    if let Some(Value::String(refusal)) = message.shift_remove("refusal") {
        blocks.extend(parts::text(&refusal));
    }
    if let Some(Value::Array(calls)) = message.shift_remove("tool_calls") {
        for call in calls {
            blocks.push(self::call(&call, turns)?);
        }
    }
    if message.get("audio").is_some_and(|audio| !audio.is_null()) {
        asked.give_up("messages.audio");
    }
    Ok(blocks)
}

/// OpenAI writes the arguments as a text of JSON, Anthropic as an object.
fn call(call: &Value, turns: &mut Turns) -> Result<Value, Error> {
    let function = &call["function"];
    let Some(name) = function["name"].as_str() else {
        return Err(bad("a tool call has no `function.name`"));
    };
    let input = match &function["arguments"] {
        Value::Null => Some(json!({})),
        Value::String(text) if text.trim().is_empty() => Some(json!({})),
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    };
    let Some(input) = input.filter(Value::is_object) else {
        let why = format!("the arguments of a call of `{name}` are not a JSON object");
        return Err(bad(&why));
    };
    if !turns.called.iter().any(|known| known == name) {
        turns.called.push(name.into());
    }
    let id = id(call["id"].as_str().unwrap_or_default());
    Ok(json!({"type": "tool_use", "id": id, "name": name, "input": input}))
}

fn result(mut message: Map<String, Value>, asked: &mut Asked) -> Result<Value, Error> {
    let Some(called) = message.get("tool_call_id").and_then(Value::as_str) else {
        return Err(bad("a message of role tool has no `tool_call_id`"));
    };
    let mut result = Map::new();
    result.insert("type".into(), "tool_result".into());
    result.insert("tool_use_id".into(), id(called).into());
    match message.shift_remove("content") {
        Some(Value::String(text)) => {
            result.insert("content".into(), text.into());
        }
        content => {
            let blocks = parts::blocks(content, asked)?;
            if !blocks.is_empty() {
                result.insert("content".into(), blocks.into());
            }
        }
    }
    if message.get("is_error") == Some(&json!(true)) {
        result.insert("is_error".into(), true.into());
    }
    Ok(result.into())
}

/// The id of a call in the characters that Anthropic allows: another provider may have made it.
fn id(id: &str) -> String {
    let is_fine = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let fine = |c: char| if is_fine(&c) { c } else { '_' };
    match id {
        "" => "call".into(),
        id => id.chars().map(fine).collect(),
    }
}

/// The API refuses white space at the end of words that the model shall go on with.
fn trim(last: &mut Value) {
    let content = last["content"].as_array_mut();
    let Some(block) = content.and_then(|content| content.last_mut()) else {
        return;
    };
    if let Some(text) = block["text"].as_str() {
        block["text"] = text.trim_end().into();
    }
}
