//! What a request asks of the mock: the few OpenAI fields it needs, and the vendor field `mock`.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// Tokens of an answer that asks for no number.
const DEFAULT_TOKENS: u32 = 16;

/// How one request wants to be treated; the vendor field `mock` of its body.
///
/// All fields are optional on the wire. Build one with [`Default`] and struct update syntax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Tokens in the answer.
    pub tokens: u32,
    /// Pause between two tokens, in milliseconds. A call that does not stream waits for all of them.
    pub interval_ms: u64,
    /// Wait before the first token, in milliseconds.
    pub first_token_ms: u64,
    /// Write tokens in batches of some KiB instead of one write per token; ignores `interval_ms`.
    pub burst: bool,
    /// Answer with this status and an OpenAI error body instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Close the connection after this many tokens, mid-body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_after: Option<u32>,
    /// Fall silent after this many tokens, until the client hangs up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall_after: Option<u32>,
    /// Answer with something that is not quite an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub garbage: Option<Garbage>,
    /// Read the request and send nothing, not even a head, until the client hangs up.
    pub never_start: bool,
    /// Put the send time into each chunk, as `"mock":{"seq":n,"t_ns":…}` (`CLOCK_MONOTONIC`, nanoseconds).
    pub stamp: bool,
    /// When a stream carries a usage chunk.
    pub usage: UsageChunk,
    /// Say this instead of tokens; a stream sends it word by word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Think this aloud first, as `reasoning_content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Call these tools, in parallel; says nothing else unless `text` does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Say, as JSON, what the request has in this member (`body`: all of it). In a cue of the prompt only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<String>,
    /// End with this reason instead of `stop` or `tool_calls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
}

/// A call of a tool that the mock shall make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its arguments; they leave as JSON text, as OpenAI does it.
    #[serde(default)]
    pub arguments: serde_json::Value,
}

/// Kinds of answer that no client should have to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Garbage {
    /// Status 200 and an HTML page, as a captive portal sends it.
    Html,
    /// An event stream with malformed lines among good chunks, and mixed line ends.
    BadSse,
    /// An event stream of multi-byte characters, cut inside a character by the write boundaries.
    SplitUtf8,
}

/// When a stream carries a usage chunk before `[DONE]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageChunk {
    /// In every stream.
    #[default]
    Always,
    /// Where the request has `stream_options.include_usage`, as OpenAI does it.
    Asked,
    /// Where it is asked for; every other chunk of that stream then has `"usage":null`, also as OpenAI does it.
    AskedWithNulls,
    /// In none.
    Never,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            tokens: DEFAULT_TOKENS,
            interval_ms: 0,
            first_token_ms: 0,
            burst: false,
            status: None,
            cut_after: None,
            stall_after: None,
            garbage: None,
            never_start: false,
            stamp: false,
            usage: UsageChunk::Always,
            text: None,
            reasoning: None,
            tool_calls: Vec::new(),
            echo: None,
            finish_reason: None,
        }
    }
}

impl Behaviour {
    /// Wait before the first token.
    pub(super) fn before_first_token(&self) -> Duration {
        Duration::from_millis(self.first_token_ms)
    }

    /// Time a call that does not stream takes.
    pub(super) fn whole_answer(&self) -> Duration {
        let between = self.interval_ms * u64::from(self.tokens.saturating_sub(1));
        Duration::from_millis(self.first_token_ms + between)
    }
}

/// The fields of a request body that the mock looks at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask<'a> {
    #[serde(borrow)]
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) stream: bool,
    stream_options: StreamOptions,
    #[serde(rename = "mock")]
    asked: Option<Behaviour>,
    /// What was asked for, or what the mock does unasked: see [`Ask::settle`].
    #[serde(skip)]
    pub(super) mock: Behaviour,
    /// Embeddings: one text or a list of them.
    pub(super) input: Input,
    /// Embeddings: `float` or `base64`.
    #[serde(borrow)]
    encoding_format: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamOptions {
    include_usage: bool,
}

/// The `input` of an embeddings call; only the count matters.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Input {
    #[default]
    Absent,
    Many(Vec<serde::de::IgnoredAny>),
    One(serde::de::IgnoredAny),
}

impl Ask<'_> {
    /// Decides how the request is treated: as it asks, else as the `cue` in its prompt says, else `unasked`.
    pub(super) fn settle(&mut self, cue: Option<Behaviour>, unasked: &Behaviour) {
        let asked = self.asked.take().or(cue);
        self.mock = asked.unwrap_or_else(|| unasked.clone());
    }

    pub(super) fn model(&self) -> &str {
        self.model.as_deref().unwrap_or("mock")
    }

    pub(super) fn wants_usage_chunk(&self) -> bool {
        match self.mock.usage {
            UsageChunk::Always => true,
            UsageChunk::Asked | UsageChunk::AskedWithNulls => self.stream_options.include_usage,
            UsageChunk::Never => false,
        }
    }

    pub(super) fn wants_usage_nulls(&self) -> bool {
        self.mock.usage == UsageChunk::AskedWithNulls && self.stream_options.include_usage
    }

    pub(super) fn wants_base64(&self) -> bool {
        self.encoding_format.as_deref() == Some("base64")
    }

    pub(super) fn input_count(&self) -> usize {
        match &self.input {
            Input::Absent => 0,
            Input::One(_) => 1,
            Input::Many(texts) => texts.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_the_vendor_field_gets_the_defaults() {
        let ask: Ask<'_> =
            serde_json::from_str(r#"{"model":"m","messages":[{"role":"user"}]}"#).unwrap();
        assert_eq!(
            (ask.model(), ask.stream, &ask.mock),
            ("m", false, &Behaviour::default())
        );
    }

    #[test]
    fn a_misspelt_behaviour_is_refused() {
        assert!(serde_json::from_str::<Ask<'_>>(r#"{"mock":{"tokenz":1}}"#).is_err());
    }

    #[test]
    fn a_behaviour_survives_the_wire() {
        let asked = Behaviour {
            tokens: 3,
            garbage: Some(Garbage::SplitUtf8),
            cut_after: Some(2),
            ..Default::default()
        };
        let wire = serde_json::to_string(&asked).unwrap();
        assert_eq!(serde_json::from_str::<Behaviour>(&wire).unwrap(), asked);
    }

    #[test]
    fn inputs_are_counted_one_or_many() {
        let count = |body: &str| serde_json::from_str::<Ask<'_>>(body).unwrap().input_count();
        assert_eq!(count(r#"{"input":"a"}"#), 1);
        assert_eq!(count(r#"{"input":["a","b"]}"#), 2);
        assert_eq!(count("{}"), 0);
    }
}
