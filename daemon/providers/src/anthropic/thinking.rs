//! How much the model thinks: `reasoning_effort` in the words of its generation.
//!
//! | effort | budget, in tokens | `output_config.effort` |
//! |---|---|---|
//! | none | no thinking | no thinking, or low where the model always thinks |
//! | minimal, low | 2,048 | low |
//! | medium | 8,192 | medium |
//! | high | 16,384 | high |
//! | xhigh | 24,576 | xhigh, where the model has it, else high |
//! | max | 24,576 | max |
//!
//! A budget takes at most half of what the caller lets the answer have; below 1,024 there is no
//! thinking at all. Where the caller sets no limit, the answer has its 4,096 tokens on top of what
//! the table gives to thinking, since Anthropic counts both together.
//!
//! The caller's own `thinking` passes as it is.

use serde_json::{Value, json};

use super::asked::{Asked, bad};
use super::model::{Thinking, Traits, WithoutThinking};
use super::request::DEFAULT_MAX_TOKENS;
use crate::Error;

/// The smallest budget that the API takes, in tokens.
const MIN_BUDGET: u64 = 1024;

/// What the request says of thinking.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) thinking: Option<Value>,
    pub(super) effort: Option<&'static str>,
    /// For thoughts and answer together.
    pub(super) max_tokens: u64,
}

impl Plan {
    /// The request turns thinking on: the API then wants the default sampling.
    pub(super) fn is_on(&self) -> bool {
        let kind = self.thinking.as_ref().map(|thinking| &thinking["type"]);
        kind.is_some_and(|kind| kind == "enabled" || kind == "adaptive")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    None,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "minimal" | "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::Xhigh,
            "max" => Self::Max,
            _ => return None,
        })
    }

    fn budget(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Low => 2048,
            Self::Medium => 8192,
            Self::High => 16_384,
            Self::Xhigh | Self::Max => 24_576,
        }
    }

    fn word(self, xhigh: bool) -> &'static str {
        match self {
            Self::None | Self::Low => "low",
            Self::Medium => "medium",
            Self::Xhigh if xhigh => "xhigh",
            Self::High | Self::Xhigh => "high",
            Self::Max => "max",
        }
    }
}

/// `forced`: a tool must be called, which the API does not let go with thinking. `unsigned_loop`:
/// the caller gives back a tool's result without the thoughts that led to the call, which a model
/// that thinks by budget refuses.
pub(super) fn plan(
    asked: &mut Asked,
    traits: Traits,
    forced: bool,
    unsigned_loop: bool,
) -> Result<Plan, Error> {
    let limit = limit(asked)?;
    let effort = asked.take("reasoning_effort");
    let known = effort
        .as_ref()
        .and_then(|word| Effort::read(word.as_str()?));
    if effort.is_some() && known.is_none() {
        asked.give_up("reasoning_effort");
    }
    let mut plan = match (asked.take("thinking"), known) {
        (Some(own), effort) => of_the_caller(asked, traits, own, effort),
        (None, None) => Plan::default(),
        (None, Some(Effort::None)) => without(asked, traits),
        (None, Some(effort)) => match traits.thinking {
            Thinking::Adaptive { xhigh } => adaptive(effort, xhigh, forced),
            Thinking::Budget if !forced && !unsigned_loop => budget(asked, effort, limit),
            Thinking::Budget | Thinking::Never => {
                asked.give_up("reasoning_effort");
                Plan::default()
            }
        },
    };
    if forced && plan.thinking.is_none() {
        let off = off(traits);
        // Where it must be said, the API wants no effort above `high` beside it.
        if off.is_some() && matches!(plan.effort, Some("xhigh" | "max")) {
            plan.effort = Some("high");
        }
        plan.thinking = off;
    }
    plan.max_tokens = limit.unwrap_or(DEFAULT_MAX_TOKENS.saturating_add(plan.max_tokens));
    Ok(plan)
}

/// Until the end of [`plan`], `max_tokens` holds the room that thinking wants.
fn of_the_caller(asked: &mut Asked, traits: Traits, own: Value, effort: Option<Effort>) -> Plan {
    let max_tokens = own["budget_tokens"].as_u64().unwrap_or_default();
    let effort = match (effort, traits.thinking) {
        (Some(effort), Thinking::Adaptive { xhigh }) => Some(effort.word(xhigh)),
        (Some(_), _) => {
            asked.give_up("reasoning_effort");
            None
        }
        (None, _) => None,
    };
    Plan {
        thinking: Some(own),
        effort,
        max_tokens,
    }
}

fn adaptive(effort: Effort, xhigh: bool, forced: bool) -> Plan {
    // Newer models send thoughts without their text unless asked for it.
    let thinking = (!forced).then(|| json!({"type": "adaptive", "display": "summarized"}));
    Plan {
        max_tokens: if forced { 0 } else { effort.budget() },
        thinking,
        effort: Some(effort.word(xhigh)),
    }
}

fn budget(asked: &mut Asked, effort: Effort, limit: Option<u64>) -> Plan {
    let budget = limit.map_or(effort.budget(), |limit| effort.budget().min(limit / 2));
    if budget < MIN_BUDGET {
        asked.give_up("reasoning_effort");
        return Plan::default();
    }
    Plan {
        thinking: Some(json!({"type": "enabled", "budget_tokens": budget})),
        effort: None,
        max_tokens: budget,
    }
}

fn without(asked: &mut Asked, traits: Traits) -> Plan {
    let impossible = traits.without_thinking == WithoutThinking::Impossible;
    if impossible {
        asked.give_up("reasoning_effort");
    }
    Plan {
        thinking: off(traits),
        effort: impossible.then_some("low"),
        max_tokens: 0,
    }
}

fn off(traits: Traits) -> Option<Value> {
    match traits.without_thinking {
        WithoutThinking::Type(off) => Some(json!({"type": off})),
        WithoutThinking::Silence | WithoutThinking::Impossible => None,
    }
}

fn limit(asked: &mut Asked) -> Result<Option<u64>, Error> {
    let old = asked.take("max_tokens");
    let Some(limit) = asked.take("max_completion_tokens").or(old) else {
        return Ok(None);
    };
    let limit = limit.as_u64();
    limit
        .map(Some)
        .ok_or_else(|| bad("`max_tokens` must be a whole number"))
}
