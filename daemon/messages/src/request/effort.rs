//! How much an LLM shall think, and in which form it shall answer.
//!
//! | Anthropic | `reasoning_effort` |
//! |---|---|
//! | `output_config.effort` low, medium, high | the same |
//! | `output_config.effort` xhigh, max | `high` |
//! | `thinking.budget_tokens` up to 4,096 | `low` |
//! | up to 16,384 | `medium` |
//! | above | `high` |
//! | `thinking.type: adaptive` or `disabled`, or nothing | none is sent |
//!
//! The effort wins over the budget. No effort means "as the LLM does by itself"; `disabled` can't
//! be told to every server and is therefore named as dropped.

use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::dropped::Dropped;
use super::{BadRequest, required};

/// The largest budget, in tokens, that counts as low, and as medium.
const LOW_UP_TO: u64 = 4_096;
const MEDIUM_UP_TO: u64 = 16_384;

/// Takes `thinking`, `output_config` and `output_format` and says the same in `chat`.
pub(super) fn carry(
    asked: &mut Asked,
    chat: &mut Map<String, Value>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let thinking = asked.object("thinking")?;
    let mut effort = match thinking {
        Some(thinking) => {
            by_budget(Asked::of(thinking), dropped).map_err(|wrong| wrong.inside("thinking"))?
        }
        None => None,
    };
    let mut format = asked.take("output_format");
    if let Some(config) = asked.object("output_config")? {
        let mut config = Asked::of(config);
        let named = config.text("effort");
        if let Some(named) = named.map_err(|wrong| wrong.inside("output_config"))? {
            effort = Some(by_name(&named)?);
        }
        format = config.take("format").or(format);
        for name in config.left() {
            dropped.name_in("output_config", name);
        }
    }
    if let Some(effort) = effort {
        chat.insert("reasoning_effort".into(), effort.into());
    }
    if let Some(format) = format {
        chat.insert("response_format".into(), response_format(format)?);
    }
    Ok(())
}

fn by_budget(
    mut thinking: Asked,
    dropped: &mut Dropped,
) -> Result<Option<&'static str>, BadRequest> {
    let budget = thinking.count("budget_tokens")?;
    let effort = match thinking.text("type")?.as_deref() {
        Some("enabled") => match budget {
            None => return Err(required("budget_tokens", "a number of tokens")),
            Some(..=LOW_UP_TO) => Some("low"),
            Some(..=MEDIUM_UP_TO) => Some("medium"),
            Some(_) => Some("high"),
        },
        Some("adaptive") => None,
        Some("disabled") => {
            dropped.name("thinking");
            None
        }
        _ => {
            let why = "must be `enabled`, `adaptive` or `disabled`";
            return Err(BadRequest::new("type", why));
        }
    };
    for name in thinking.left() {
        dropped.name_in("thinking", name);
    }
    Ok(effort)
}

fn by_name(effort: &str) -> Result<&'static str, BadRequest> {
    match effort {
        "low" => Ok("low"),
        "medium" => Ok("medium"),
        "high" | "xhigh" | "max" => Ok("high"),
        _ => Err(BadRequest::new(
            "output_config.effort",
            "must be `low`, `medium`, `high`, `xhigh` or `max`",
        )),
    }
}

fn response_format(format: Value) -> Result<Value, BadRequest> {
    let schema = match format["type"].as_str() {
        Some("json_schema") => format.get("schema").filter(|schema| schema.is_object()),
        _ => None,
    };
    let schema = schema.ok_or_else(|| {
        let why = "must be of type `json_schema`, with the schema as an object in `schema`";
        BadRequest::new("output_config.format", why)
    })?;
    let named = json!({"name": "answer", "strict": true, "schema": schema});
    Ok(json!({"type": "json_schema", "json_schema": named}))
}
