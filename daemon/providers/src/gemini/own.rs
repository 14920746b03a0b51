//! Gemini's own fields, where a caller sends them beside OpenAI's.
//!
//! | where | what happens |
//! |---|---|
//! | `safetySettings`, `cachedContent`, `toolConfig`, or in snake case | pass |
//! | `generationConfig`, or in snake case | each field stands over the one made of OpenAI's |
//! | `extra_body.google.*`: the same, and `thinking_config` | the same |
//!
//! `extra_body.google` is how Google's own OpenAI endpoint takes them. Other things below
//! `extra_body` are named as dropped.

use serde_json::{Map, Value};

use super::asked::Asked;

/// Fields of `GenerateContentRequest` that have no word in OpenAI's.
const PASSED: [(&str, &str); 3] = [
    ("safetySettings", "safety_settings"),
    ("cachedContent", "cached_content"),
    ("toolConfig", "tool_config"),
];

/// Puts Gemini's own fields of `asked` into `body` and its `config`.
pub(super) fn map(
    asked: &mut Asked,
    body: &mut Map<String, Value>,
    config: &mut Map<String, Value>,
) {
    let mut google = below_extra_body(asked);
    let mut take = |camel: &str, snake: &str| {
        let inner = google.shift_remove(camel).or(google.shift_remove(snake));
        let outer = asked.take(camel);
        outer.or_else(|| asked.take(snake)).or(inner)
    };
    for (camel, snake) in PASSED {
        if let Some(value) = take(camel, snake) {
            body.insert(camel.into(), value);
        }
    }
    match take("generationConfig", "generation_config") {
        Some(Value::Object(theirs)) => {
            for (name, value) in in_camel_case(theirs) {
                let value = match &*name {
                    "thinkingConfig" => thinking(value),
                    _ => value,
                };
                config.insert(name, value);
            }
        }
        Some(_) => asked.note("generationConfig"),
        None => {}
    }
    let camel = google.shift_remove("thinkingConfig");
    if let Some(value) = camel.or(google.shift_remove("thinking_config")) {
        config.insert("thinkingConfig".into(), thinking(value));
    }
    for (name, _) in google {
        asked.note(format!("extra_body.google.{name}"));
    }
}

fn below_extra_body(asked: &mut Asked) -> Map<String, Value> {
    let Some(extra) = asked.take("extra_body") else {
        return Map::new();
    };
    let Value::Object(mut extra) = extra else {
        asked.note("extra_body");
        return Map::new();
    };
    let google = extra.shift_remove("google");
    for (name, _) in extra {
        asked.note(format!("extra_body.{name}"));
    }
    match google {
        Some(Value::Object(google)) => google,
        Some(_) => {
            asked.note("extra_body.google");
            Map::new()
        }
        None => Map::new(),
    }
}

fn thinking(value: Value) -> Value {
    match value {
        Value::Object(fields) => in_camel_case(fields).into(),
        other => other,
    }
}

/// Google takes both spellings, but not both at once.
fn in_camel_case(fields: Map<String, Value>) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields.map(|(name, value)| (camel(&name), value)).collect()
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}
