//! Tools and the choice among them.
//!
//! A tool of the caller's own (`type` missing or `custom`) is carried. Anthropic's own tools
//! (`web_search_20250305`, `bash_20250124`, ...) have no schema to carry and are named as dropped.
//!
//! | `tool_choice.type` | OpenAI's `tool_choice` |
//! |---|---|
//! | `auto`, `none` | the same |
//! | `any` | `required` |
//! | `tool` | the function by its name |

use serde_json::{Map, Value, json};

use super::BadRequest;
use super::dropped::Dropped;

/// Says in `chat` what `tools` and `choice` say.
pub(super) fn carry(
    tools: Option<&Value>,
    choice: Option<&Value>,
    chat: &mut Map<String, Value>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let mut carried = Vec::new();
    match tools {
        None => {}
        Some(Value::Array(tools)) => {
            for (n, tool) in tools.iter().enumerate() {
                let at = |wrong: BadRequest| wrong.inside(format_args!("tools.{n}"));
                if let Some(function) = function(tool, dropped).map_err(at)? {
                    carried.push(json!({"type": "function", "function": function}));
                }
            }
        }
        Some(_) => return Err(BadRequest::new("tools", "must be an array")),
    }
    let choice = match choice {
        Some(choice) => Some(chosen(choice, &carried)?),
        None => None,
    };
    if carried.is_empty() {
        // Servers refuse a choice among nothing; `auto` and `none` are so anyway.
        if matches!(&choice, Some(choice) if choice.must_call) {
            dropped.name("tool_choice");
        }
        return Ok(());
    }
    chat.insert("tools".into(), carried.into());
    if let Some(choice) = choice {
        match choice.said {
            Some(said) => {
                chat.insert("tool_choice".into(), said);
            }
            None => dropped.name("tool_choice"),
        }
        if choice.one_at_a_time {
            chat.insert("parallel_tool_calls".into(), false.into());
        }
    }
    Ok(())
}

struct Choice {
    /// In OpenAI's words; `None` where it names a tool that is not carried.
    said: Option<Value>,
    must_call: bool,
    one_at_a_time: bool,
}

fn chosen(choice: &Value, tools: &[Value]) -> Result<Choice, BadRequest> {
    let (said, must_call) = match choice["type"].as_str() {
        Some("auto") => (Some(json!("auto")), false),
        Some("none") => (Some(json!("none")), false),
        Some("any") => (Some(json!("required")), true),
        Some("tool") => {
            let Some(name) = choice["name"].as_str() else {
                let why = "is required: send the name of a tool";
                return Err(BadRequest::new("tool_choice.name", why));
            };
            let function = json!({"type": "function", "function": {"name": name}});
            let carried = tools.iter().any(|tool| tool["function"]["name"] == name);
            (carried.then_some(function), true)
        }
        _ => {
            let why = "must be `auto`, `any`, `tool` or `none`";
            return Err(BadRequest::new("tool_choice.type", why));
        }
    };
    Ok(Choice {
        said,
        must_call,
        one_at_a_time: choice["disable_parallel_tool_use"] == json!(true),
    })
}

/// OpenAI's `function`; `None` for a tool that Anthropic runs or knows.
fn function(tool: &Value, dropped: &mut Dropped) -> Result<Option<Map<String, Value>>, BadRequest> {
    let Some(fields) = tool.as_object() else {
        return Err(BadRequest::new("", "must be an object"));
    };
    match fields.get("type").unwrap_or(&Value::Null) {
        Value::Null => {}
        Value::String(custom) if custom == "custom" => {}
        Value::String(other) => {
            dropped.name_in("tools", other);
            return Ok(None);
        }
        _ => return Err(BadRequest::new("type", "must be a text")),
    }
    let mut function = Map::new();
    let name = fields.get("name").and_then(Value::as_str);
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| BadRequest::new("name", "is required: send a text"))?;
    function.insert("name".into(), name.into());
    for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "name" | "type" => {}
            "description" | "strict" => {
                function.insert(field.clone(), value.clone());
            }
            "input_schema" => {
                function.insert("parameters".into(), value.clone());
            }
            "cache_control" => dropped.name(field),
            other => dropped.name_in("tools", other),
        }
    }
    if !function.get("parameters").is_some_and(Value::is_object) {
        let why = "is required: send a JSON schema as an object";
        return Err(BadRequest::new("input_schema", why));
    }
    Ok(Some(function))
}
