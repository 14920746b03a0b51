//! Gemini's answer in OpenAI's words, in one piece or piece by piece.
//!
//! | Gemini | OpenAI |
//! |---|---|
//! | candidates | `choices` |
//! | text, thoughts | `content`, `reasoning_content` |
//! | calls | `tool_calls`; the signature in `extra_content.google.thought_signature` |
//! | a message's signature | `extra_content.google.thought_signature` of the message |
//! | images | `images: [{"type": "image_url", "image_url": {"url": "data:..."}}]` |
//! | sound | `audio: {"id", "data", "mime_type"}`, `data` in base64 |
//! | a blocked prompt | one choice with `refusal` and `content_filter` |
//!
//! | `finishReason` | `finish_reason` |
//! |---|---|
//! | STOP | stop, or tool_calls where there are any |
//! | MAX_TOKENS | length: a call that the length cut off is not one to carry out |
//! | SAFETY, RECITATION, BLOCKLIST, PROHIBITED_CONTENT, SPII, LANGUAGE, IMAGE_... | content_filter |
//! | others (MALFORMED_FUNCTION_CALL, OTHER, ...) | stop |
//!
//! All but the first two also stand, as Gemini wrote them, in `native_finish_reason`. The end of a
//! choice is told when the whole answer has ended, for parts may follow Gemini's reason.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::random::{SharedRandom, base32};
use serde_json::{Value, json};
use shared::sse;

use super::key::Key;
use super::response::{Call, Candidate, Piece, Said, Usage};
use crate::Error;

/// More candidates than any request can ask for.
const MAX_CHOICES: u32 = 128;

/// Turns what Gemini says into what OpenAI would say.
pub(super) struct Answer {
    random: SharedRandom,
    key: Key,
    id: String,
    created: i64,
    model: String,
    include_usage: bool,
    choices: Vec<Choice>,
    usage: Usage,
    blocked: Option<String>,
}

/// What is known of one choice so far.
#[derive(Default)]
struct Choice {
    index: u32,
    calls: usize,
    /// It said something that a reader sees.
    spoke: bool,
    reason: Option<String>,
    reason_text: Option<String>,
    /// The reason is the prompt's.
    blocked: bool,
}

impl Answer {
    /// `model` is the name where Gemini tells no version; `created` is in seconds.
    pub(super) fn new(
        random: SharedRandom,
        key: Key,
        created: i64,
        model: &str,
        include_usage: bool,
    ) -> Self {
        let id = format!("chatcmpl-{}", base32(&*random, 15));
        Self {
            random,
            key,
            id,
            created,
            model: model.into(),
            include_usage,
            choices: Vec::new(),
            usage: Usage::default(),
            blocked: None,
        }
    }

    /// The whole answer at once.
    pub(super) fn whole(mut self, bytes: &[u8]) -> Result<String, Error> {
        let candidates = self.note(Piece::read(bytes)?)?;
        let random = self.random.clone();
        let mut messages = Vec::new();
        for (index, mut candidate) in candidates {
            let said = candidate.said();
            let choice = self.choice(index, candidate)?;
            let mut message = json!({"role": "assistant", "content": null});
            for said in said {
                choice.note(&said);
                let delta = delta(said, choice, &random);
                absorb(&mut message, delta);
            }
            messages.push(message);
        }
        self.complete()?;
        if self.choices.is_empty() {
            messages.push(json!({"role": "assistant", "content": null}));
        }
        let blocked = self.blocked_choice();
        let choices = self.choices.iter().chain(&blocked).zip(messages);
        let choices = choices.map(|(choice, mut message)| {
            if let Some(refusal) = choice.refusal() {
                message["refusal"] = refusal.into();
            } else if message["content"].is_null() && choice.calls == 0 {
                message["content"] = "".into();
            }
            let logprobs = message
                .as_object_mut()
                .and_then(|fields| fields.shift_remove("logprobs"));
            let mut mapped = json!({"index": choice.index, "message": message});
            if let Some(logprobs) = logprobs {
                mapped["logprobs"] = logprobs;
            }
            choice.end(&mut mapped);
            mapped
        });
        let choices: Vec<Value> = choices.collect();
        let mut answer = json!({
            "id": self.id, "object": "chat.completion", "created": self.created,
            "model": self.model, "choices": choices,
        });
        if let Some(usage) = self.usage.mapped() {
            answer["usage"] = usage;
        }
        Ok(answer.to_string())
    }

