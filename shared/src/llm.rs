//! The LLM resource: a name that one can call.
//!
//! A *public* LLM is called by mcpd over HTTP with a key it holds; a *virtual* LLM is a publisher's
//! provider, called through the publisher's channel.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::document::{BadDocument, Document, spread};
use crate::name::Name;
use crate::span::Span;
use crate::timestamp::Timestamp;

/// The resource's kind in its envelope.
pub const KIND: &str = "Llm";

/// An LLM as it travels: envelope, [`LlmSpec`] and [`LlmStatus`].
pub type Llm = Document<LlmSpec, LlmStatus>;

/// How an LLM is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum LlmKind {
    /// By mcpd, over HTTP.
    #[default]
    Public,
    /// Through a publisher's channel.
    Virtual,
}

/// The dialect that a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// Any OpenAI-compatible server: vLLM, llama.cpp, LM Studio, OpenAI itself.
    OpenAi,
    /// Ollama's native API.
    Ollama,
    /// Anthropic's Messages API.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
    /// OpenRouter (OpenAI-compatible, with its own extras).
    OpenRouter,
    /// Built in: answers with the prompt's words.
    Demo,
}

/// Where an LLM is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// May be called now.
    #[default]
    Active,
    /// Nobody serves it now.
    Inactive,
    /// Its publisher can wake it.
    Hibernating,
}

macro_rules! text_of {
    ($type:ty { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $type {
            /// The value as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownValue;

            fn from_str(text: &str) -> Result<Self, UnknownValue> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownValue {
                        found: text.escape_debug().to_string(),
                        allowed: &[$($text),+],
                    }),
                }
            }
        }
    };
}

text_of!(LlmKind { Public => "public", Virtual => "virtual" });
text_of!(BreakerState { Closed => "closed", Open => "open", Probing => "probing" });
text_of!(Phase { Active => "active", Inactive => "inactive", Hibernating => "hibernating" });
text_of!(ProviderType {
    OpenAi => "openai",
    Ollama => "ollama",
    Anthropic => "anthropic",
    Gemini => "gemini",
    OpenRouter => "openrouter",
    Demo => "demo",
});

impl ProviderType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::OpenAi,
        Self::Ollama,
        Self::Anthropic,
        Self::Gemini,
        Self::OpenRouter,
        Self::Demo,
    ];

    /// Where this type is served when nobody says otherwise: by its vendor, or on the caller's own
    /// machine. `None` for the demo, which is built in.
    ///
    /// Source: each vendor's API reference.
    pub const fn default_url(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Ollama => Some("http://127.0.0.1:11434"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com"),
            Self::OpenRouter => Some("https://openrouter.ai/api/v1"),
            Self::Demo => None,
        }
    }
}

/// A text outside a closed set of values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is none of {}", allowed.join(", "))]
pub struct UnknownValue {
    found: String,
    allowed: &'static [&'static str],
}

/// What is wanted of an LLM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LlmSpec {
    /// Public or virtual.
    #[serde(default)]
    pub kind: LlmKind,
    /// The provider's dialect.
    #[serde(rename = "type")]
    pub provider_type: ProviderType,
    /// The provider's own model id.
    pub model: String,
    /// A routing hint: `fast`, `balanced`, `heavy`, or a word of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Base URL, such as `https://api.openai.com/v1`. Public rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where the API key is kept. Public rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretRef>,
    /// What the model can do: `chat`, `stream`, `tools`, `vision`, `embeddings`, `reasoning`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// The context window, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u32>,
    /// Requests that may run at once. Default: 256 ([`DEFAULT_MAX_CONCURRENCY`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// Requests that may wait for a slot. Default: 32 ([`DEFAULT_MAX_QUEUE`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_queue: Option<u32>,
    /// When failures take it out of rotation. Default: 3 failures in a row, for
    /// 5m ([`Breaker::default`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    /// `false` where the provider refuses `stream_options`, by which streams tell their usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_usage: Option<bool>,
    /// How long a hibernating provider may take to wake. Default: 2m
    /// ([`DEFAULT_WAKE_TIMEOUT`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_timeout: Option<Span>,
    /// Fields of a newer writer, or of the user.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// When failures take an LLM out of rotation, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Breaker {
    /// Failures in a row that open it. At least 1.
    pub failures: u32,
    /// How long it stays open before one request probes.
    pub open_for: Span,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: 3,
            open_for: Span(Duration::from_secs(300)),
        }
    }
}

