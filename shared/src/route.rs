//! Where a request for a model would go, and why not elsewhere.

use serde::{Deserialize, Serialize};

use crate::alias::{OnUnavailable, Policy};
use crate::llm::{LlmKind, Phase};
use crate::name::Name;

/// The question: `POST /api/v1/route/explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// What a request would name as `model`.
    pub model: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What was asked.
    pub model: String,
    /// What it is.
    pub resolved_as: ResolvedAs,
    /// How the pool is ordered.
    pub policy: Policy,
    /// What happens when nobody can take a request.
    pub on_unavailable: OnUnavailable,
    /// The LLM that a request would go to now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_go_to: Option<Name>,
    /// Every candidate, in the order in which they would be tried.
    pub candidates: Vec<Candidate>,
    /// In one sentence.
    pub summary: String,
}

/// What a model's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ResolvedAs {
    /// One LLM.
    Llm,
    /// An alias.
    Alias,
    /// All LLMs that serve this model id.
    Pool,
}

/// One LLM that may serve a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Its name.
    pub llm: Name,
    /// How it is reached.
    pub kind: LlmKind,
    /// Where it is in its life.
    pub phase: Phase,
    /// `0` for the pool, then the position among the fallbacks, from 1.
    pub fallback: u32,
    /// Whether it would be called, may be next, or is left out.
    pub verdict: Verdict,
    /// Why, as a clause: "its breaker is open until ...".
    pub reason: String,
    /// Requests that run on it.
    pub in_flight: u32,
    /// Requests that wait for it.
    pub queued: u32,
    /// Time to its first byte of late, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<u64>,
    /// US dollars per million tokens, in and out together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

/// What would become of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The request goes here.
    Chosen,
    /// It is tried when those before it fail.
    Standby,
    /// It is not tried now.
    Excluded,
}
