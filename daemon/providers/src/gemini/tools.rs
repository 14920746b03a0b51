//! Tools: functions as `functionDeclarations`, `tool_choice` as `toolConfig`.
//!
//! | OpenAI | Gemini |
//! |---|---|
//! | `tools[].function` | `functionDeclarations[]`, its `parameters` as `parametersJsonSchema` |
//! | `tool_choice` auto, none, required | mode AUTO, NONE, ANY |
//! | `tool_choice` of one function | mode ANY, `allowedFunctionNames` |
//! | `tool_choice` allowed_tools, required | mode ANY, `allowedFunctionNames` |
//! | `tool_choice` allowed_tools, auto | only those are declared |
//!
//! A tool without `type` under one of Google's names (`{"googleSearch": {}}`) passes as it is.
//! Tools of another type, and `strict`, are named as dropped.
//!
//! Source: `FunctionDeclaration` and `FunctionCallingConfig` of
//! google.ai.generativelanguage.v1beta.

use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use crate::Error;

/// Google's own tools, in both spellings that its JSON takes.
const GOOGLES: [&str; 12] = [
    "googleSearch",
    "google_search",
    "googleSearchRetrieval",
    "google_search_retrieval",
    "googleMaps",
    "google_maps",
    "codeExecution",
    "code_execution",
    "urlContext",
    "url_context",
    "fileSearch",
    "file_search",
];

/// Puts the tools of `asked` into `body`.
pub(super) fn map(asked: &mut Asked, body: &mut Map<String, Value>) -> Result<(), Error> {
    let tools = match asked.take("tools") {
        None => Vec::new(),
        Some(Value::Array(tools)) => tools,
        Some(_) => return Err(bad("`tools` must be an array")),
    };
    let (mut declared, mut mapped) = (Vec::new(), Vec::new());
    for tool in tools {
        match tool["type"].as_str() {
            Some("function") => declared.push(declaration(&tool["function"], asked)?),
            None if is_googles(&tool) => mapped.push(tool),
            other => asked.note(format!("tools.{}", other.unwrap_or("type"))),
        }
    }
    asked.take_where("parallel_tool_calls", &json!(true));
    let choice = if declared.is_empty() {
        for nothing in ["none", "auto"] {
            asked.take_where("tool_choice", &json!(nothing));
        }
        None
    } else {
        choice(asked, &mut declared)?
    };
    if !declared.is_empty() {
        mapped.insert(0, json!({"functionDeclarations": declared}));
    }
    if !mapped.is_empty() {
        body.insert("tools".into(), mapped.into());
    }
    if let Some(choice) = choice {
        let config = json!({"functionCallingConfig": choice});
        body.insert("toolConfig".into(), config);
    }
    Ok(())
}

fn is_googles(tool: &Value) -> bool {
    let names = tool.as_object().map(|fields| fields.keys());
    names.is_some_and(|mut names| {
        names.len() > 0 && names.all(|name| GOOGLES.contains(&name.as_str()))
    })
}

fn declaration(function: &Value, asked: &mut Asked) -> Result<Value, Error> {
    let Some(name) = function["name"].as_str() else {
        return Err(bad("a function in `tools` has no `name`"));
    };
    let mut declared = Map::new();
    declared.insert("name".into(), name.into());
    if let Some(description) = function["description"].as_str() {
        declared.insert("description".into(), description.into());
    }
    match &function["parameters"] {
        Value::Null => {}
        Value::Object(none) if none.is_empty() => {}
        schema => {
            declared.insert("parametersJsonSchema".into(), schema.clone());
        }
    }
    if function["strict"] == json!(true) {
        asked.note("tools.function.strict");
    }
    Ok(declared.into())
}

fn choice(asked: &mut Asked, declared: &mut Vec<Value>) -> Result<Option<Value>, Error> {
    let Some(choice) = asked.take("tool_choice") else {
        return Ok(None);
    };
    let one_of = |names: Vec<&str>| json!({"mode": "ANY", "allowedFunctionNames": names});
    let mapped = match (&choice, choice["type"].as_str()) {
        (Value::String(word), _) => match &**word {
            "auto" => json!({"mode": "AUTO"}),
            "none" => json!({"mode": "NONE"}),
            "required" | "any" => json!({"mode": "ANY"}),
            _ => return Err(unknown()),
        },
        (_, Some("function")) => match choice["function"]["name"].as_str() {
            Some(name) => one_of(vec![name]),
            None => return Err(bad("`tool_choice.function.name` is missing")),
        },
        (_, Some("allowed_tools")) => {
            let allowed = &choice["allowed_tools"];
            let tools = allowed["tools"].as_array().map_or(&[][..], Vec::as_slice);
            let names = tools.iter().filter_map(|t| t["function"]["name"].as_str());
            let names: Vec<&str> = names.collect();
            if allowed["mode"] == json!("required") {
                one_of(names)
            } else {
                declared.retain(|one| one["name"].as_str().is_some_and(|n| names.contains(&n)));
                if declared.is_empty() {
                    return Ok(None);
                }
                json!({"mode": "AUTO"})
            }
        }
        _ => return Err(unknown()),
    };
    Ok(Some(mapped))
}

fn unknown() -> Error {
    bad("`tool_choice` must be auto, none, required, a function or allowed_tools")
}
