//! What a person wants of a resource: its document without what the server adds.

use serde_json::{Map, Value, json};
use shared::document::Document;

use crate::resource::Resource;

/// What the server writes into `metadata`, and nobody else.
const SET_BY_SERVER: [&str; 5] = ["id", "owner", "createdAt", "updatedAt", "resourceVersion"];

/// A document as its owner would write it: no status, and nothing that the server sets.
pub(super) fn written(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.shift_remove("status");
    }
    if let Some(Value::Object(metadata)) = document.get_mut("metadata") {
        for field in SET_BY_SERVER {
            metadata.shift_remove(field);
        }
    }
    document
}

/// The same for any form that a writer may use: fields in one order, defaults filled in. Two
/// documents that want the same have the same form. Of a secret only the names of its fields: its
/// values can't be seen.
///
/// `None` where it can't be understood.
pub(super) fn normal(resource: Resource, document: &Value) -> Option<Value> {
    match resource {
        Resource::Llm => form(shared::llm::parse(document.clone()).ok()?),
        Resource::Alias => form(shared::alias::parse(document.clone()).ok()?),
        Resource::Price => form(shared::price::parse(document.clone()).ok()?),
        Resource::Secret => Some(secret(document)),
        Resource::Token | Resource::Job => None,
    }
}

fn form<Spec: serde::Serialize, Status>(document: Document<Spec, Status>) -> Option<Value> {
    let metadata = document.metadata;
    let mut out = json!({"apiVersion": document.api_version, "kind": document.kind,
        "metadata": {"name": metadata.name}});
    if !metadata.labels.is_empty() {
        out["metadata"]["labels"] = json!(metadata.labels);
    }
    out["spec"] = sorted(serde_json::to_value(document.spec).ok()?);
    Some(out)
}

fn secret(document: &Value) -> Value {
    let data = ["/spec/data", "/data"]
        .iter()
        .find_map(|at| document.pointer(at)?.as_object());
    let seen = document.pointer("/status/fields").and_then(Value::as_array);
    let mut fields: Vec<&str> = match (data, seen) {
        (Some(data), _) => data.keys().map(String::as_str).collect(),
        (None, Some(seen)) => seen.iter().filter_map(Value::as_str).collect(),
        (None, None) => Vec::new(),
    };
    fields.sort_unstable();
    let data: Map<_, _> = fields
        .into_iter()
        .map(|f| (f.to_owned(), "(hidden)".into()))
        .collect();
    let name = document
        .pointer("/metadata/name")
        .or_else(|| document.get("name"));
    json!({"kind": "Secret", "metadata": {"name": name}, "spec": {"data": data}})
}

/// Keys in order, on every level; fields that are null are as good as absent.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().filter(|(_, v)| !v.is_null()).collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            fields
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_forms_of_one_wish_are_the_same() {
        let flat = json!({"name": "a", "type": "demo", "model": "m", "labels": {"t": "d"}});
        let whole = json!({"kind": "Llm", "metadata": {"name": "a", "id": "7", "resourceVersion": 3,
            "labels": {"t": "d"}}, "spec": {"model": "m", "type": "demo", "kind": "public"},
            "status": {"phase": "active"}});
        let normal = |document| normal(Resource::Llm, document).unwrap();
        assert_eq!(normal(&flat), normal(&whole));
        let written = written(&whole);
        assert_eq!(
            written["metadata"],
            json!({"name": "a", "labels": {"t": "d"}})
        );
        assert!(written.get("status").is_none());
    }

    #[test]
    fn a_secret_shows_the_names_of_its_fields_and_no_value() {
        let wanted = json!({"kind": "Secret", "metadata": {"name": "s"}, "spec": {"data": {"b": "x", "a": "y"}}});
        let seen = json!({"kind": "Secret", "metadata": {"name": "s"}, "spec": {}, "status": {"fields": ["a", "b"]}});
        let normal = |document| normal(Resource::Secret, document).unwrap();
        assert_eq!(normal(&wanted), normal(&seen));
        assert!(!normal(&wanted).to_string().contains('x'));
    }
}
