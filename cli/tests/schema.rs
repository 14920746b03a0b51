//! What `mcpctl explain` knows is what the server's description of its API says.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't read its files has failed"
)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

/// The types of `mcpctl api-resources`.
const ROOTS: [&str; 6] = ["Llm", "Alias", "Price", "Secret", "Token", "Job"];

/// The schemas that the types lead to, by name.
fn trimmed(openapi: &Value) -> Value {
    let schemas = &openapi["components"]["schemas"];
    let mut found = BTreeMap::new();
    let mut next: Vec<String> = ROOTS.map(String::from).to_vec();
    while let Some(name) = next.pop() {
        if !found.contains_key(&name) {
            references(&schemas[&name], &mut next);
            found.insert(name.clone(), schemas[&name].clone());
        }
    }
    json!(found)
}

fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                names.push(reference.rsplit('/').next().unwrap().into());
            }
            fields.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

#[test]
fn the_stored_schema_is_what_the_description_of_the_api_says() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let openapi = std::fs::read_to_string(crate_folder.join("../docs/openapi.json")).unwrap();
    let said = trimmed(&serde_json::from_str(&openapi).unwrap());
    let said = format!("{said:#}\n");
    let path = crate_folder.join("src/commands/explain/schema.json");
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&path, &said).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "schema.json differs from docs/openapi.json: run this test with UPDATE=1";
    assert!(stored == said, "{hint}");
}
