//! Ollama's answer in OpenAI's words, in one piece or line by line.
//!
//! One line may carry text, thoughts, tool calls and the end all at once: each becomes its own
//! chunk, in this order: thoughts, text, tool calls, end.

use kit::random::{SharedRandom, base32};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::error_body::{ErrorBody, code};
use shared::sse;
use shared::timestamp::Timestamp;

use crate::Error;

/// Turns what Ollama says into what OpenAI would say.
pub(super) struct Answer {
    random: SharedRandom,
    id: String,
    chat: bool,
    include_usage: bool,
    role_said: bool,
    tool_calls: usize,
}

/// How a stream stands after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More will come.
    More,
    /// The answer is complete, or was ended by an error that the caller has been told.
    Over,
}

/// A line of `/api/chat` or `/api/generate`.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    model: String,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    message: Message,
    response: Option<String>,
    thinking: Option<String>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: u64,
    #[serde(default)]
    eval_count: u64,
    error: Option<String>,
}

#[derive(Default, Deserialize)]
struct Message {
    content: Option<String>,
    thinking: Option<String>,
    #[serde(default)]
    tool_calls: Vec<ToolCall>,
}

#[derive(Deserialize)]
struct ToolCall {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

impl Line {
    fn read(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|wrong| {
            Error::Unreadable(format!("a line of it is not what Ollama sends ({wrong})"))
        })
    }

    fn thoughts(&mut self) -> Option<String> {
        let thoughts = self.message.thinking.take().or(self.thinking.take());
        thoughts.filter(|thoughts| !thoughts.is_empty())
    }

    fn text(&mut self) -> Option<String> {
        let text = self.message.content.take().or(self.response.take());
        text.filter(|text| !text.is_empty())
    }

    fn usage(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt_eval_count,
            "completion_tokens": self.eval_count,
            "total_tokens": self.prompt_eval_count.saturating_add(self.eval_count),
        })
    }

    fn created(&self) -> i64 {
        let at: Result<Timestamp, _> = self.created_at.parse();
        at.map(|at| at.as_millis() / 1000).unwrap_or_default()
    }
}

impl Answer {
    /// `prefix` begins the answer's id; `chat` or else a completion.
    pub(super) fn new(random: SharedRandom, prefix: &str, chat: bool, include_usage: bool) -> Self {
        let id = format!("{prefix}-{}", base32(&*random, 15));
        Self {
            random,
            id,
            chat,
            include_usage,
            role_said: false,
            tool_calls: 0,
        }
    }

    /// The whole answer at once.
    pub(super) fn whole(mut self, bytes: &[u8]) -> Result<String, Error> {
        let mut line = Line::read(bytes)?;
        if let Some(message) = line.error {
            return Err(Error::Refused {
                status: 500,
                message,
            });
        }
        if !line.done {
            return Err(Error::CutShort);
        }
        let (thoughts, text) = (line.thoughts(), line.text());
        let calls = std::mem::take(&mut line.message.tool_calls);
        let calls: Vec<Value> = calls.into_iter().map(|call| self.tool_call(call)).collect();
        let mut choice = json!({"index": 0});
        if self.chat {
            let content = match &text {
                None if !calls.is_empty() => Value::Null,
                _ => text.unwrap_or_default().into(),
            };
            let mut message = json!({"role": "assistant", "content": content});
            if let Some(thoughts) = thoughts {
                message["reasoning_content"] = thoughts.into();
            }
            if !calls.is_empty() {
                message["tool_calls"] = calls.into();
            }
            choice["message"] = message;
        } else {
            choice["text"] = text.unwrap_or_default().into();
        }
        choice["finish_reason"] = self.finish_reason(&line).into();
        let object = if self.chat {
            "chat.completion"
        } else {
            "text_completion"
        };
        let answer = json!({
            "id": self.id, "object": object, "created": line.created(), "model": line.model,
            "choices": [choice], "usage": line.usage(),
        });
        Ok(answer.to_string())
    }

