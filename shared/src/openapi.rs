//! Schemas of the types whose JSON is not what their fields say, for the server's own description
//! of its API. The others derive theirs.

use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, SchemaFormat, SchemaType};
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::API_VERSION;
use crate::document::{Document, List, Metadata};
use crate::job::{JobId, Json, LeaseToken, WorkerId};
use crate::llm::SecretRef;
use crate::name::{MAX_NAME_BYTES, Name};
use crate::span::Span;
use crate::timestamp::Timestamp;

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        text()
            .description(Some(
                "The name of a resource. In a URL path its `/` is written `%2F`.",
            ))
            .pattern(Some("^[A-Za-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9])?$"))
            .min_length(Some(1))
            .max_length(Some(MAX_NAME_BYTES))
            .examples(["qwen2.5:7b"])
            .into()
    }
}

impl ToSchema for Name {}

impl PartialSchema for Span {
    fn schema() -> RefOr<Schema> {
        text()
            .description(Some(
                "A span of time: numbers with the units ms, s, m, h and d.",
            ))
            .pattern(Some("^([0-9]+(ms|s|m|h|d))+$"))
            .examples(["90s", "1h30m"])
            .into()
    }
}

impl ToSchema for Span {}

impl PartialSchema for SecretRef {
    fn schema() -> RefOr<Schema> {
        text()
            .description(Some(
                "A reference to one field of a secret, `secret/NAME#FIELD`; never a key itself.",
            ))
            .pattern(Some("^secret/[^#]+#.+$"))
            .examples(["secret/openai#api-key"])
            .into()
    }
}

impl ToSchema for SecretRef {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        text()
            .description(Some(
                "RFC 3339; answers are in UTC with millisecond precision.",
            ))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-11-21T09:30:00.125Z"])
            .into()
    }
}

impl ToSchema for Timestamp {}

/// The ids of jobs, workers and leases.
macro_rules! plain_text {
    ($($id:ty: $about:literal),+ $(,)?) => {
        $(
            impl PartialSchema for $id {
                fn schema() -> RefOr<Schema> {
                    text().description(Some($about)).into()
                }
            }

            impl ToSchema for $id {}
        )+
    };
}
plain_text!(
    JobId: "A job's id: a UUID.",
    WorkerId: "A worker's id: its own to choose, 1 to 256 bytes.",
    LeaseToken: "The right to finish one attempt of one job; good for the principal alone that claimed it.",
);

impl PartialSchema for Json {
    fn schema() -> RefOr<Schema> {
        let any = SchemaType::AnyValue;
        let about = "Any JSON value, kept byte for byte.";
        let schema = ObjectBuilder::new()
            .schema_type(any)
            .description(Some(about));
        schema.into()
    }
}

impl ToSchema for Json {
    fn name() -> Cow<'static, str> {
        "AnyJson".into()
    }
}

impl<Spec: ToSchema, Status: ToSchema> PartialSchema for Document<Spec, Status> {
    fn schema() -> RefOr<Schema> {
        let version = constant(API_VERSION);
        ObjectBuilder::new()
            .property("apiVersion", version)
            .property("kind", constant(&Self::name()))
            .property("metadata", Ref::from_schema_name(Metadata::name()))
            .property("spec", Ref::from_schema_name(Spec::name()))
            .property("status", Ref::from_schema_name(Status::name()))
            .required("apiVersion")
            .required("kind")
            .required("metadata")
            .required("spec")
            .into()
    }
}

impl<Spec: ToSchema, Status: ToSchema> ToSchema for Document<Spec, Status> {
    /// The kind: a spec is named after it.
    fn name() -> Cow<'static, str> {
        let spec = Spec::name();
        spec.strip_suffix("Spec").unwrap_or(&spec).to_owned().into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<Metadata>(schemas);
        push::<Spec>(schemas);
        push::<Status>(schemas);
    }
}

impl<Item: ToSchema> PartialSchema for List<Item> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new()
            .description(Some("Ordered by name."))
            .items(Ref::from_schema_name(Item::name()));
        ObjectBuilder::new()
            .property("apiVersion", constant(API_VERSION))
            .property("kind", constant(&Self::name()))
            .property("items", items)
            .required("apiVersion")
            .required("kind")
            .required("items")
            .into()
    }
}

impl<Item: ToSchema> ToSchema for List<Item> {
    fn name() -> Cow<'static, str> {
        format!("{}List", Item::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<Item>(schemas);
    }
}

fn push<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn constant(value: &str) -> Object {
    text().enum_values(Some([value])).build()
}
