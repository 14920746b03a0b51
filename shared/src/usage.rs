//! What was used, by whom, and what it cost.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// Tokens of one request, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// Of prompts, cached ones included.
    #[serde(rename = "tokens_in")]
    pub input: u64,
    /// Of answers, reasoning included.
    #[serde(rename = "tokens_out")]
    pub output: u64,
    /// Those of `input` that the provider had cached.
    #[serde(rename = "tokens_cached", default)]
    pub cached: u64,
    /// Those of `output` that were reasoning.
    #[serde(rename = "tokens_reasoning", default)]
    pub reasoning: u64,
}

impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.output += other.output;
        self.cached += other.cached;
        self.reasoning += other.reasoning;
    }
}

/// The sum of many requests. `GET /api/v1/usage?by=...` answers with a list of these.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageRow {
    /// The day (`2026-11-21`) or hour (`2026-11-21T09`) in UTC, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The LLM, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm: Option<String>,
    /// The provider's dialect, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// On whose behalf, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The access token's name, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// How many requests.
    pub requests: u64,
    /// Those that ended with an error.
    pub errors: u64,
    /// Those that their callers broke off.
    pub cancelled: u64,
    /// Those answered from a cache, which cost nothing.
    pub cache_hits: u64,
    /// Those whose tokens were counted here since the provider told none.
    pub estimated: u64,
    /// What they used.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// What they cost, in US dollars.
    pub cost_usd: f64,
}

/// The answer of `GET /api/v1/usage`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageList {
    /// From when.
    pub since: Option<Timestamp>,
    /// Until when, exclusive.
    pub until: Option<Timestamp>,
    /// Ordered by what it is grouped by.
    pub items: Vec<UsageRow>,
}

/// The answer of `GET /v1/costs/summary?period=day|week|month`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CostSummary {
    /// `day`, `week` or `month`: the current one, in UTC.
    pub period: String,
    /// All of it, in US dollars.
    pub total_cost_usd: f64,
    /// How many requests.
    pub total_requests: u64,
    /// By the provider's dialect, dearest first.
    pub by_provider: Vec<ProviderCost>,
}

/// What one kind of provider cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderCost {
    /// The dialect: `openai`, `anthropic`, `ollama`, ...
    pub provider: String,
    /// In US dollars.
    pub cost_usd: f64,
    /// How many requests.
    pub jobs: u64,
    /// Tokens of prompts.
    pub tokens_in: u64,
    /// Tokens of answers.
    pub tokens_out: u64,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// With a complete answer of a provider, whatever its status below 400.
    #[default]
    Ok,
    /// With an error, before or in the middle of its answer.
    Error,
    /// Its caller broke it off.
    Cancelled,
}

/// One request. `GET /api/v1/requests?limit=N` lists the last ones, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestRecord {
    /// Its `x-request-id`.
    pub id: String,
    /// When it came.
    pub at: Option<Timestamp>,
    /// What was asked for as `model`.
    pub model: String,
    /// The LLM that served it, or was tried last; empty where none was.
    pub llm: String,
    /// That LLM's dialect.
    pub provider: String,
    /// On whose behalf.
    pub principal: String,
    /// The access token's name.
    pub token: String,
    /// The endpoint, such as `chat/completions`.
    pub path: String,
    /// The status that the caller got.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// How many times an LLM was called for it.
    pub attempts: u32,
    /// Answered from a cache.
    pub cache_hit: bool,
    /// The tokens were counted here.
    pub estimated: bool,
    /// Time to the first byte of the answer, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// Time to the end of the answer, in milliseconds.
    pub duration_ms: u64,
    /// What it used.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// What it cost, in US dollars.
    pub cost_usd: f64,
}
