//! The alias resource: one name in front of several LLMs.
//!
//! What is asked for as `model` is an LLM's name, an alias, or the model id that several LLMs serve
//! (their pool), looked up in this order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{BadDocument, Document, spread};
use crate::name::Name;
use crate::span::Span;

/// The resource's kind in its envelope.
pub const KIND: &str = "Alias";
/// LLMs that an alias may name, and fallbacks that it may have.
pub const MAX_MEMBERS: usize = 64;

/// An alias as it travels.
pub type Alias = Document<AliasSpec, AliasStatus>;

/// What is wanted of an alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AliasSpec {
    /// A model id: every LLM that serves it belongs to the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// LLMs that belong to the pool by name, whatever model they serve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub llms: Vec<Name>,
    /// Who of the pool is called first.
    #[serde(default)]
    pub policy: Policy,
    /// LLMs, aliases or model ids to try, in this order, when the pool is spent. The fallbacks of
    /// an alias named here are not followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// What becomes of a request when every candidate is offline, asleep or full.
    #[serde(default)]
    pub on_unavailable: OnUnavailable,
    /// What a request may take in all. Default: the server's `request_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How long a candidate may say nothing before the next one is tried, for streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_timeout: Option<Span>,
    /// Keeps answers to be given again. Absent: none are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheSpec>,
    /// Fields of a newer writer, or of the user.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Which answers an alias keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheSpec {
    /// How long an answer is kept.
    pub ttl: Span,
    /// Keep answers of requests that are not deterministic too (`temperature` other than 0).
    #[serde(default)]
    pub always: bool,
}

/// What is seen of an alias.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AliasStatus {
    /// The LLMs that belong to it now, ordered by name.
    pub members: Vec<Name>,
    /// How many of them can be called now.
    pub active: u32,
}

/// Who of a pool is called first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The cheapest by the price table.
    Cost,
    /// The one whose first byte came soonest of late.
    Latency,
    /// The one with the fewest requests in flight.
    LeastBusy,
    /// Virtual ones before public ones.
    #[default]
    PreferLocal,
    /// Each in turn.
    RoundRobin,
}

/// What becomes of a request when nobody can take it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnUnavailable {
    /// An error at once.
    #[default]
    Fail,
    /// It waits for a candidate, up to its deadline.
    Wait,
    /// It becomes a job, and the caller gets its address.
    Queue,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 5] = [
        Self::Cost,
        Self::Latency,
        Self::LeastBusy,
        Self::PreferLocal,
        Self::RoundRobin,
    ];

    /// The policy as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Latency => "latency",
            Self::LeastBusy => "least-busy",
            Self::PreferLocal => "prefer-local",
            Self::RoundRobin => "round-robin",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a policy: use cost, latency, least-busy, prefer-local or round-robin")]
pub struct UnknownPolicy(String);

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        let found = Self::ALL.into_iter().find(|policy| policy.as_str() == text);
        found.ok_or_else(|| UnknownPolicy(text.escape_debug().to_string()))
    }
}

impl OnUnavailable {
    /// The word as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Wait => "wait",
            Self::Queue => "queue",
        }
    }
}

impl fmt::Display for OnUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a JSON value is no alias.
#[derive(Debug, thiserror::Error)]
pub enum BadAlias {
    /// The document's outer shape is wrong.
    #[error(transparent)]
    Document(#[from] BadDocument),
    /// A field is missing, unknown in its value, or of the wrong type.
    #[error("not a valid alias: {0}")]
    Field(#[from] serde_json::Error),
    /// Fields that contradict each other.
    #[error("{0}")]
    Rule(&'static str),
}

/// Reads an alias in either form that a writer may send, and checks it.
///
/// Errors: [`BadAlias`], with a sentence that names the field.
pub fn parse(value: Value) -> Result<Alias, BadAlias> {
    let value = spread(value, KIND, &["status", "members", "active"])?;
    let alias: Alias = serde_json::from_value(value)?;
    check(&alias.metadata.name, &alias.spec)?;
    Ok(alias)
}

/// Checks the rules that types alone can't hold.
pub fn check(name: &Name, spec: &AliasSpec) -> Result<(), BadAlias> {
    let rule = |text| Err(BadAlias::Rule(text));
    if spec.model.is_none() && spec.llms.is_empty() {
        return rule("an alias needs `model` (a model id) or `llms` (names), or both");
    }
    if spec
        .model
        .as_ref()
        .is_some_and(|id| id.is_empty() || id.len() > 256)
    {
        return rule("`model` must be a model id, 1 to 256 characters");
    }
    if spec.llms.len() > MAX_MEMBERS || spec.fallbacks.len() > MAX_MEMBERS {
        return rule("`llms` and `fallbacks` may name 64 each");
    }
    if spec
        .fallbacks
        .iter()
        .any(|fallback| fallback == name.as_str())
    {
        return rule("an alias can't be its own fallback");
    }
    let is_zero = |span: &Option<Span>| span.is_some_and(|span| span.0.is_zero());
    if is_zero(&spec.timeout) || is_zero(&spec.first_byte_timeout) {
        return rule("`timeout` and `firstByteTimeout` must be longer than nothing");
    }
    if spec.cache.is_some_and(|cache| cache.ttl.0.is_zero()) {
        return rule(
            "`cache.ttl` must be longer than nothing; leave `cache` out to keep no answers",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_alias_is_read_in_both_forms() {
        let flat = json!({"kind": "Alias", "name": "smart", "model": "qwen3:8b",
            "policy": "least-busy", "fallbacks": ["gpt-4o"], "onUnavailable": "wait",
            "timeout": "2m", "cache": {"ttl": "10m"}});
        let alias = parse(flat).unwrap();
        let envelope = serde_json::to_value(&alias).unwrap();
        assert_eq!(parse(envelope).unwrap(), alias);
        assert_eq!(alias.spec.policy, Policy::LeastBusy);
        assert_eq!(alias.spec.on_unavailable, OnUnavailable::Wait);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_field() {
        let why = |value| parse(value).unwrap_err().to_string();
        assert!(why(json!({"name": "a"})).contains("`model`"));
        assert!(why(json!({"name": "a", "llms": ["x"], "fallbacks": ["a"]})).contains("own"));
        assert!(
            why(json!({"name": "a", "llms": ["x"], "policy": "best"})).contains("prefer-local")
        );
        assert!(why(json!({"name": "a", "llms": ["x"], "cache": {"ttl": "0s"}})).contains("ttl"));
    }
}
