//! Tools and the choice among them, in Anthropic's words.
//!
//! Anthropic's own tools (`web_search_...` and the like) pass as they are. `strict` is named as
//! dropped: Anthropic's counterpart refuses many schemas that OpenAI's takes.

use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use super::model::Traits;
use super::turns::Turns;
use crate::Error;

/// What the request says of tools.
#[derive(Debug, Default)]
pub(super) struct Tools {
    pub(super) tools: Option<Value>,
    pub(super) choice: Option<Value>,
    /// A tool must be called.
    pub(super) forced: bool,
}

pub(super) fn read(asked: &mut Asked, traits: Traits, turns: &Turns) -> Result<Tools, Error> {
    let offered = match asked.take("tools") {
        Some(Value::Array(tools)) => tools,
        Some(_) => return Err(bad("`tools` must be an array")),
        None => Vec::new(),
    };
    let mut tools = Vec::with_capacity(offered.len());
    for offer in offered {
        tools.push(tool(offer, asked)?);
    }
    let choice = asked.take("tool_choice");
    let parallel = asked.take("parallel_tool_calls");
    if tools.is_empty() {
        if choice.is_some_and(|choice| choice != "auto" && choice != "none") {
            asked.give_up("tool_choice");
        }
        return Ok(of_the_past(&turns.called));
    }
    let mut choice = choice.and_then(|choice| self::choice(&choice, asked));
    let is_forcing = |choice: &Value| choice["type"] == "any" || choice["type"] == "tool";
    if !traits.forces_tools && choice.as_ref().is_some_and(is_forcing) {
        asked.give_up("tool_choice");
        choice = None;
    }
    let forced = choice.as_ref().is_some_and(is_forcing);
    if parallel == Some(json!(false)) {
        let choice = choice.get_or_insert_with(|| json!({"type": "auto"}));
        if choice["type"] != "none" {
            choice["disable_parallel_tool_use"] = true.into();
        }
    }
    Ok(Tools {
        tools: Some(tools.into()),
        choice,
        forced,
    })
}

/// Anthropic refuses a past call of a tool that is not there: it is named, and may not be called.
fn of_the_past(called: &[String]) -> Tools {
    if called.is_empty() {
        return Tools::default();
    }
    let tool = |name: &String| json!({"name": name, "input_schema": {"type": "object"}});
    Tools {
        tools: Some(called.iter().map(tool).collect::<Vec<_>>().into()),
        choice: Some(json!({"type": "none"})),
        forced: false,
    }
}

fn tool(mut offer: Value, asked: &mut Asked) -> Result<Value, Error> {
    match offer["type"].as_str() {
        Some("function") => {}
        // OpenAI's tools of free text have no counterpart; Anthropic's `custom` has a schema.
        Some("custom") if offer.get("input_schema").is_none() => {
            return Err(bad("it takes tools of type function only, not custom"));
        }
        Some(_) => return Ok(offer),
        None if offer.get("input_schema").is_some() => return Ok(offer),
        None => return Err(bad("a tool has no `type`")),
    }
    let cached = offer.get_mut("cache_control").map(Value::take);
    let function = offer.get_mut("function").map(Value::take);
    let Some(Value::Object(mut function)) = function else {
        return Err(bad("a tool of type function has no `function`"));
    };
    let mut tool = Map::new();
    for name in ["name", "description"] {
        if let Some(value) = function.shift_remove(name).filter(|value| !value.is_null()) {
            tool.insert(name.into(), value);
        }
    }
    let parameters = function.shift_remove("parameters");
    let schema = match parameters {
        Some(Value::Object(mut schema)) => {
            schema.entry("type").or_insert("object".into());
            schema
        }
        _ => Map::from_iter([("type".into(), "object".into())]),
    };
    tool.insert("input_schema".into(), schema.into());
    if let Some(cached) = cached.or(function.shift_remove("cache_control")) {
        tool.insert("cache_control".into(), cached);
    }
    if function.get("strict") == Some(&json!(true)) {
        asked.give_up("tools.strict");
    }
    Ok(tool.into())
}

fn choice(choice: &Value, asked: &mut Asked) -> Option<Value> {
    let name = choice.pointer("/function/name").or(choice.get("name"));
    match (choice.as_str(), choice["type"].as_str()) {
        (Some("auto"), _) => Some(json!({"type": "auto"})),
        (Some("none"), _) => Some(json!({"type": "none"})),
        (Some("required"), _) => Some(json!({"type": "any"})),
        (None, Some("function" | "tool")) if name.is_some() => {
            Some(json!({"type": "tool", "name": name}))
        }
        (None, Some(own @ ("auto" | "any" | "none"))) => Some(json!({"type": own})),
        _ => {
            asked.give_up("tool_choice");
            None
        }
    }
}
