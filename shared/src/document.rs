//! The envelope of every resource: `apiVersion`, `kind`, `metadata`, `spec`, `status`.
//!
//! Writers may also send the flat form, in which all fields stand side by side; [`spread`] turns
//! it into the envelope. Fields that we do not know stay where they were.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::API_VERSION;
use crate::name::Name;
use crate::nesting::{MAX_NESTING, is_value_too_deep};
use crate::timestamp::Timestamp;

/// One resource as it travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<Spec, Status> {
    /// Always [`API_VERSION`].
    #[serde(default = "api_version")]
    pub api_version: String,
    /// The resource's type: `Llm`, `Secret`, `Token`.
    pub kind: String,
    /// Whose it is and what it is called.
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: Spec,
    /// What is seen. Absent in what a writer sends.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// The part that all resources share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Unique among resources of one kind.
    pub name: Name,
    /// The server's own id; never changes. Absent in what a writer sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The principal the resource belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Free key-value pairs of the user.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// When the server first stored it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When `metadata` or `spec` last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Counts changes of `metadata` and `spec`; a writer that sends it back is told of a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<u64>,
    /// Fields of a newer writer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Metadata {
    /// Only a name, as a writer gives it.
    pub fn named(name: Name) -> Self {
        Self {
            name,
            id: None,
            owner: None,
            labels: BTreeMap::new(),
            created_at: None,
            updated_at: None,
            resource_version: None,
            extra: Map::new(),
        }
    }
}

/// A list answer: `{"apiVersion", "kind": "LlmList", "items": [...]}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List<Item> {
    /// Always [`API_VERSION`].
    #[serde(default = "api_version")]
    pub api_version: String,
    /// The item's kind with `List` behind it.
    pub kind: String,
    /// Zero or more, ordered by name.
    pub items: Vec<Item>,
}

impl<Item> List<Item> {
    /// A list of resources of `kind`.
    pub fn of(kind: &str, items: Vec<Item>) -> Self {
        Self {
            api_version: API_VERSION.into(),
            kind: format!("{kind}List"),
            items,
        }
    }
}

fn api_version() -> String {
    API_VERSION.into()
}

/// Why a JSON value is no resource document.
#[derive(Debug, thiserror::Error)]
pub enum BadDocument {
    /// Not a JSON object.
    #[error("a {kind} is a JSON object, not {found}")]
    NotAnObject {
        /// The kind that was expected.
        kind: &'static str,
        /// What was sent instead.
        found: &'static str,
    },
    /// Nested deeper than others can read.
    #[error("a {0} may nest {MAX_NESTING} levels deep at most")]
    TooDeep(&'static str),
    /// The envelope names another kind.
    #[error("expected a document of kind `{expected}`, found kind `{found}`")]
    OtherKind {
        /// The kind that the endpoint takes.
        expected: &'static str,
        /// The kind that was sent.
        found: String,
    },
    /// The envelope names an API version that we do not speak.
    #[error("apiVersion `{0}` is not known: this server speaks `mcpctl/v1`")]
    OtherVersion(String),
}

/// Turns either form that a writer may send into the envelope form.
///
/// Shape: the flat form's `name` and `labels` (and a few server-set fields of `metadata`) move to
/// `metadata`, fields named in `status_fields` are dropped (a writer can't set what is seen), all
/// others move to `spec`. An envelope passes through with its `status` removed.
/// Errors: [`BadDocument`] where the value is no object, too deep, or an envelope of another kind or version.
pub fn spread(
    value: Value,
    kind: &'static str,
    status_fields: &[&str],
) -> Result<Value, BadDocument> {
    if is_value_too_deep(&value) {
        return Err(BadDocument::TooDeep(kind));
    }
    let mut fields = match value {
        Value::Object(fields) => fields,
        other => {
            let found = json_type(&other);
            return Err(BadDocument::NotAnObject { kind, found });
        }
    };
    if fields.contains_key("spec") || fields.contains_key("metadata") {
        return envelope(fields, kind);
    }
    // A flat document may still say what it is. (An LLM's own `kind` is public or virtual.)
    fields.remove("apiVersion");
    if fields.get("kind").and_then(Value::as_str) == Some(kind) {
        fields.remove("kind");
    }
    let mut metadata = Map::new();
    for field in ["name", "labels", "resourceVersion"] {
        if let Some(value) = fields.remove(field) {
            metadata.insert(field.into(), value);
        }
    }
    for field in ["id", "owner", "createdAt", "updatedAt"] {
        fields.remove(field);
    }
    for field in status_fields {
        fields.remove(*field);
    }
    let mut document = Map::new();
    document.insert("apiVersion".into(), API_VERSION.into());
    document.insert("kind".into(), kind.into());
    document.insert("metadata".into(), Value::Object(metadata));
    document.insert("spec".into(), Value::Object(fields));
    Ok(Value::Object(document))
}

fn envelope(mut fields: Map<String, Value>, kind: &'static str) -> Result<Value, BadDocument> {
    match fields.get("kind").and_then(Value::as_str) {
        Some(found) if found == kind => {}
        None => {
            fields.insert("kind".into(), kind.into());
        }
        Some(found) => {
            let found = found.to_owned();
            return Err(BadDocument::OtherKind {
                expected: kind,
                found,
            });
        }
    }
    match fields.get("apiVersion").and_then(Value::as_str) {
        None | Some(API_VERSION) => {}
        Some(found) => return Err(BadDocument::OtherVersion(found.into())),
    }
    fields.remove("status");
    Ok(Value::Object(fields))
}

/// The name of a JSON type, for messages.
pub fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
