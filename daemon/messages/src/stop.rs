//! Why an answer ended, in Anthropic's words.
//!
//! | OpenAI's `finish_reason` | Anthropic's `stop_reason` |
//! |---|---|
//! | `stop` | `end_turn`; `stop_sequence` where the LLM names it; `tool_use` after tool calls |
//! | `length` | `max_tokens`, after tool calls too: the last one may be cut |
//! | `tool_calls`, `function_call` | `tool_use` |
//! | `content_filter`, or a `refusal` | `refusal` |
//! | none, or another | as `stop` |

use serde_json::Value;

/// What was said of the end so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stop {
    reason: Option<String>,
    sequence: Option<String>,
    refused: bool,
}

impl Stop {
    /// Takes note of what a choice says of its end.
    pub(crate) fn note(&mut self, choice: &Value) {
        let text = |field| choice.get(field).and_then(Value::as_str);
        if let Some(reason) = text("finish_reason").filter(|reason| !reason.is_empty()) {
            self.reason = Some(reason.into());
            // vLLM's and SGLang's names for the sequence; a number there is a token's id.
            let sequence = text("stop_reason").or_else(|| text("matched_stop"));
            self.sequence = sequence.filter(|text| !text.is_empty()).map(Into::into);
        }
    }

    /// The LLM wrote a refusal.
    pub(crate) fn note_refusal(&mut self) {
        self.refused = true;
    }

    /// `stop_reason` and `stop_sequence`; `tools` where the answer holds tool calls.
    pub(crate) fn to_anthropic(&self, tools: bool) -> (&'static str, Option<&str>) {
        match self.reason.as_deref() {
            _ if self.refused => ("refusal", None),
            Some("length") => ("max_tokens", None),
            Some("content_filter") => ("refusal", None),
            Some("tool_calls" | "function_call") => ("tool_use", None),
            // Several servers say `stop` after a call.
            _ if tools => ("tool_use", None),
            Some("stop") if self.sequence.is_some() => ("stop_sequence", self.sequence.as_deref()),
            _ => ("end_turn", None),
        }
    }
}
