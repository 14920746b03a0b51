//! Thoughts with their signatures, out of and back into a message.
//!
//! A signature proves to Anthropic that the thoughts are the model's own: in a loop of tools they
//! must come back with it. They travel in `reasoning_details`, as OpenRouter documents it, beside
//! the plain text in `reasoning_content`:
//!
//! ```json
//! {"type": "reasoning.text", "text": "...", "signature": "...", "format": "anthropic-claude-v1", "index": 0}
//! {"type": "reasoning.encrypted", "data": "...", "format": "anthropic-claude-v1", "index": 1}
//! ```
//! In a stream they come in pieces: those of one `index` belong together, text and signature each
//! to be joined. `format` is said once per index, so that a client which joins every text has it
//! right. Both the joined and the loose pieces are understood on the way back.

use serde_json::{Map, Value, json};

use super::asked::Asked;

/// Says whose thoughts these are.
const FORMAT: &str = "anthropic-claude-v1";

/// A piece of thoughts; `first` of its index.
pub(super) fn piece(index: usize, first: bool, name: &str, value: &str) -> Value {
    let mut piece = Map::new();
    let kind = match name {
        "data" => "reasoning.encrypted",
        _ => "reasoning.text",
    };
    piece.insert("type".into(), kind.into());
    piece.insert(name.into(), value.into());
    if first {
        piece.insert("format".into(), FORMAT.into());
    }
    piece.insert("index".into(), index.into());
    piece.into()
}

/// Thoughts in one piece.
pub(super) fn whole(index: usize, text: &str, signature: &str) -> Value {
    let mut whole = piece(index, true, "text", text);
    whole["signature"] = signature.into();
    whole
}

/// The blocks of an earlier answer's thoughts; takes them out of `message`.
pub(super) fn of_a_message(message: &mut Map<String, Value>, asked: &mut Asked) -> Vec<Value> {
    let mut list = |name: &str| match message.shift_remove(name) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let details = list("reasoning_details");
    let native = list("thinking_blocks");
    let plain = ["reasoning_content", "reasoning"].map(|name| message.shift_remove(name));
    let had_details = !details.is_empty();
    let mut blocks = of_details(details);
    if blocks.is_empty() {
        blocks.extend(native.into_iter().filter(is_signed));
    }
    if !blocks.is_empty() {
        return blocks;
    }
    if had_details {
        asked.give_up("messages.reasoning_details");
    }
    let is_said = |thought: &Value| thought.as_str().is_some_and(|text| !text.is_empty());
    if plain.iter().flatten().any(is_said) {
        asked.give_up("messages.reasoning_content");
    }
    blocks
}

fn of_details(details: Vec<Value>) -> Vec<Value> {
    let mut blocks: Vec<Value> = Vec::new();
    let mut open = None;
    for detail in details {
        let format = detail["format"].as_str();
        if format.is_some_and(|format| !format.starts_with("anthropic")) {
            continue;
        }
        let string = |name: &str| detail[name].as_str().unwrap_or_default();
        match detail["type"].as_str() {
            Some("reasoning.encrypted") => {
                open = None;
                blocks.push(json!({"type": "redacted_thinking", "data": string("data")}));
            }
            Some("reasoning.text") => {
                let index = detail.get("index").and_then(Value::as_u64);
                let goes_on = open.is_some() && open == index;
                if !goes_on {
                    blocks.push(json!({"type": "thinking", "thinking": "", "signature": ""}));
                }
                open = index;
                if let Some(block) = blocks.last_mut() {
                    append(block, "thinking", string("text"));
                    append(block, "signature", string("signature"));
                }
            }
            _ => {}
        }
    }
    blocks.retain(is_signed);
    blocks
}

fn append(block: &mut Value, name: &str, text: &str) {
    if let Value::String(whole) = &mut block[name] {
        whole.push_str(text);
    }
}

fn is_signed(block: &Value) -> bool {
    let proof = match block["type"].as_str() {
        Some("thinking") => &block["signature"],
        Some("redacted_thinking") => &block["data"],
        _ => return false,
    };
    proof.as_str().is_some_and(|proof| !proof.is_empty())
}
