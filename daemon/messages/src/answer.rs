//! A whole chat completion as Anthropic's `Message`.

use serde_json::{Map, Value, json};

use crate::stop::Stop;
use crate::usage::Usage;
use crate::{Unreadable, error, id, pieces, thoughts};

/// The one field of a tool's `input` where the LLM wrote arguments that are no JSON object.
///
/// The tool's own check of its input then fails, and the LLM is told and can mend it; an empty
/// input might be carried out.
pub const UNREADABLE_ARGUMENTS: &str = "unreadable_arguments";

/// The chat completion `body` as a `Message`, which says that it is of `model`.
///
/// Shape: the thoughts, then at most one block of text, then the tool calls in order.
/// Of several choices the first is taken.
/// Errors: [`Unreadable`] where `body` is no chat completion, or is an error.
pub fn from_chat(body: &[u8], model: &str) -> Result<Vec<u8>, Unreadable> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|wrong| Unreadable::NotJson(wrong.to_string()))?;
    if let Some(wrong) = answer.get("error").filter(|wrong| !wrong.is_null()) {
        return Err(Unreadable::IsError(error::text_of(wrong)));
    }
    let choices = answer.get("choices").and_then(Value::as_array);
    let choice = choices
        .and_then(|choices| choices.first())
        .ok_or(Unreadable::NotChat("it has no `choices`"))?;
    let message = choice
        .get("message")
        .filter(|message| message.is_object())
        .ok_or(Unreadable::NotChat("its first choice has no `message`"))?;

    let id = id::message(answer.get("id").and_then(Value::as_str), body);
    let mut stop = Stop::default();
    stop.note(choice);
    let mut content = thoughts::blocks(message);
    let mut text = pieces::text(message).into_owned();
    if let Some(refusal) = pieces::refusal(message) {
        stop.note_refusal();
        text.push_str(refusal);
    }
    if !text.is_empty() {
        content.push(json!({"type": "text", "text": text}));
    }
    let calls = pieces::tool_calls(message);
    let calls = calls.iter().enumerate();
    let calls: Vec<Value> = calls.map(|(n, call)| tool_use(call, &id, n)).collect();
    let (stop_reason, stop_sequence) = stop.to_anthropic(!calls.is_empty());
    content.extend(calls);
    let message = json!({
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "usage": Usage::of(&answer).unwrap_or_default().to_anthropic(),
    });
    Ok(message.to_string().into_bytes())
}

fn tool_use(call: &Value, message_id: &str, n: usize) -> Value {
    let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
    let id = match id {
        "" => id::tool_use(message_id, n),
        id => id.into(),
    };
    let name = call["function"]["name"].as_str().unwrap_or_default();
    let input = input(&pieces::arguments(call));
    json!({"type": "tool_use", "id": id, "name": name, "input": input})
}

/// The object that `arguments` says, be it written twice (JSON in a JSON string).
fn input(arguments: &str) -> Map<String, Value> {
    if arguments.trim().is_empty() {
        return Map::new();
    }
    match serde_json::from_str(arguments) {
        Ok(Value::Object(input)) => return input,
        Ok(Value::Null) => return Map::new(),
        Ok(Value::String(inner)) => {
            if let Ok(Value::Object(input)) = serde_json::from_str(&inner) {
                return input;
            }
        }
        _ => {}
    }
    Map::from_iter([(UNREADABLE_ARGUMENTS.into(), arguments.into())])
}
