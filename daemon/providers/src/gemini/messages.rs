//! OpenAI's `messages` as `contents` and `systemInstruction`.
//!
//! | OpenAI | Gemini |
//! |---|---|
//! | system, developer | a part of `systemInstruction`; the user's turn where there is no other |
//! | user; assistant | role `user`; role `model`; neighbours of one role become one turn |
//! | `tool_calls` | `functionCall` parts with their ids |
//! | tool, function | a `functionResponse` part; what is not a JSON object becomes `{"output": ...}` |
//! | `tool_calls[].extra_content.google.thought_signature` | `thoughtSignature` of that call |
//! | `extra_content.google.thought_signature` of a message | `thoughtSignature` of its last text |
//!
//! `extra_content` is where Google's own OpenAI endpoint puts signatures, and where answers of
//! ours carry them. Gemini 3 refuses a call that has lost its signature; where no call of a
//! message has one, the first gets the text that Google documents for such histories. Thoughts
//! (`reasoning_content`) are not sent back: Gemini takes signatures instead.
//!
//! Source: ai.google.dev, "Thought signatures"; `Content` of google.ai.generativelanguage.v1beta.

use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use super::parts;
use crate::Error;

/// Where a message or a call carries its signature.
const SIGNATURE: &str = "/extra_content/google/thought_signature";
/// What Google documents for a call whose signature is not known.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// A conversation in Gemini's words, while it is being read.
#[derive(Default)]
pub(super) struct Conversation {
    system: Vec<Value>,
    turns: Vec<(&'static str, Vec<Value>)>,
    /// Ids and names of the calls seen so far.
    calls: Vec<(String, String)>,
    wants_signatures: bool,
}

/// Puts the messages of `asked` into `body`.
pub(super) fn map(
    asked: &mut Asked,
    wants_signatures: bool,
    body: &mut Map<String, Value>,
) -> Result<(), Error> {
    let Some(Value::Array(messages)) = asked.take("messages") else {
        return Err(bad("`messages` must be an array"));
    };
    let mut conversation = Conversation {
        wants_signatures,
        ..Conversation::default()
    };
    for message in &messages {
        conversation.read(message, asked)?;
    }
    let Conversation {
        mut system,
        mut turns,
        ..
    } = conversation;
    if turns.is_empty() {
        if system.is_empty() {
            return Err(bad("no message has any content"));
        }
        turns.push(("user", std::mem::take(&mut system)));
    }
    if !system.is_empty() {
        body.insert("systemInstruction".into(), json!({"parts": system}));
    }
    let contents = turns.into_iter();
    let contents = contents.map(|(role, parts)| json!({"role": role, "parts": parts}));
    body.insert("contents".into(), contents.collect());
    Ok(())
}

impl Conversation {
    fn read(&mut self, message: &Value, asked: &mut Asked) -> Result<(), Error> {
        if !message.is_object() {
            return Err(bad("every message must be an object"));
        }
        let said = parts::read(&message["content"], asked)?;
        match message["role"].as_str() {
            Some("system" | "developer") => {
                if said.iter().any(|part| part.get("text").is_none()) {
                    return Err(bad("a system message may hold text only"));
                }
                self.system.extend(said);
            }
            Some("user") => self.turn("user", said),
            Some("assistant") => {
                let parts = self.model(message, said, asked)?;
                self.turn("model", parts);
            }
            Some("tool" | "function") => {
                let parts = self.result(message, said)?;
                self.turn("user", parts);
            }
            Some(other) => return Err(bad(&format!("it has no role `{other}`"))),
            None => return Err(bad("a message has no `role`")),
        }
        Ok(())
    }

    fn turn(&mut self, role: &'static str, parts: Vec<Value>) {
        match self.turns.last_mut() {
            _ if parts.is_empty() => {}
            Some((last, turn)) if *last == role => turn.extend(parts),
            _ => self.turns.push((role, parts)),
        }
    }

    fn model(
        &mut self,
        message: &Value,
        said: Vec<Value>,
        asked: &mut Asked,
    ) -> Result<Vec<Value>, Error> {
        let mut parts = said;
        if let Some(refusal) = message["refusal"].as_str().filter(|text| !text.is_empty()) {
            parts.push(json!({"text": refusal}));
        }
        if let Some(signature) = message.pointer(SIGNATURE) {
            let last = parts.iter_mut().rfind(|part| part.get("text").is_some());
            match last {
                Some(last) => last["thoughtSignature"] = signature.clone(),
                None => parts.push(json!({"text": "", "thoughtSignature": signature})),
            }
        }
        parts.extend(parts::read(&message["images"], asked)?);
        let calls = message["tool_calls"].as_array();
        let calls = calls.map_or(&[][..], Vec::as_slice);
        let unsigned = calls.iter().all(|call| call.pointer(SIGNATURE).is_none());
        for (index, call) in calls.iter().enumerate() {
            let mut part = self.call(call)?;
            if let Some(signature) = call.pointer(SIGNATURE) {
                part["thoughtSignature"] = signature.clone();
            } else if self.wants_signatures && unsigned && index == 0 {
                part["thoughtSignature"] = NO_SIGNATURE.into();
            }
            parts.push(part);
        }
        Ok(parts)
    }

    /// OpenAI writes the arguments as a text of JSON, Gemini as an object.
    fn call(&mut self, call: &Value) -> Result<Value, Error> {
        let function = &call["function"];
        let Some(name) = function["name"].as_str() else {
            return Err(bad("a call in `tool_calls` has no function name"));
        };
        let arguments = match &function["arguments"] {
            Value::String(text) if text.trim().is_empty() => json!({}),
            Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
            Value::Null => json!({}),
            other => other.clone(),
        };
        if !arguments.is_object() {
            return Err(bad(&format!(
                "the arguments of a call of `{name}` are not a JSON object"
            )));
        }
        let mut mapped = json!({"name": name, "args": arguments});
        if let Some(id) = call["id"].as_str() {
            self.calls.push((id.into(), name.into()));
            mapped["id"] = id.into();
        }
        Ok(json!({"functionCall": mapped}))
    }

    fn result(&self, message: &Value, said: Vec<Value>) -> Result<Vec<Value>, Error> {
        let id = message["tool_call_id"].as_str();
        let called = self.calls.iter().rev();
        let called = called.into_iter().find(|(known, _)| Some(&**known) == id);
        let name = match called {
            Some((_, name)) => name.as_str(),
            None => message["name"].as_str().ok_or_else(|| {
                bad("a tool message answers no call: its `tool_call_id` is not among `tool_calls`")
            })?,
        };
        let (texts, others): (Vec<Value>, Vec<Value>) = said
            .into_iter()
            .partition(|part| part.get("text").is_some());
        let texts = texts.iter().filter_map(|part| part["text"].as_str());
        let text = texts.collect::<Vec<_>>().join("\n");
        let response = match serde_json::from_str(&text) {
            Ok(Value::Object(object)) => Value::Object(object),
            _ => json!({"output": text}),
        };
        let mut mapped = json!({"name": name, "response": response});
        if called.is_some() {
            mapped["id"] = id.into();
        }
        let mut parts = vec![json!({"functionResponse": mapped})];
        parts.extend(others);
        Ok(parts)
    }
}