/// What a provider may take to wake where its row does not say.
pub const DEFAULT_WAKE_TIMEOUT: Duration = Duration::from_secs(120);
/// Requests in flight per LLM where its row does not say.
pub const DEFAULT_MAX_CONCURRENCY: u32 = 256;
/// Requests waiting per LLM where its row does not say.
pub const DEFAULT_MAX_QUEUE: u32 = 32;

/// What is seen of an LLM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LlmStatus {
    /// Where it is in its life.
    pub phase: Phase,
    /// The session that serves it. Virtual rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_session_id: Option<String>,
    /// When its publisher was last heard. Virtual rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_at: Option<Timestamp>,
    /// Since when nobody serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive_since: Option<Timestamp>,
    /// Requests running now.
    #[serde(default)]
    pub in_flight: u32,
    /// Requests waiting for a slot now.
    #[serde(default)]
    pub queued: u32,
    /// The last failure that mattered, in words for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Its breaker, where failures opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<BreakerStatus>,
}

/// A breaker that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BreakerStatus {
    /// Open or probing.
    pub state: BreakerState,
    /// When the next request may probe.
    pub until: Timestamp,
}

/// Where a breaker is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BreakerState {
    /// Requests pass.
    #[default]
    Closed,
    /// Requests go elsewhere.
    Open,
    /// One request probes.
    Probing,
}

/// The fields of the flat form that describe what is seen, so a writer can't set them.
pub const STATUS_FIELDS: [&str; 8] = [
    "status",
    "phase",
    "providerSessionId",
    "lastHeartbeatAt",
    "inactiveSince",
    "inFlight",
    "queued",
    "lastError",
];

/// A reference to one field of a secret, written `secret/NAME#FIELD`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretRef {
    /// The secret's name.
    pub name: Name,
    /// The field inside it.
    pub field: String,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret/{}#{}", self.name, self.field)
    }
}

/// A text that is no reference to a secret. The text itself is not repeated: it may be a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`key` takes a reference `secret/NAME#FIELD`, never a key itself; \
     store the key first with `mcpctl create secret NAME --from-stdin FIELD`"
)]
pub struct NotASecretRef;

impl FromStr for SecretRef {
    type Err = NotASecretRef;

    fn from_str(text: &str) -> Result<Self, NotASecretRef> {
        let rest = text.strip_prefix("secret/").ok_or(NotASecretRef)?;
        let (name, field) = rest.split_once('#').ok_or(NotASecretRef)?;
        if field.is_empty() || field.len() > 253 {
            return Err(NotASecretRef);
        }
        let name = name.parse().map_err(|_| NotASecretRef)?;
        Ok(Self {
            name,
            field: field.into(),
        })
    }
}