    /// Appends to `out` what `line` means.
    pub(super) fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(Progress::More);
        }
        let mut line = Line::read(line)?;
        if let Some(message) = &line.error {
            let error = ErrorBody::new(502, code::PROVIDER_ERROR, format!("Ollama: {message}"));
            sse::encode("error", &error.to_json(), out);
            return Ok(Progress::Over);
        }
        if self.chat && !std::mem::replace(&mut self.role_said, true) {
            let first = json!({"role": "assistant", "content": ""});
            self.delta(&line, first, out);
        }
        if self.chat {
            if let Some(thoughts) = line.thoughts() {
                self.delta(&line, json!({"reasoning_content": thoughts}), out);
            }
            if let Some(text) = line.text() {
                self.delta(&line, json!({"content": text}), out);
            }
            for call in std::mem::take(&mut line.message.tool_calls) {
                let call = self.tool_call(call);
                self.delta(&line, json!({"tool_calls": [call]}), out);
            }
        } else if let Some(text) = line.text() {
            self.delta(&line, text.into(), out);
        }
        if !line.done {
            return Ok(Progress::More);
        }
        let nothing = if self.chat { json!({}) } else { json!("") };
        let reason = self.finish_reason(&line);
        let choices = json!([self.choice(nothing, Some(reason))]);
        self.chunk(&line, choices, None, out);
        if self.include_usage {
            self.chunk(&line, json!([]), Some(line.usage()), out);
        }
        sse::encode("", "[DONE]", out);
        Ok(Progress::Over)
    }

    fn tool_call(&mut self, call: ToolCall) -> Value {
        let index = self.tool_calls;
        self.tool_calls += 1;
        let id = call.id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("call_{}", base32(&*self.random, 15)));
        let arguments = match call.function.arguments {
            Value::String(text) => text,
            Value::Null => "{}".into(),
            object => object.to_string(),
        };
        json!({
            "index": index, "id": id, "type": "function",
            "function": {"name": call.function.name, "arguments": arguments},
        })
    }

    fn finish_reason(&self, line: &Line) -> &'static str {
        match line.done_reason.as_deref() {
            // A call that the length cut off is not one to carry out.
            Some("length") => "length",
            _ if self.tool_calls > 0 => "tool_calls",
            _ => "stop",
        }
    }

    fn delta(&self, line: &Line, delta: Value, out: &mut Vec<u8>) {
        let choices = json!([self.choice(delta, None)]);
        self.chunk(line, choices, None, out);
    }

    fn choice(&self, delta: Value, finish_reason: Option<&str>) -> Value {
        let name = if self.chat { "delta" } else { "text" };
        json!({"index": 0, name: delta, "finish_reason": finish_reason})
    }

    fn chunk(&self, line: &Line, choices: Value, usage: Option<Value>, out: &mut Vec<u8>) {
        let object = if self.chat {
            "chat.completion.chunk"
        } else {
            "text_completion"
        };
        let mut chunk = json!({
            "id": self.id, "object": object, "created": line.created(), "model": line.model,
            "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        sse::encode("", &chunk.to_string(), out);
    }
}

#[cfg(test)]
mod tests {
    use kit::random::SeededRandom;

    use super::*;

    fn answer(chat: bool) -> Answer {
        Answer::new(SeededRandom::new(1), "id", chat, true)
    }

    #[test]
    fn a_whole_answer_with_a_tool_call_cut_by_the_length_says_so() {
        let theirs = json!({
            "model": "m", "created_at": "2026-11-21T09:30:00.5Z", "done": true, "done_reason": "length",
            "message": {"role": "assistant", "content": "", "thinking": "hm",
                "tool_calls": [{"function": {"name": "f", "arguments": {"b": 1, "a": 2}}}]},
            "prompt_eval_count": 3, "eval_count": 4,
        });
        let ours = answer(true).whole(theirs.to_string().as_bytes()).unwrap();
        let ours: Value = serde_json::from_str(&ours).unwrap();
        let choice = &ours["choices"][0];
        assert_eq!(choice["finish_reason"], "length");
        assert_eq!(choice["message"]["content"], Value::Null);
        assert_eq!(choice["message"]["reasoning_content"], "hm");
        let call = &choice["message"]["tool_calls"][0];
        assert_eq!(call["function"]["arguments"], r#"{"b":1,"a":2}"#);
        assert!(call["id"].as_str().unwrap().starts_with("call_"));
        assert_eq!(ours["created"], 1_795_253_400);
        assert_eq!(ours["usage"]["total_tokens"], 7);
    }

    #[test]
    fn counts_without_measure_are_told_and_not_summed_past_the_end() {
        let line = json!({"model": "m", "done": true, "message": {"content": "x"},
            "prompt_eval_count": u64::MAX, "eval_count": 9});
        let whole = answer(true).whole(line.to_string().as_bytes()).unwrap();
        let whole: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(whole["usage"]["total_tokens"], u64::MAX);
    }

    #[test]
    fn a_whole_answer_that_is_not_done_is_cut_short() {
        let cut = answer(true).whole(br#"{"message":{"content":"half"},"done":false}"#);
        assert!(matches!(cut, Err(Error::CutShort)));
        let refused = answer(true).whole(br#"{"error":"out of memory"}"#);
        assert!(
            matches!(refused, Err(Error::Refused { message, .. }) if message.contains("memory"))
        );
    }

    #[test]
    fn a_completion_has_text() {
        let theirs = br#"{"model":"m","response":"hi","done":true,"done_reason":"stop"}"#;
        let ours = answer(false).whole(theirs).unwrap();
        let ours: Value = serde_json::from_str(&ours).unwrap();
        assert_eq!(ours["object"], "text_completion");
        assert_eq!(ours["choices"][0]["text"], "hi");
        let mut out = Vec::new();
        assert_eq!(
            answer(false).line(theirs, &mut out).unwrap(),
            Progress::Over
        );
        assert!(String::from_utf8(out).unwrap().contains(r#""text":"hi""#));
    }
}
