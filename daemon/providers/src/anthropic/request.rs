//! OpenAI's request in Anthropic's words.
//!
//! | OpenAI | Anthropic |
//! |---|---|
//! | `messages` | `system`, `messages` (see `turns`, `parts`) |
//! | `tools`, `tool_choice`, `parallel_tool_calls` | `tools`, `tool_choice` (see `tools`) |
//! | `max_completion_tokens`, else `max_tokens` | `max_tokens`; [`DEFAULT_MAX_TOKENS`] where neither is there |
//! | `reasoning_effort` | `thinking`, `output_config.effort` (see `thinking`) |
//! | `response_format` json_schema | `output_config.format`, where the model has it (see `schema`) |
//! | `temperature`, `top_p` | the same, where the model takes them; a temperature above 1 becomes 1 |
//! | `stop` | `stop_sequences` |
//! | `user`, else `safety_identifier` | `metadata.user_id` |
//! | `service_tier` default | `service_tier` standard_only |
//!
//! Fields that Anthropic alone knows pass as they are. Every other field that is not null is named
//! in `dropped`, and so is one that was carried with another value. `seed`, `logprobs`, `n`,
//! `logit_bias` and the penalties have no counterpart.

use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use super::model::{Sampling, Traits};
use super::{schema, thinking, tools, turns};
use crate::Error;

/// How long an answer may be where nobody says it, in tokens; room for thinking comes on top.
pub(super) const DEFAULT_MAX_TOKENS: u64 = 4096;

/// What Anthropic knows and OpenAI does not.
const NATIVE: [&str; 6] = [
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "mcp_servers",
    "speed",
];

/// What says nothing at these values.
fn silent() -> [(&'static str, Value); 9] {
    [
        ("n", json!(1)),
        ("logprobs", json!(false)),
        ("frequency_penalty", json!(0)),
        ("frequency_penalty", json!(0.0)),
        ("presence_penalty", json!(0)),
        ("presence_penalty", json!(0.0)),
        ("store", json!(false)),
        ("modalities", json!(["text"])),
        ("service_tier", json!("auto")),
    ]
}

/// A request in Anthropic's words.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) body: Map<String, Value>,
    /// The caller wants a last chunk with the usage.
    pub(super) include_usage: bool,
    /// What could not be carried.
    pub(super) dropped: Vec<String>,
}

/// `chat/completions` as `/v1/messages`.
pub(super) fn chat(asked: &[u8], stream: bool) -> Result<Mapped, Error> {
    let mut asked = Asked::read(asked)?;
    let model = asked.take("model").unwrap_or_default();
    let traits = Traits::of(model.as_str().unwrap_or_default());
    let turns = match asked.take("messages") {
        Some(Value::Array(messages)) => turns::read(messages, &mut asked)?,
        _ => return Err(bad("`messages` must be an array")),
    };
    let tools = tools::read(&mut asked, traits, &turns)?;
    let plan = thinking::plan(&mut asked, traits, tools.forced, turns.is_unsigned_loop())?;

    let mut body = Map::new();
    body.insert("model".into(), model);
    body.insert("max_tokens".into(), plan.max_tokens.into());
    if !turns.system.is_empty() {
        body.insert("system".into(), turns.system.into());
    }
    body.insert("messages".into(), turns.messages.into());
    insert(&mut body, "tools", tools.tools);
    insert(&mut body, "tool_choice", tools.choice);
    sampling(&mut asked, traits, plan.is_on(), &mut body);
    let format = format(&mut asked, traits)?;
    let config = output_config(&mut asked, plan.effort, format);
    insert(&mut body, "thinking", plan.thinking);
    insert(&mut body, "output_config", config);
    insert(&mut body, "stop_sequences", stop(&mut asked)?);
    insert(&mut body, "metadata", metadata(&mut asked));
    for (name, value) in silent() {
        asked.take_where(name, &value);
    }
    insert(&mut body, "service_tier", service_tier(&mut asked));
    for name in NATIVE {
        insert(&mut body, name, asked.take(name));
    }
    asked.take("stream");
    body.insert("stream".into(), stream.into());
    let stream_options = asked.take("stream_options").unwrap_or_default();
    Ok(Mapped {
        body,
        include_usage: stream_options["include_usage"] == json!(true),
        dropped: asked.dropped(),
    })
}

