//! Tokens used: OpenAI counts those read from and written to a cache into the prompt, Anthropic
//! beside it.

use serde_json::{Value, json};

/// The tokens of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Of the prompt, the cached ones and those written to the cache included.
    prompt: u64,
    cached: u64,
    written: u64,
    output: u64,
}

impl Usage {
    /// The `usage` of an answer or a chunk; `None` where it has none.
    pub(crate) fn of(answer: &Value) -> Option<Self> {
        let usage = answer.get("usage").filter(|usage| usage.is_object())?;
        let count = |pointer| usage.pointer(pointer).and_then(Value::as_u64);
        Some(Self {
            prompt: count("/prompt_tokens").unwrap_or_default(),
            cached: count("/prompt_tokens_details/cached_tokens").unwrap_or_default(),
            // OpenRouter's name, and that of our provider for Anthropic.
            written: count("/prompt_tokens_details/cache_write_tokens").unwrap_or_default(),
            output: count("/completion_tokens").unwrap_or_default(),
        })
    }

    /// In Anthropic's words.
    pub(crate) fn to_anthropic(self) -> Value {
        let beside = self.cached.saturating_add(self.written);
        json!({
            "input_tokens": self.prompt.saturating_sub(beside),
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.cached,
            "output_tokens": self.output,
        })
    }
}
