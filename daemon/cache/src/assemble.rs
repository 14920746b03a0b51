//! Puts the chunks of a stream together to the answer that would have come whole.
//!
//! Members that we don't know are kept: of those beside the choices the newest counts, lists
//! inside a choice go on. An answer with a member inside a message of which we don't know how its
//! parts belong together is not put together at all: no answer is better than half of one.
//!
//! Source: OpenAI's API reference, "Chat completion chunk object" and "Completion object".

use serde_json::{Map, Value};
use shared::sse::Event;

use crate::merge;

type Object = Map<String, Value>;

/// More choices than this come in no answer; a larger index is nonsense.
const MAX_CHOICES: usize = 128;

/// The whole form of a stream of chat completion chunks; `None` where it isn't one, or its end is
/// missing.
pub(crate) fn chat(events: &[Event]) -> Option<Value> {
    whole(events, "chat.completion", |onto, name, value| {
        match (name, value) {
            ("delta", Value::Object(delta)) => {
                merge::delta(merge::object_at(onto, "message")?, delta)?;
            }
            ("delta", Value::Null) => {}
            ("delta", _) => return None,
            _ => return Some(false),
        }
        Some(true)
    })
    .map(|mut whole| {
        for choice in whole["choices"].as_array_mut().into_iter().flatten() {
            let message = choice
                .as_object_mut()
                .and_then(|c| merge::object_at(c, "message"));
            if let Some(message) = message {
                message.entry("role").or_insert("assistant".into());
                message.entry("content").or_insert(Value::Null);
            }
        }
        whole
    })
}

/// The whole form of a stream of completions; `None` as with [`chat`].
pub(crate) fn completion(events: &[Event]) -> Option<Value> {
    whole(events, "text_completion", |onto, name, value| {
        match (name, value) {
            ("text", Value::String(text)) => merge::append(onto, "text", text),
            ("text", Value::Null) => {}
            _ => return Some(false),
        }
        Some(true)
    })
}

/// `own` takes the members of a choice that are of its kind, and says whether it was one.
fn whole(
    events: &[Event],
    object: &str,
    own: impl Fn(&mut Object, &str, &Value) -> Option<bool>,
) -> Option<Value> {
    let mut whole = Object::new();
    let mut choices: Vec<Object> = Vec::new();
    for event in events {
        let Value::Object(chunk) = serde_json::from_str(&event.data).ok()? else {
            return None;
        };
        for (name, value) in &chunk {
            match (name.as_str(), value) {
                ("choices", Value::Array(parts)) => {
                    for part in parts {
                        choice(&mut choices, part.as_object()?, &own)?;
                    }
                    // It has its place among the others, where the first chunk has it.
                    whole.entry("choices").or_insert(Value::Null);
                }
                ("error", value) if !value.is_null() => return None,
                ("object", _) => {
                    whole.insert(name.clone(), object.into());
                }
                // Padding against listeners, of this chunk's length alone.
                ("obfuscation", _) => {}
                ("usage", Value::Null) => {}
                (_, Value::Null) => {
                    whole.entry(name).or_insert(Value::Null);
                }
                (_, value) => {
                    whole.insert(name.clone(), value.clone());
                }
            }
        }
    }
    let is_ended = |choice: &Object| choice.get("finish_reason").is_some_and(Value::is_string);
    if choices.is_empty() || !choices.iter().all(is_ended) {
        return None;
    }
    whole.insert("choices".into(), choices.into());
    Some(whole.into())
}

fn choice(
    choices: &mut Vec<Object>,
    part: &Object,
    own: &impl Fn(&mut Object, &str, &Value) -> Option<bool>,
) -> Option<()> {
    let index = part.get("index").and_then(Value::as_u64).unwrap_or(0);
    let at = usize::try_from(index).ok().filter(|at| *at < MAX_CHOICES)?;
    while choices.len() <= at {
        let mut new = Object::new();
        new.insert("index".into(), choices.len().into());
        choices.push(new);
    }
    let onto = &mut choices[at];
    for (name, value) in part {
        match (name.as_str(), value) {
            ("index", _) => {}
            ("logprobs", Value::Object(part)) => {
                merge::newest(merge::object_at(onto, name)?, part)?;
            }
            (other, value) if own(onto, other, value)? => {}
            (_, value) => {
                let part = Object::from_iter([(name.clone(), value.clone())]);
                merge::newest(onto, &part)?;
            }
        }
    }
    Some(())
}
