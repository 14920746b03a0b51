//! The fields of the resource types, as the server's own description of its API has them.
//!
//! `schema.json` is the part of `docs/openapi.json` that the types need; a test compares the two.

use serde_json::{Map, Value};

use crate::failure::{Failure, Result};
use crate::resource::Resource;

const SCHEMAS: &str = include_str!("schema.json");

/// All schemas, by name.
pub(super) struct Schemas(Map<String, Value>);

/// A field, with what its references lead to.
#[derive(Clone, Debug)]
pub(super) struct Field<'s> {
    pub(super) name: &'s str,
    pub(super) required: bool,
    /// What says the most about it: where it stands before what it leads to.
    pub(super) description: &'s str,
    pub(super) default: Option<&'s Value>,
    /// Without references and without "or null".
    schema: &'s Value,
    /// The name of the schema, where it has one.
    schema_name: Option<&'s str>,
}

impl Schemas {
    pub(super) fn load() -> Result<Self> {
        let schemas = serde_json::from_str(SCHEMAS).map(Self);
        schemas.map_err(|why| Failure::failed("the schema can't be read").caused_by(&why))
    }

    /// A type as a whole.
    pub(super) fn root(&self, resource: Resource) -> Option<Field<'_>> {
        let (name, schema) = self.0.get_key_value(resource.kind())?;
        Some(self.field(name, schema, false))
    }

    fn field<'s>(&'s self, name: &'s str, schema: &'s Value, required: bool) -> Field<'s> {
        let mut field = Field {
            name,
            required,
            description: "",
            default: None,
            schema,
            schema_name: None,
        };
        // A reference to a reference is as deep as it gets; the bound is for a file gone wrong.
        for _ in 0..8 {
            let schema = field.schema;
            if field.description.is_empty() {
                field.description = text(schema, "description");
            }
            field.default = field.default.or_else(|| schema.get("default"));
            if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
                let name = reference.rsplit('/').next().unwrap_or(reference);
                let Some((name, target)) = self.0.get_key_value(name) else {
                    break;
                };
                (field.schema, field.schema_name) = (target, Some(name.as_str()));
                continue;
            }
            let choices = schema.get("oneOf").and_then(Value::as_array);
            let mut choices = choices.into_iter().flatten();
            match choices.find(|choice| text(choice, "type") != "null") {
                Some(choice) => field.schema = choice,
                None => break,
            }
        }
        field
    }

    /// The fields that stand in a field, or in the items of its list.
    pub(super) fn children<'s>(&'s self, field: &Field<'s>) -> Vec<Field<'s>> {
        let object = match field.schema.get("items") {
            Some(items) => self.field(field.name, items, false).schema,
            None => field.schema,
        };
        let required = object.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|r| r == name));
        let fields = object.get("properties").and_then(Value::as_object);
        let fields = fields.into_iter().flatten();
        fields
            .map(|(name, schema)| self.field(name, schema, is_required(name)))
            .collect()
    }

    /// In a word: `string`, `[]string`, `map[string]string`, `Breaker`.
    pub(super) fn type_of(&self, field: &Field<'_>) -> String {
        let schema = field.schema;
        if let Some(items) = schema.get("items") {
            return format!("[]{}", self.type_of(&self.field("", items, false)));
        }
        if schema.get("properties").is_some() {
            return field.schema_name.unwrap_or("object").into();
        }
        match (schema.get("type"), schema.get("additionalProperties")) {
            (Some(Value::String(word)), Some(values)) if word == "object" => {
                format!(
                    "map[string]{}",
                    self.type_of(&self.field("", values, false))
                )
            }
            (Some(Value::String(word)), _) => word.clone(),
            (Some(Value::Array(words)), _) => {
                let mut words = words.iter().filter_map(Value::as_str);
                words.find(|word| *word != "null").unwrap_or("any").into()
            }
            _ => "any".into(),
        }
    }

    /// What may stand in it, where that is a handful of words.
    pub(super) fn values(&self, field: &Field<'_>) -> Vec<String> {
        let schema = match field.schema.get("items") {
            Some(items) => self.field("", items, false).schema,
            None => field.schema,
        };
        let values = schema.get("enum").and_then(Value::as_array);
        let values = values.into_iter().flatten();
        values.filter_map(Value::as_str).map(Into::into).collect()
    }

    /// How it is written, for instance.
    pub(super) fn examples(&self, field: &Field<'_>) -> Vec<String> {
        let examples = field.schema.get("examples").and_then(Value::as_array);
        let examples = examples.into_iter().flatten();
        examples.filter_map(Value::as_str).map(Into::into).collect()
    }
}

fn text<'s>(schema: &'s Value, field: &str) -> &'s str {
    schema
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
