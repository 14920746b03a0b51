//! Thoughts with their proofs, as chat messages and deltas carry them for Anthropic's models.
//!
//! The text stands in `reasoning_content` (or `reasoning`); what Anthropic signed or encrypted, in
//! `reasoning_details`, as OpenRouter documents it and our provider for Anthropic reads and writes:
//!
//! ```json
//! {"type": "reasoning.text", "text": "...", "signature": "...", "format": "anthropic-claude-v1", "index": 0}
//! {"type": "reasoning.encrypted", "data": "...", "format": "anthropic-claude-v1", "index": 1}
//! ```
//!
//! In a stream they come in pieces, those of one `index` belong together. Proofs of other makers'
//! formats mean nothing to Anthropic's clients and are passed over.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::pieces;

/// Says whose proofs these are.
const FORMAT: &str = "anthropic-claude-v1";

/// One thought, whole or a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Thought<'a> {
    /// What may be read; text and signature may each be empty.
    Open {
        /// Pieces of one index belong together; `None` belongs to any.
        index: Option<u64>,
        text: Cow<'a, str>,
        signature: &'a str,
    },
    /// What only Anthropic can read.
    Redacted(&'a str),
}

/// The thoughts of a message or a delta, in order.
pub(crate) fn of(message: &Value) -> Vec<Thought<'_>> {
    let details = message.get("reasoning_details").and_then(Value::as_array);
    let details = details.into_iter().flatten().filter_map(detail);
    let mut thoughts: Vec<Thought<'_>> = details.collect();
    // The same text stands in both places, so one of them is read.
    let said = |it: &Thought<'_>| matches!(it, Thought::Open { text, .. } if !text.is_empty());
    let plain = pieces::thoughts(message);
    if !plain.is_empty() && !thoughts.iter().any(said) {
        let plain = Thought::Open {
            index: None,
            text: plain,
            signature: "",
        };
        thoughts.insert(0, plain);
    }
    thoughts
}

/// Pieces of the same thought.
pub(crate) fn together(a: Option<u64>, b: Option<u64>) -> bool {
    a == b || a.is_none() || b.is_none()
}

/// The thoughts of a whole message as blocks.
pub(crate) fn blocks(message: &Value) -> Vec<Value> {
    let mut blocks: Vec<Value> = Vec::new();
    let mut open = None;
    for thought in of(message) {
        match thought {
            Thought::Redacted(data) => {
                open = None;
                blocks.push(json!({"type": "redacted_thinking", "data": data}));
            }
            Thought::Open {
                index,
                text,
                signature,
            } => {
                if !open.is_some_and(|before| together(before, index)) {
                    blocks.push(json!({"type": "thinking", "thinking": "", "signature": ""}));
                }
                open = Some(index);
                if let Some(block) = blocks.last_mut() {
                    append(block, "thinking", &text);
                    append(block, "signature", signature);
                }
            }
        }
    }
    blocks
}

/// A thought of an earlier answer that Anthropic signed, as the `index`th detail.
pub(crate) fn signed(index: usize, text: &str, signature: &str) -> Value {
    json!({"type": "reasoning.text", "text": text, "signature": signature, "format": FORMAT,
        "index": index})
}

/// One that it encrypted.
pub(crate) fn encrypted(index: usize, data: &str) -> Value {
    json!({"type": "reasoning.encrypted", "data": data, "format": FORMAT, "index": index})
}

fn detail(detail: &Value) -> Option<Thought<'_>> {
    let format = detail.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| !format.starts_with("anthropic")) {
        return None;
    }
    let text = |name| detail.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "reasoning.text" => Some(Thought::Open {
            index: detail.get("index").and_then(Value::as_u64),
            text: text("text").into(),
            signature: text("signature"),
        }),
        "reasoning.encrypted" => Some(Thought::Redacted(text("data"))),
        _ => None,
    }
}

fn append(block: &mut Value, name: &str, text: &str) {
    if let Value::String(whole) = &mut block[name] {
        whole.push_str(text);
    }
}