    /// Appends to `out` what one event of a stream means.
    pub(super) fn piece(&mut self, json: &str, out: &mut Vec<u8>) -> Result<(), Error> {
        let candidates = self.note(Piece::read(json.as_bytes())?)?;
        for (index, mut candidate) in candidates {
            let known = self.choices.len();
            let said = candidate.said();
            self.choice(index, candidate)?;
            if self.choices.len() > known {
                self.delta(index, json!({"role": "assistant", "content": ""}), out);
            }
            for said in said {
                let choice = self.choices.iter_mut().find(|one| one.index == index);
                let Some(choice) = choice else { continue };
                choice.note(&said);
                let delta = delta(said, choice, &self.random);
                self.delta(index, delta, out);
            }
        }
        Ok(())
    }

    /// Appends to `out` what follows the last event.
    ///
    /// Errors: [`Error::CutShort`] where Gemini has not ended its answer.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.complete()?;
        let blocked = self.blocked_choice();
        if let Some(choice) = blocked {
            self.delta(0, json!({"role": "assistant", "content": ""}), out);
            self.choices.push(choice);
        }
        for choice in &self.choices {
            if let Some(refusal) = choice.refusal() {
                self.delta(choice.index, json!({"refusal": refusal}), out);
            }
            let mut mapped = json!({"index": choice.index, "delta": {}});
            choice.end(&mut mapped);
            self.chunk(json!([mapped]), None, out);
        }
        if let Some(usage) = self.usage.mapped().filter(|_| self.include_usage) {
            self.chunk(json!([]), Some(usage), out);
        }
        sse::encode("", "[DONE]", out);
        Ok(())
    }

    /// Takes note of what a piece says of the whole; gives its candidates with their indices.
    fn note(&mut self, piece: Piece) -> Result<Vec<(u32, Candidate)>, Error> {
        if let Some(error) = piece.error {
            return Err(error.into_error(&self.key));
        }
        if let Some(version) = piece.model_version.filter(|version| !version.is_empty()) {
            self.model = version;
        }
        self.usage.update(piece.usage_metadata);
        self.blocked = self.blocked.take().or(piece.prompt_feedback.block_reason);
        let indexed = (0..).zip(piece.candidates);
        let indexed = indexed.map(|(place, one)| (one.index.unwrap_or(place), one));
        Ok(indexed.collect())
    }

    fn choice(&mut self, index: u32, mut candidate: Candidate) -> Result<&mut Choice, Error> {
        if index >= MAX_CHOICES {
            return Err(Error::Unreadable(format!(
                "it has a candidate {index}, and nobody asks for that many"
            )));
        }
        let known = self.choices.iter().position(|choice| choice.index == index);
        let place = known.unwrap_or_else(|| {
            self.choices.push(Choice {
                index,
                ..Choice::default()
            });
            self.choices.len() - 1
        });
        let choice = &mut self.choices[place];
        choice.reason = candidate.reason().or(choice.reason.take());
        choice.reason_text = candidate.finish_message.or(choice.reason_text.take());
        Ok(choice)
    }

    /// Checks that Gemini has ended its answer.
    fn complete(&mut self) -> Result<(), Error> {
        if let Some(blocked) = &self.blocked {
            // Most often nothing was said before; but a prompt may be judged while it is answered.
            for choice in self.choices.iter_mut().filter(|one| one.reason.is_none()) {
                choice.block(blocked);
            }
        }
        let ended = self.choices.iter().all(|choice| choice.reason.is_some());
        let told = !self.choices.is_empty() || self.blocked.is_some();
        if ended && told {
            Ok(())
        } else {
            Err(Error::CutShort)
        }
    }

    /// What stands for the answer to a prompt that Gemini would not take.
    fn blocked_choice(&self) -> Option<Choice> {
        let blocked = self.blocked.as_ref().filter(|_| self.choices.is_empty())?;
        let mut choice = Choice::default();
        choice.block(blocked);
        Some(choice)
    }

    fn delta(&self, index: u32, mut delta: Value, out: &mut Vec<u8>) {
        let logprobs = delta
            .as_object_mut()
            .and_then(|fields| fields.shift_remove("logprobs"));
        let mut choice = json!({"index": index, "delta": delta, "finish_reason": null});
        if let Some(logprobs) = logprobs {
            choice["logprobs"] = logprobs;
        }
        self.chunk(json!([choice]), None, out);
    }

    fn chunk(&self, choices: Value, usage: Option<Value>, out: &mut Vec<u8>) {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created,
            "model": self.model, "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        sse::encode("", &chunk.to_string(), out);
    }
}

