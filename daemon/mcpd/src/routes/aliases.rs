//! Aliases: list, read, write, delete.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use axum::{Extension, Json};
use gateway::with_status;
use shared::alias::{self, Alias, KIND, OnUnavailable};
use shared::document::List;
use shared::name::Name;

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::resource::{self, Segment};
use crate::routes::App;

pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<List<Alias>> {
    let aliases = app.aliases.list();
    let seen = aliases
        .iter()
        .map(|alias| with_status(alias, &app.registry));
    Json(List::of(KIND, seen.collect()))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Segment(name): Segment,
) -> Result<Json<Alias>, ApiError> {
    let name = resource::name(&name)?;
    let alias = app.aliases.find(name.as_str());
    let alias = alias.ok_or_else(|| no_such_alias(&app, &name))?;
    Ok(Json(with_status(&alias, &app.registry)))
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let alias = parse(resource::value(body)?)?;
    insert(&app, &caller, alias).await
}

pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let name = resource::name(&name)?;
    let alias = parse(resource::named(resource::value(body)?, &name))?;
    resource::same_name(&name, &alias.metadata.name)?;
    let expected = alias.metadata.resource_version;
    if app.aliases.find(name.as_str()).is_none() {
        return match expected {
            Some(_) => Err(no_such_alias(&app, &name)),
            None => insert(&app, &caller, alias).await,
        };
    }
    let now = app.clock.now();
    let alias = app.aliases.replace(&alias, expected, now).await?;
    app.audit
        .note(caller.principal(), "alias.change", &object(&name), "ok");
    let seen = with_status(&alias, &app.registry);
    Ok(resource::written(seen, false))
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
) -> Result<Json<Alias>, ApiError> {
    let name = resource::name(&name)?;
    if app.aliases.find(name.as_str()).is_none() {
        return Err(no_such_alias(&app, &name));
    }
    let alias = app.aliases.delete(&name).await?;
    app.audit
        .note(caller.principal(), "alias.delete", &object(&name), "ok");
    Ok(Json(alias))
}

async fn insert(app: &App, caller: &Credential, mut alias: Alias) -> Result<Response, ApiError> {
    alias.metadata.owner = Some(caller.principal().to_owned());
    let name = alias.metadata.name.clone();
    let alias = app.aliases.create(&alias, app.clock.now()).await?;
    app.audit
        .note(caller.principal(), "alias.create", &object(&name), "ok");
    let seen = with_status(&alias, &app.registry);
    Ok(resource::written(seen, true))
}

fn parse(value: serde_json::Value) -> Result<Alias, ApiError> {
    let alias = alias::parse(value).map_err(|error| ApiError::bad_request(error.to_string()))?;
    if alias.spec.on_unavailable == OnUnavailable::Queue {
        let message = "`onUnavailable: queue` needs a job queue, which this server does not have";
        return Err(ApiError::bad_request(message).hint("use `wait` or `fail`"));
    }
    Ok(alias)
}

fn no_such_alias(app: &App, name: &Name) -> ApiError {
    let error = ApiError::not_found(format!("there is no alias `{name}`"));
    match app.registry.find(name.as_str()) {
        Some(_) => error.hint(format!("`{name}` is an LLM: `mcpctl get llm {name}`")),
        None => error.hint("list them with `mcpctl get alias`"),
    }
}

fn object(name: &Name) -> String {
    format!("alias/{name}")
}
