//! The server's description of its own API: whole, and the one that is kept in `docs/`.

use std::collections::BTreeSet;
use std::path::Path;

use mcpd::auth::Access;
use mcpd::openapi::{template, text_of_all};
use mcpd::routes::table;
use serde_json::{Value, json};

use crate::fixture::Mcpd;

fn document() -> Value {
    serde_json::from_str(text_of_all()).unwrap()
}

/// Every operation with its method in capitals and its path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((format!("{} {path}", method.to_uppercase()), operation));
        }
    }
    found
}

#[tokio::test]
async fn the_document_is_served_to_anybody() {
    let mcpd = Mcpd::start().await;
    let answer = mcpd.nobody().get("/api/openapi.json").await.is(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.text(), text_of_all());
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[test]
fn the_stored_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&path, text_of_all()).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "docs/openapi.json differs from what mcpd serves: run this test with UPDATE=1";
    assert!(stored == text_of_all(), "{hint}");
}

#[test]
fn every_route_has_an_entry_and_every_entry_a_route() {
    let document = document();
    let told: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    let routes = table();
    let there: BTreeSet<_> = routes
        .iter()
        .map(|route| format!("{} {}", route.method, template(route.path)))
        .collect();
    let untold: Vec<_> = there.difference(&told).collect();
    let gone: Vec<_> = told.difference(&there).collect();
    assert!(untold.is_empty(), "routes without an entry: {untold:?}");
    assert!(gone.is_empty(), "entries without a route: {gone:?}");
}

#[test]
fn every_operation_says_what_it_takes_of_its_caller() {
    let document = document();
    let both = json!([{"bearer": []}, {"apiKey": []}]);
    for route in table() {
        let at = format!("{} {}", route.method, template(route.path));
        let operations = operations(&document);
        let (_, operation) = operations.iter().find(|(told, _)| *told == at).unwrap();
        let responses = operation["responses"].as_object().unwrap();
        let (role, security, refusals) = match route.access {
            Access::Open => ("none", json!([]), [false, false]),
            Access::Any => ("any", both.clone(), [true, false]),
            Access::Role(role) => (role.as_str(), both.clone(), [true, true]),
        };
        assert_eq!(operation["x-mcpctl-role"], role, "{at}");
        assert_eq!(operation["security"], security, "{at}");
        assert_eq!(responses.contains_key("401"), refusals[0], "{at}");
        // Handlers may refuse where the table lets everybody in.
        assert!(responses.contains_key("403") || !refusals[1], "{at}");
        let good = responses.keys().any(|status| status.starts_with('2'));
        assert!(good, "{at} never succeeds");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        let variables = at.matches('{').count();
        let parameters = operation["parameters"].as_array().unwrap();
        let told = parameters.iter().filter(|one| one["in"] == "path").count();
        assert_eq!(told, variables, "{at}");
    }
}

#[test]
fn errors_of_messages_have_anthropics_shape_and_all_others_ours() {
    let document = document();
    for (at, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.starts_with('2') {
                continue;
            }
            let place = response["$ref"].as_str().unwrap().trim_start_matches('#');
            let error = document.pointer(place).unwrap();
            let content = &error["content"]["application/json"];
            let (schema, at_fault) = match at.ends_with("/v1/messages") {
                true => ("MessagesError", "/type"),
                false => ("ErrorBody", "/error/code"),
            };
            let wanted = format!("#/components/schemas/{schema}");
            assert_eq!(content["schema"]["$ref"], *wanted, "{at}: {status}");
            assert!(
                content["example"].pointer(at_fault).is_some(),
                "{at}: {status}"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
    fn gather<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| gather(value, found));
            }
            _ => {}
        }
    }
    let document = document();
    let mut references = BTreeSet::new();
    gather(&document, &mut references);
    for reference in &references {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let reference = format!("#/components/schemas/{name}");
        assert!(references.contains(&*reference), "{name} is not used");
    }
}

#[tokio::test]
async fn what_the_document_requires_is_in_real_answers() {
    let mcpd = Mcpd::start().await;
    mcpd.public_llm("there", "http://127.0.0.1:9", json!({}))
        .await;
    let document = document();
    for (path, schema) in [
        ("/api/v1/llms/there", "Llm"),
        ("/api/v1/llms", "LlmList"),
        ("/api/v1/tokens/admin", "Token"),
        ("/api/v1/whoami", "WhoAmI"),
        ("/api/v1/load", "LoadList"),
        ("/api/v1/usage", "UsageList"),
        ("/api/v1/requests", "RequestList"),
        ("/v1/costs/summary", "CostSummary"),
        ("/v1/models/there", "OpenAiModel"),
        ("/api/v1/llms/nothing", "ErrorBody"),
    ] {
        let answer = mcpd.admin.get(path).await.json();
        let schema = &document["components"]["schemas"][schema];
        let properties = schema["properties"].as_object().unwrap();
        for field in schema["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap();
            assert!(answer.get(field).is_some(), "{path}: {field} in {answer}");
        }
        for field in answer.as_object().unwrap().keys() {
            assert!(
                properties.contains_key(field),
                "{path}: {field} is not told"
            );
        }
    }
}
