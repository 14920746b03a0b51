//! LLM rows: list, watch, read, write, delete.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use registry::Row;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::document::List;
use shared::error_body::code;
use shared::llm::{self, BadLlm, KIND, Llm, LlmKind, STATUS_FIELDS};
use shared::name::Name;
use shared::role::Role;

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::resource::{self, Segment};
use crate::routes::{App, watch};

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    watch: bool,
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) =
        query.map_err(|_| ApiError::bad_request("`watch` takes `true` or `false`"))?;
    if query.watch {
        return Ok(watch::llms(&app, &caller));
    }
    let rows = app.registry.list();
    let items = rows.iter().map(|row| app.gateway.document(row)).collect();
    Ok(Json(List::<Llm>::of(KIND, items)).into_response())
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Segment(name): Segment,
) -> Result<Json<Llm>, ApiError> {
    Ok(Json(app.gateway.document(&*find(&app, &name)?)))
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let mut llm = parse(resource::value(body)?)?;
    public_only(&llm)?;
    insert(&app, &caller, &mut llm).await
}

pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let name = resource::name(&name)?;
    let mut llm = parse(resource::named(resource::value(body)?, &name))?;
    resource::same_name(&name, &llm.metadata.name)?;
    match app.registry.find(name.as_str()) {
        None if llm.metadata.resource_version.is_some() => Err(no_such_llm(&app, name.as_str())),
        None => {
            public_only(&llm)?;
            insert(&app, &caller, &mut llm).await
        }
        Some(row) => {
            publishers_own(&row)?;
            public_only(&llm)?;
            replace(&app, &caller, &llm).await
        }
    }
}

pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let patch = resource::value(body)?;
    let row = find(&app, &name)?;
    publishers_own(&row)?;
    let before = row.document();
    let patch = in_place(patch)?;
    let expected = patch.pointer("/metadata/resourceVersion").cloned();
    let mut document = serde_json::to_value(&before)
        .map_err(|_| ApiError::new(500, code::INTERNAL, "the row can't be written as JSON"))?;
    merge(&mut document, patch);
    let mut llm = parse(document)?;
    resource::same_name(row.name(), &llm.metadata.name)?;
    public_only(&llm)?;
    // What the writer has read, or what was read here, is what must still be there.
    if expected.is_none() {
        llm.metadata.resource_version = before.metadata.resource_version;
    }
    replace(&app, &caller, &llm).await
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
) -> Result<Json<Llm>, ApiError> {
    let row = find(&app, &name)?;
    if !caller.covers(Role::Admin) && row.owner() != Some(caller.principal()) {
        let message =
            format!("`{name}` belongs to another principal: only it or an admin can delete it");
        return Err(ApiError::new(403, code::FORBIDDEN, message));
    }
    let row = app.registry.delete(&row).await?;
    app.audit
        .note(caller.principal(), "llm.delete", &object(row.name()), "ok");
    Ok(Json(row.document()))
}

async fn insert(app: &App, caller: &Credential, llm: &mut Llm) -> Result<Response, ApiError> {
    llm.metadata.owner = Some(caller.principal().to_owned());
    let name = llm.metadata.name.clone();
    let created = app.registry.create(llm, app.clock.now()).await;
    let row = created.map_err(|error| match error {
        store::StoreError::Conflict { .. } => ApiError::new(
            409,
            code::NAME_TAKEN,
            format!("there is an LLM `{name}` already"),
        )
        .hint("choose another name, or change it with `mcpctl apply`"),
        other => other.into(),
    })?;
    app.audit
        .note(caller.principal(), "llm.create", &object(&name), "ok");
    Ok(resource::written(row.document(), true))
}

async fn replace(app: &App, caller: &Credential, llm: &Llm) -> Result<Response, ApiError> {
    let name = &llm.metadata.name;
    let expected = llm.metadata.resource_version;
    let row = app.registry.replace(llm, expected, app.clock.now()).await?;
    app.gateway.forgive(name);
    app.audit
        .note(caller.principal(), "llm.change", &object(name), "ok");
    Ok(resource::written(row.document(), false))
}

fn parse(value: Value) -> Result<Llm, ApiError> {
    llm::parse(value).map_err(|error| {
        let param = match &error {
            BadLlm::Field(_) | BadLlm::Document(_) | BadLlm::Rule(_) => error.to_string(),
        };
        ApiError::bad_request(param)
    })
}

/// A public row that this server can call; a virtual one is made by its publisher.
fn public_only(llm: &Llm) -> Result<(), ApiError> {
    if llm.spec.kind == LlmKind::Virtual {
        let message = "a virtual LLM is made by its publisher, not by hand";
        return Err(ApiError::bad_request(message).hint(
            "mark the provider `\"publish\": true` in ~/.mcpctl/config.json and run mcplocal",
        ));
    }
    gateway::check_public(&llm.spec).map_err(ApiError::bad_request)
}

/// What a publisher says of its provider is not changed here.
fn publishers_own(row: &Row) -> Result<(), ApiError> {
    if !row.is_virtual() {
        return Ok(());
    }
    let message = format!("`{}` is virtual: its publisher says what it is", row.name());
    Err(ApiError::new(409, code::CONFLICT, message)
        .hint("change it in the config.json of its publisher, or delete it"))
}

fn find(app: &App, name: &str) -> Result<Arc<Row>, ApiError> {
    app.registry
        .find(name)
        .ok_or_else(|| no_such_llm(app, name))
}

fn no_such_llm(app: &App, name: &str) -> ApiError {
    let name: String = name.escape_debug().take(80).collect();
    gateway::Error::NotFound {
        near: app.registry.nearest(&name),
        name,
    }
    .into()
}

fn object(name: &Name) -> String {
    format!("llm/{name}")
}

/// Brings a patch of flat fields to where they stand in the envelope.
fn in_place(patch: Value) -> Result<Value, ApiError> {
    let Value::Object(mut fields) = patch else {
        return Err(ApiError::bad_request("a patch is a JSON object (RFC 7396)"));
    };
    if fields.contains_key("spec") || fields.contains_key("metadata") {
        return Ok(Value::Object(fields));
    }
    for read_only in
        STATUS_FIELDS
            .into_iter()
            .chain(["id", "owner", "apiVersion", "createdAt", "updatedAt"])
    {
        fields.remove(read_only);
    }
    let mut patch = Map::new();
    let metadata: Map<_, _> = ["name", "labels", "resourceVersion"]
        .into_iter()
        .filter_map(|field| Some((field.to_owned(), fields.remove(field)?)))
        .collect();
    if !metadata.is_empty() {
        patch.insert("metadata".into(), Value::Object(metadata));
    }
    patch.insert("spec".into(), Value::Object(fields));
    Ok(Value::Object(patch))
}

/// Source: RFC 7396, "JSON Merge Patch", section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(&name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flat_patch_and_an_envelope_patch_do_the_same() {
        let before = json!({"metadata": {"name": "x"}, "spec": {"model": "m", "tier": "fast"}});
        for patch in [
            json!({"model": "n", "tier": null}),
            json!({"spec": {"model": "n", "tier": null}}),
        ] {
            let mut after = before.clone();
            merge(&mut after, in_place(patch).unwrap());
            assert_eq!(
                after,
                json!({"metadata": {"name": "x"}, "spec": {"model": "n"}})
            );
        }
    }
}