impl Serialize for SecretRef {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Why a JSON value is no LLM.
#[derive(Debug, thiserror::Error)]
pub enum BadLlm {
    /// The document's outer shape is wrong.
    #[error(transparent)]
    Document(#[from] BadDocument),
    /// A field is missing, unknown in its value, or of the wrong type.
    #[error("not a valid LLM: {0}")]
    Field(#[from] serde_json::Error),
    /// Fields that contradict each other.
    #[error("{0}")]
    Rule(Cow<'static, str>),
}

/// Reads an LLM in either form that a writer may send, and checks it.
///
/// Errors: [`BadLlm`], with a sentence that names the field.
pub fn parse(value: Value) -> Result<Llm, BadLlm> {
    let value = spread(value, KIND, &STATUS_FIELDS)?;
    let llm: Llm = serde_json::from_value(value)?;
    check(&llm.spec)?;
    Ok(llm)
}

/// Checks the rules that types alone can't hold.
pub fn check(spec: &LlmSpec) -> Result<(), BadLlm> {
    let rule = |text: &'static str| Err(BadLlm::Rule(text.into()));
    if spec.model.is_empty() || spec.model.len() > 256 {
        return rule("`model` must be the provider's model id, 1 to 256 characters");
    }
    if spec.max_concurrency == Some(0) {
        return rule("`maxConcurrency` must be at least 1");
    }
    if spec.breaker.is_some_and(|breaker| breaker.failures == 0) {
        return rule("`breaker.failures` must be at least 1");
    }
    match spec.kind {
        LlmKind::Virtual if spec.url.is_some() || spec.key.is_some() => {
            rule("a virtual LLM has neither `url` nor `key`: those stay with its publisher")
        }
        LlmKind::Public if spec.url.is_none() => match spec.provider_type.default_url() {
            Some(url) => {
                let why = format!("a public LLM needs a `url`, such as {url}");
                Err(BadLlm::Rule(why.into()))
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_flat_form_and_the_envelope_mean_the_same() {
        let flat = json!({
            "name": "gpt", "kind": "public", "type": "openai", "model": "gpt-4o",
            "url": "https://api.openai.com/v1", "key": "secret/openai#api-key",
            "status": "active", "x-note": {"kept": true},
        });
        let envelope = json!({
            "apiVersion": "mcpctl/v1", "kind": "Llm", "metadata": {"name": "gpt"},
            "spec": {"kind": "public", "type": "openai", "model": "gpt-4o",
                "url": "https://api.openai.com/v1", "key": "secret/openai#api-key",
                "x-note": {"kept": true}},
            "status": {"phase": "inactive"},
        });
        let (flat, envelope) = (parse(flat).unwrap(), parse(envelope).unwrap());
        assert_eq!(flat, envelope);
        assert_eq!(flat.spec.extra["x-note"], json!({"kept": true}));
        assert_eq!(flat.spec.key.unwrap().to_string(), "secret/openai#api-key");
    }

    #[test]
    fn a_key_in_plain_text_is_refused_and_not_repeated() {
        let value = json!({"name": "gpt", "type": "openai", "model": "m", "url": "http://x",
            "key": "sk-canary"});
        let why = parse(value).unwrap_err().to_string();
        assert!(why.contains("secret/NAME#FIELD"), "{why}");
        assert!(!why.contains("canary"), "{why}");
    }

    #[test]
    fn wrong_documents_say_what_was_expected() {
        let why = |value| parse(value).unwrap_err().to_string();
        assert!(why(json!([])).contains("JSON object, not an array"));
        assert!(why(json!({"kind": "Secret", "metadata": {"name": "x"}})).contains("`Llm`"));
        assert!(why(json!({"name": "x", "type": "vllm", "model": "m"})).contains("openrouter"));
        assert!(why(json!({"name": "x", "type": "openai", "model": "m"})).contains("`url`"));
        assert!(why(json!({"name": "x", "type": "openai"})).contains("`model`"));
    }

    #[test]
    fn a_missing_url_is_suggested_by_type_and_the_demo_needs_none() {
        let read = |kind: &str| parse(json!({"name": "x", "type": kind, "model": "m"}));
        for (kind, url) in [
            ("openai", "https://api.openai.com/v1"),
            ("anthropic", "https://api.anthropic.com"),
            ("gemini", "https://generativelanguage.googleapis.com"),
            ("openrouter", "https://openrouter.ai/api/v1"),
            ("ollama", "http://127.0.0.1:11434"),
        ] {
            let why = read(kind).unwrap_err().to_string();
            assert!(why.ends_with(&format!("such as {url}")), "{kind}: {why}");
        }
        assert_eq!(read("demo").unwrap().spec.url, None);
    }
}
