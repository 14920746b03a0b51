//! How the parts of a chunk are put onto those that came before.

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The members of a delta whose strings are pieces of one text.
const TEXTS: [&str; 4] = ["content", "refusal", "reasoning", "reasoning_content"];

/// Puts a delta onto a message; `None` where it has a member of which we don't know how.
pub(crate) fn delta(message: &mut Object, delta: &Object) -> Option<()> {
    for (name, part) in delta {
        match (name.as_str(), part) {
            (_, Value::Null) => {
                message.entry(name).or_insert(Value::Null);
            }
            ("role", Value::String(_)) => {
                message.insert(name.clone(), part.clone());
            }
            (text, Value::String(part)) if TEXTS.contains(&text) => append(message, name, part),
            ("tool_calls", Value::Array(parts)) => tool_calls(message, parts)?,
            ("function_call", Value::Object(part)) => {
                call(object_at(message, name)?, part, "arguments");
            }
            // Annotations, details of reasoning: lists go on.
            (_, Value::Array(parts)) => extend(message, name, parts)?,
            _ => return None,
        }
    }
    Some(())
}

/// Puts members onto others of which lists go on and everything else is told anew.
pub(crate) fn newest(onto: &mut Object, part: &Object) -> Option<()> {
    for (name, value) in part {
        match value {
            Value::Array(parts) => extend(onto, name, parts)?,
            Value::Null => {
                onto.entry(name).or_insert(Value::Null);
            }
            value => {
                onto.insert(name.clone(), value.clone());
            }
        }
    }
    Some(())
}

/// The object called `name`, made where there is none.
pub(crate) fn object_at<'a>(within: &'a mut Object, name: &str) -> Option<&'a mut Object> {
    let value = within.entry(name).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Object::new());
    }
    value.as_object_mut()
}

/// Appends to the text called `name`.
pub(crate) fn append(within: &mut Object, name: &str, part: &str) {
    match within.get_mut(name) {
        Some(Value::String(text)) => text.push_str(part),
        _ => {
            within.insert(name.into(), part.into());
        }
    }
}

fn extend(within: &mut Object, name: &str, parts: &[Value]) -> Option<()> {
    let value = within.entry(name).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut()?.extend(parts.iter().cloned());
    Some(())
}

/// Tool calls are told in pieces that name their `index`; where a server leaves it out, a piece
/// with an id begins a call.
fn tool_calls(message: &mut Object, parts: &[Value]) -> Option<()> {
    extend(message, "tool_calls", &[])?;
    let calls = message.get_mut("tool_calls")?.as_array_mut()?;
    for part in parts {
        let part = part.as_object()?;
        let begins = part.get("id").is_some_and(|id| !id.is_null());
        let last = calls.len().checked_sub(1);
        let at = match part.get("index").and_then(Value::as_u64) {
            Some(index) => usize::try_from(index).ok()?,
            None if begins => calls.len(),
            None => last?,
        };
        // Calls come in order; a gap would be a call that we never saw.
        if at > calls.len() {
            return None;
        }
        if at == calls.len() {
            calls.push(Value::Object(Object::new()));
        }
        let onto = calls[at].as_object_mut()?;
        for (name, value) in part {
            match (name.as_str(), value) {
                ("index", _) => {}
                ("function", Value::Object(part)) => {
                    call(object_at(onto, name)?, part, "arguments")
                }
                ("custom", Value::Object(part)) => call(object_at(onto, name)?, part, "input"),
                (_, Value::Null) => {}
                // Some servers repeat them empty.
                (_, Value::String(text)) if text.is_empty() && onto.contains_key(name) => {}
                (_, value) => {
                    onto.insert(name.clone(), value.clone());
                }
            }
        }
    }
    Some(())
}

/// The called thing: its name is told once, its arguments in pieces.
fn call(onto: &mut Object, part: &Object, pieces: &str) {
    for (name, value) in part {
        match value {
            Value::String(part) if name == pieces => append(onto, name, part),
            Value::Null => {}
            Value::String(part) if part.is_empty() && onto.contains_key(name) => {}
            value => {
                onto.insert(name.clone(), value.clone());
            }
        }
    }
}