fn insert(body: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        body.insert(name.into(), value);
    }
}

/// `temperature`, `top_p` and `top_k`, as far as the model takes them.
fn sampling(asked: &mut Asked, traits: Traits, thinks: bool, body: &mut Map<String, Value>) {
    let fixed = traits.sampling == Sampling::Fixed;
    let may_heat = !fixed && !thinks;
    let mut heated = false;
    if let Some(temperature) = asked.take("temperature") {
        let heat = temperature.as_f64();
        if heat.is_some_and(|heat| heat > 1.0) || (!may_heat && heat != Some(1.0)) {
            asked.give_up("temperature");
        }
        if may_heat {
            let too_hot = heat.is_some_and(|heat| heat > 1.0);
            let temperature = if too_hot { json!(1) } else { temperature };
            body.insert("temperature".into(), temperature);
            heated = true;
        }
    }
    if let Some(top_p) = asked.take("top_p") {
        let p = top_p.as_f64().unwrap_or_default();
        let fits = !fixed && (!thinks || p >= 0.95);
        let alone = !heated || traits.sampling == Sampling::Free;
        if fits && alone {
            body.insert("top_p".into(), top_p);
        } else if p < 1.0 {
            asked.give_up("top_p");
        }
    }
    if let Some(top_k) = asked.take("top_k") {
        if may_heat {
            body.insert("top_k".into(), top_k);
        } else {
            asked.give_up("top_k");
        }
    }
}

fn format(asked: &mut Asked, traits: Traits) -> Result<Option<Value>, Error> {
    let Some(format) = asked.take("response_format") else {
        return Ok(None);
    };
    match format["type"].as_str() {
        Some("text") => Ok(None),
        Some("json_schema") if traits.formats => match format.pointer("/json_schema/schema") {
            Some(schema) => {
                let schema = schema::accepted(schema.clone(), asked)?;
                Ok(Some(json!({"type": "json_schema", "schema": schema})))
            }
            None => Err(bad("`response_format.json_schema.schema` is missing")),
        },
        Some("json_schema" | "json_object") => {
            asked.give_up("response_format");
            Ok(None)
        }
        _ => Err(bad(
            "`response_format.type` must be text, json_object or json_schema",
        )),
    }
}

/// The caller's own `output_config` comes first.
fn output_config(asked: &mut Asked, effort: Option<&str>, format: Option<Value>) -> Option<Value> {
    let mut config = match asked.take("output_config") {
        Some(Value::Object(config)) => config,
        _ => Map::new(),
    };
    if let Some(effort) = effort {
        config.entry("effort").or_insert(effort.into());
    }
    if let Some(format) = format {
        config.entry("format").or_insert(format);
    }
    (!config.is_empty()).then(|| config.into())
}

/// Sequences of white space are refused by the API, and left out here.
fn stop(asked: &mut Asked) -> Result<Option<Value>, Error> {
    let mut stops = match asked.take("stop").or_else(|| asked.take("stop_sequences")) {
        None => return Ok(None),
        Some(Value::Array(many)) => many,
        Some(one) => vec![one],
    };
    if !stops.iter().all(Value::is_string) {
        return Err(bad("`stop` must be a text or an array of texts"));
    }
    let all = stops.len();
    stops.retain(|stop| !stop.as_str().unwrap_or_default().trim().is_empty());
    if stops.len() < all {
        asked.give_up("stop");
    }
    Ok((!stops.is_empty()).then(|| stops.into()))
}

fn metadata(asked: &mut Asked) -> Option<Value> {
    let identifier = asked.take("safety_identifier");
    let user = asked.take("user").or(identifier);
    let theirs = asked.take("metadata");
    if let Some(theirs) = &theirs {
        let others = theirs.as_object().into_iter().flatten();
        if others.filter(|(name, _)| *name != "user_id").count() > 0 {
            asked.give_up("metadata");
        }
    }
    let user = user.or(theirs.and_then(|mut theirs| Some(theirs.get_mut("user_id")?.take())));
    user.map(|user| json!({"user_id": user}))
}

fn service_tier(asked: &mut Asked) -> Option<Value> {
    let tier = asked.take("service_tier")?;
    match tier.as_str() {
        Some("default" | "standard_only") => Some(json!("standard_only")),
        _ => {
            asked.give_up("service_tier");
            None
        }
    }
}
