//! Schemas of the components: the contract's own types, and the forms in which writers send them.

use shared::alias::{Alias, AliasSpec};
use shared::channel;
use shared::document::List;
use shared::infer_path::InferPath;
use shared::job;
use shared::llm::{Llm, LlmSpec};
use shared::load::LoadList;
use shared::price::{Price, PriceSpec};
use shared::route::{Explanation, Question};
use shared::secret::{Secret, SecretSpec};
use shared::token::{Limits, Token, TokenSpec, WhoAmI};
use shared::usage::{CostSummary, RequestRecord, UsageList};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, AnyOf, Components, Object};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use crate::openapi::operation::of;

/// Every type of the contract that a request or an answer holds, and the writers' forms.
pub(super) fn put_into(components: &mut Components) {
    let mut found = Vec::new();
    push::<List<Llm>>(&mut found);
    push::<List<Alias>>(&mut found);
    push::<List<Price>>(&mut found);
    push::<List<Secret>>(&mut found);
    push::<List<Token>>(&mut found);
    push::<Limits>(&mut found);
    push::<WhoAmI>(&mut found);
    push::<LoadList>(&mut found);
    push::<Question>(&mut found);
    push::<Explanation>(&mut found);
    push::<UsageList>(&mut found);
    push::<RequestRecord>(&mut found);
    push::<CostSummary>(&mut found);
    push::<InferPath>(&mut found);
    push::<shared::error_body::ErrorBody>(&mut found);
    push::<channel::Register>(&mut found);
    push::<channel::Registered>(&mut found);
    push::<channel::Heartbeat>(&mut found);
    push::<channel::HeartbeatReply>(&mut found);
    push::<channel::ResultMessage>(&mut found);
    push::<channel::Hello>(&mut found);
    push::<channel::Task>(&mut found);
    push::<channel::Ack>(&mut found);
    push::<channel::Cancel>(&mut found);
    push::<channel::Wake>(&mut found);
    push::<channel::Goaway>(&mut found);
    push::<channel::Ping>(&mut found);
    push::<job::Submit>(&mut found);
    push::<job::Submitted>(&mut found);
    push::<job::SubmittedMany>(&mut found);
    push::<job::JobList>(&mut found);
    push::<job::Lookup>(&mut found);
    push::<job::Looked>(&mut found);
    push::<job::Summary>(&mut found);
    push::<job::Register>(&mut found);
    push::<job::Registered>(&mut found);
    push::<job::Claim>(&mut found);
    push::<job::Claimed>(&mut found);
    push::<job::ClaimedList>(&mut found);
    push::<job::Heartbeat>(&mut found);
    push::<job::HeartbeatAnswer>(&mut found);
    push::<job::Complete>(&mut found);
    push::<job::Fail>(&mut found);
    push::<job::EntryAnswer>(&mut found);
    components.schemas.extend(found);
    let written = [
        ("LlmWrite", written::<LlmSpec>("Llm")),
        ("AliasWrite", written::<AliasSpec>("Alias")),
        ("PriceWrite", written::<PriceSpec>("Price")),
        ("SecretWrite", written::<SecretSpec>("Secret")),
        ("TokenWrite", written::<TokenSpec>("Token")),
    ];
    let written = written.map(|(name, schema)| (name.to_owned(), schema));
    components.schemas.extend(written);
}

fn push<T: ToSchema>(found: &mut Vec<(String, RefOr<Schema>)>) {
    found.push((T::name().into_owned(), T::schema()));
    T::schemas(found);
}

/// The two forms of a document that a writer may send: see [`shared::document::spread`].
fn written<Spec: ToSchema>(kind: &str) -> RefOr<Schema> {
    let version = of_words(&[shared::API_VERSION]).build();
    let envelope = ObjectBuilder::new()
        .title(Some("envelope"))
        .property("apiVersion", version.clone())
        .property("kind", of_words(&[kind]))
        .property("metadata", metadata(ObjectBuilder::new()))
        .property("spec", of::<Spec>())
        .required("metadata")
        .required("spec");
    let RefOr::T(Schema::Object(spec)) = Spec::schema() else {
        return envelope.into();
    };
    let about = "All fields side by side. What only the server says is ignored.";
    let mut flat: Object = metadata(ObjectBuilder::new().title(Some("flat")))
        .description(Some(about))
        .property("apiVersion", version)
        .build();
    // An LLM has a `kind` of its own.
    if !spec.properties.contains_key("kind") {
        flat.properties
            .insert("kind".into(), of_words(&[kind]).into());
    }
    flat.properties.extend(spec.properties);
    flat.required.extend(spec.required);
    flat.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
    AnyOf::builder().item(envelope).item(flat).into()
}

/// What a writer says beside the spec.
fn metadata(object: ObjectBuilder) -> ObjectBuilder {
    let labels = ObjectBuilder::new()
        .description(Some("Free key-value pairs of the user."))
        .additional_properties(Some(RefOr::T(Schema::from(text()))));
    let version = whole(0).description(Some(
        "What the writer has read: 409 where it changed since.",
    ));
    object
        .property("name", of::<shared::name::Name>())
        .property("labels", labels)
        .property("resourceVersion", version)
}

/// Any text.
pub(super) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// One of these words.
pub(super) fn of_words(words: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(words.to_vec()))
}

/// `true` or `false`.
pub(super) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

/// A whole number from `least` on.
pub(super) fn whole(least: u32) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(least))
}