impl Choice {
    fn note(&mut self, said: &Said) {
        match said {
            Said::Call(_) | Said::Text(_) | Said::Image(_) | Said::Audio { .. } => {
                self.spoke = true;
            }
            Said::Thoughts(_) | Said::Signature(_) | Said::Logprobs(_) => {}
        }
    }

    fn block(&mut self, reason: &str) {
        self.blocked = true;
        self.reason = Some(reason.into());
        self.reason_text = Some(format!("Gemini did not take the prompt: {reason}"));
    }

    fn finish_reason(&self) -> &'static str {
        if self.blocked {
            return "content_filter";
        }
        match self.reason.as_deref().unwrap_or_default() {
            "MAX_TOKENS" => "length",
            "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION" => "content_filter",
            _ if self.calls > 0 => "tool_calls",
            _ => "stop",
        }
    }

    /// A text for a choice that was filtered before it said anything.
    fn refusal(&self) -> Option<String> {
        if self.spoke || self.finish_reason() != "content_filter" {
            return None;
        }
        let reason = self.reason.as_deref().unwrap_or_default();
        let text = self.reason_text.clone();
        Some(text.unwrap_or_else(|| format!("Gemini kept its answer back: {reason}")))
    }

    fn end(&self, choice: &mut Value) {
        choice["finish_reason"] = self.finish_reason().into();
        match self.reason.as_deref() {
            None | Some("STOP" | "MAX_TOKENS") => {}
            Some(reason) => choice["native_finish_reason"] = reason.into(),
        }
    }
}

/// What one thing is as a delta of a stream.
fn delta(said: Said, choice: &mut Choice, random: &SharedRandom) -> Value {
    match said {
        Said::Thoughts(thoughts) => json!({"reasoning_content": thoughts}),
        Said::Text(text) => json!({"content": text}),
        Said::Call(call) => json!({"tool_calls": [tool_call(call, choice, random)]}),
        Said::Image(url) => json!({"images": [{"type": "image_url", "image_url": {"url": url}}]}),
        Said::Audio { data, mime_type } => {
            let id = format!("audio_{}", base32(&**random, 15));
            json!({"audio": {"id": id, "data": data, "mime_type": mime_type}})
        }
        Said::Signature(signature) => json!({"extra_content": google(signature)}),
        Said::Logprobs(content) => json!({"logprobs": {"content": content, "refusal": null}}),
    }
}

fn tool_call(call: Call, choice: &mut Choice, random: &SharedRandom) -> Value {
    let index = choice.calls;
    choice.calls += 1;
    let id = call.id;
    let id = id.unwrap_or_else(|| format!("call_{}", base32(&**random, 15)));
    let mut mapped = json!({
        "index": index, "id": id, "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    });
    if let Some(signature) = call.signature {
        mapped["extra_content"] = google(signature);
    }
    mapped
}

fn google(signature: String) -> Value {
    json!({"google": {"thought_signature": signature}})
}

/// Adds a delta to a whole message: texts and lists grow, what else there is replaces.
fn absorb(message: &mut Value, delta: Value) {
    let Value::Object(delta) = delta else { return };
    for (name, value) in delta {
        let known = &mut message[&name];
        match (known, value) {
            (Value::String(known), Value::String(more)) => known.push_str(&more),
            (Value::Array(known), Value::Array(more)) => known.extend(more),
            (known, value) if name == "audio" && known.is_object() => {
                known["data"] = joined(&known["data"], &value["data"]).into();
            }
            (known, value) => *known = value,
        }
    }
}

/// Two pieces of sound as one; base64 can't be put together as text.
fn joined(first: &Value, second: &Value) -> String {
    let bytes = |piece: &Value| STANDARD.decode(piece.as_str()?).ok();
    let pieces = [bytes(first), bytes(second)];
    STANDARD.encode(pieces.into_iter().flatten().collect::<Vec<_>>().concat())
}
