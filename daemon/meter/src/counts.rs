//! The numbers of a usage object, in the words of every dialect we know.
//!
//! Sources: OpenAI's API reference (chat completions, responses), Anthropic's (messages); DeepSeek
//! and Moonshot for their names of cached tokens.

use serde_json::Value;
use shared::usage::Tokens;

use crate::Dialect;

/// A count above it is no count: JSON numbers are exact up to here.
const MAX_COUNT: u64 = 1 << 53;

/// What was read so far; a number that no usage told yet is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    cached: Option<u64>,
    cache_written: Option<u64>,
    reasoning: Option<u64>,
    is_anthropic: bool,
}

impl Counts {
    /// Takes a `usage` object over. Anthropic's come in parts, so numbers that this one does not
    /// tell stay; of everyone else the last one counts alone. What is no usage changes nothing.
    pub(crate) fn take(&mut self, dialect: Dialect, usage: &[u8]) {
        let Ok(Value::Object(usage)) = serde_json::from_slice(usage) else {
            return;
        };
        let usage = Value::Object(usage);
        let is_anthropic = dialect == Dialect::Messages;
        let mut read = Self::read(&usage, is_anthropic);
        if read.input.is_none() && read.output.is_none() {
            return;
        }
        if is_anthropic {
            read = Self {
                input: read.input.or(self.input),
                output: read.output.or(self.output),
                cached: read.cached.or(self.cached),
                cache_written: read.cache_written.or(self.cache_written),
                reasoning: read.reasoning.or(self.reasoning),
                is_anthropic,
            };
        }
        *self = read;
    }

    fn read(usage: &Value, is_anthropic: bool) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| count(usage.pointer(name)));
        let input = first(&["/prompt_tokens", "/input_tokens"]);
        let mut output = first(&["/completion_tokens", "/output_tokens"]);
        let total = first(&["/total_tokens"]);
        let reasoning = first(&[
            "/completion_tokens_details/reasoning_tokens",
            "/output_tokens_details/reasoning_tokens",
            "/reasoning_tokens",
        ]);
        // xAI counts reasoning beside the completion; its total gives it away.
        if let (Some(i), Some(o), Some(r), Some(total)) = (input, output, reasoning, total)
            && r > 0
            && total == i + o + r
        {
            output = Some(o + r);
        }
        Self {
            // Embeddings and rerank of some servers tell a total alone.
            input: input.or(if output.is_none() { total } else { None }),
            output,
            cached: first(&[
                "/prompt_tokens_details/cached_tokens",
                "/input_tokens_details/cached_tokens",
                "/prompt_cache_hit_tokens",
                "/cached_tokens",
                "/cache_read_input_tokens",
            ]),
            cache_written: first(&["/cache_creation_input_tokens"]),
            reasoning,
            is_anthropic,
        }
    }

    /// The sums; `None` where no usage was told.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let cached = self.cached.unwrap_or(0);
        let mut input = self.input.unwrap_or(0);
        if self.is_anthropic {
            // Anthropic's `input_tokens` are those that no cache had.
            input += cached + self.cache_written.unwrap_or(0);
        }
        Some(Tokens {
            input,
            output: self.output.unwrap_or(0),
            cached: cached.min(input),
            reasoning: self.reasoning.unwrap_or(0),
        })
    }
}

/// A count, however it is written (`12`, `12.0`); what is absurd is none.
fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    let whole = |number: f64| {
        (number.fract() == 0.0 && (0.0..=MAX_COUNT as f64).contains(&number))
            .then_some(number as u64)
    };
    let number = value.as_u64().or_else(|| value.as_f64().and_then(whole))?;
    (number <= MAX_COUNT).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, usages: &[&str]) -> Option<(u64, u64, u64, u64)> {
        let mut counts = Counts::default();
        for usage in usages {
            counts.take(dialect, usage.as_bytes());
        }
        let sum = counts.tokens()?;
        Some((sum.input, sum.output, sum.cached, sum.reasoning))
    }

    #[test]
    fn every_dialect_is_understood() {
        let openai = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,
            "prompt_tokens_details":{"cached_tokens":4},
            "completion_tokens_details":{"reasoning_tokens":3}}"#;
        let responses = r#"{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},
            "output_tokens":5,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":15}"#;
        let deepseek = r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":4,
            "prompt_cache_miss_tokens":6,"completion_tokens_details":{"reasoning_tokens":3}}"#;
        let xai = r#"{"prompt_tokens":10,"completion_tokens":2,"total_tokens":15,
            "prompt_tokens_details":{"cached_tokens":4},
            "completion_tokens_details":{"reasoning_tokens":3}}"#;
        for usage in [openai, responses, deepseek, xai] {
            assert_eq!(
                read(Dialect::Chat, &[usage]),
                Some((10, 5, 4, 3)),
                "{usage}"
            );
        }
        let vllm = r#"{"prompt_tokens":7,"total_tokens":9,"completion_tokens":2,
            "prompt_tokens_details":null}"#;
        assert_eq!(read(Dialect::Chat, &[vllm]), Some((7, 2, 0, 0)));
        assert_eq!(
            read(Dialect::Other, &[r#"{"total_tokens":9}"#]),
            Some((9, 0, 0, 0))
        );
    }

    #[test]
    fn anthropics_parts_are_put_together_and_its_cache_is_input() {
        let start = r#"{"input_tokens":3,"cache_creation_input_tokens":20,
            "cache_read_input_tokens":100,"output_tokens":1}"#;
        let delta = r#"{"output_tokens":42}"#;
        assert_eq!(
            read(Dialect::Messages, &[start, delta]),
            Some((123, 42, 100, 0))
        );
    }

    #[test]
    fn the_last_usage_counts_and_nonsense_is_ignored() {
        let first = r#"{"prompt_tokens":5,"completion_tokens":1}"#;
        let last = r#"{"prompt_tokens":5,"completion_tokens":2.0}"#;
        assert_eq!(
            read(Dialect::Chat, &[first, last, "{}", "null", "{\"prompt"]),
            Some((5, 2, 0, 0))
        );
        let absurd = r#"{"prompt_tokens":-5,"completion_tokens":9007199254740993}"#;
        assert_eq!(read(Dialect::Chat, &[absurd]), None);
        let half = r#"{"prompt_tokens":"7","completion_tokens":1e3,"cached_tokens":1.5}"#;
        assert_eq!(read(Dialect::Chat, &[half]), Some((0, 1000, 0, 0)));
    }
}
