//! A JSON schema in the part of JSON Schema that structured outputs understand.
//!
//! Every object must say `additionalProperties: false`: it is added where an object says nothing.
//! Bounds of numbers, texts and arrays are not understood: they are left out and named. What else
//! is too much (recursion, outside references) the API refuses in its own words.
//!
//! Source: Anthropic, "Structured outputs", JSON Schema limitations.

use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use crate::Error;

/// How deep a schema may nest.
const MAX_DEPTH: usize = 64;

/// Keywords that are not understood.
const BOUNDS: [&str; 12] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "minContains",
];

/// Keywords that hold schemas by name; the names are the caller's, not keywords.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];
/// Keywords that hold a list of schemas.
const LISTED: [&str; 4] = ["anyOf", "allOf", "oneOf", "prefixItems"];

/// `schema` as the API takes it.
pub(super) fn accepted(mut schema: Value, asked: &mut Asked) -> Result<Value, Error> {
    fit(&mut schema, asked, MAX_DEPTH)?;
    Ok(schema)
}

fn fit(schema: &mut Value, asked: &mut Asked, depth: usize) -> Result<(), Error> {
    let Value::Object(schema) = schema else {
        return Ok(());
    };
    let Some(depth) = depth.checked_sub(1) else {
        let why = format!("the schema of `response_format` nests deeper than {MAX_DEPTH}");
        return Err(bad(&why));
    };
    for bound in BOUNDS {
        if schema.shift_remove(bound).is_some() {
            asked.give_up(&format!("response_format.{bound}"));
        }
    }
    let min_items = schema.get("minItems").and_then(Value::as_u64);
    if min_items.is_some_and(|least| least > 1) {
        schema.insert("minItems".into(), json!(1));
        asked.give_up("response_format.minItems");
    }
    if is_object(schema) && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".into(), false.into());
    }
    for name in NAMED {
        let named = schema.get_mut(name).and_then(Value::as_object_mut);
        for (_, inner) in named.into_iter().flatten() {
            fit(inner, asked, depth)?;
        }
    }
    for name in LISTED {
        let listed = schema.get_mut(name).and_then(Value::as_array_mut);
        for inner in listed.into_iter().flatten() {
            fit(inner, asked, depth)?;
        }
    }
    if let Some(items) = schema.get_mut("items") {
        fit(items, asked, depth)?;
    }
    Ok(())
}

fn is_object(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == "object",
        Some(Value::Array(many)) => many.contains(&json!("object")),
        _ => schema.contains_key("properties"),
    }
}
