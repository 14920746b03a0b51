//! How busy each LLM is. `GET /api/v1/load` answers with a list of these.

use serde::{Deserialize, Serialize};

use crate::llm::{BreakerState, LlmKind, Phase};
use crate::name::Name;
use crate::timestamp::Timestamp;

/// The answer of `GET /api/v1/load`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LoadList {
    /// When it was looked at.
    pub at: Timestamp,
    /// Ordered by name.
    pub items: Vec<Load>,
}

/// How busy one LLM is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// The LLM.
    pub llm: Name,
    /// How it is reached.
    pub kind: LlmKind,
    /// Where it is in its life.
    pub phase: Phase,
    /// Its breaker.
    pub breaker: BreakerState,
    /// When an open breaker lets a probe pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker_until: Option<Timestamp>,
    /// Requests that run.
    pub in_flight: u32,
    /// Requests that wait for a slot, or for it to wake.
    pub queued: u32,
    /// Requests that ended since the server started.
    pub requests: u64,
    /// Those that ended with an error.
    pub errors: u64,
    /// Tokens of answers since the server started.
    pub tokens_out: u64,
    /// Requests that ended, per second over the last ten.
    pub requests_per_second: f64,
    /// Tokens of answers, per second over the last ten.
    pub tokens_per_second: f64,
    /// Half of the requests of the last minutes took less, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    /// All but one in a hundred took less, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
    /// Half of the first bytes came sooner, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_p50_ms: Option<u64>,
}
