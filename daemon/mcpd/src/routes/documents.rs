//! Aliases and prices: list, read, write, delete. What differs between them is said by [`Resource`].

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use axum::{Extension, Json};
use gateway::{Documents, Kind, with_status};
use serde::Serialize;
use serde_json::Value;
use shared::alias::{self, AliasSpec};
use shared::document::List;
use shared::name::Name;
use shared::price::{self, PriceSpec};
use store::documents::Kept;

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::resource::{self, Segment};
use crate::routes::App;

/// A kind of resource that these routes serve.
pub(crate) trait Resource: Kept<Status: Serialize + Clone> + Clone + Send + Sync {
    /// Its kind in an envelope.
    const KIND: &'static str;
    /// What one is called, in paths of the log and in messages.
    const ONE: &'static str;

    fn of(app: &App) -> &Documents<Self>;

    /// Reads what a writer sent.
    fn parse(value: Value) -> Result<Kind<Self>, ApiError>;

    /// The document as it is shown.
    fn shown(_app: &App, document: &Kind<Self>) -> Kind<Self> {
        document.clone()
    }

    /// What may be meant by a name that is none of its.
    fn hint(_app: &App, _name: &Name) -> String {
        format!("list them with `mcpctl get {}`", Self::ONE)
    }
}

impl Resource for AliasSpec {
    const KIND: &'static str = alias::KIND;
    const ONE: &'static str = "alias";

    fn of(app: &App) -> &Documents<Self> {
        &app.aliases
    }

    fn parse(value: Value) -> Result<Kind<Self>, ApiError> {
        alias::parse(value).map_err(|error| ApiError::bad_request(error.to_string()))
    }

    fn shown(app: &App, alias: &Kind<Self>) -> Kind<Self> {
        with_status(alias, &app.registry)
    }

    fn hint(app: &App, name: &Name) -> String {
        match app.registry.find(name.as_str()) {
            Some(_) => format!("`{name}` is an LLM: `mcpctl get llm {name}`"),
            None => "list them with `mcpctl get alias`".into(),
        }
    }
}

impl Resource for PriceSpec {
    const KIND: &'static str = price::KIND;
    const ONE: &'static str = "price";

    fn of(app: &App) -> &Documents<Self> {
        &app.prices
    }

    fn parse(value: Value) -> Result<Kind<Self>, ApiError> {
        price::parse(value).map_err(|error| ApiError::bad_request(error.to_string()))
    }

    fn hint(_app: &App, _name: &Name) -> String {
        "list them with `mcpctl get price`; a price is named after an LLM or a model id".into()
    }
}

pub(crate) async fn list<S: Resource>(State(app): State<Arc<App>>) -> Json<List<Kind<S>>> {
    let all = S::of(&app).list();
    let shown = all.iter().map(|document| S::shown(&app, document));
    Json(List::of(S::KIND, shown.collect()))
}

pub(crate) async fn show<S: Resource>(
    State(app): State<Arc<App>>,
    Segment(name): Segment,
) -> Result<Json<Kind<S>>, ApiError> {
    let name = resource::name(&name)?;
    let found = S::of(&app).find(name.as_str());
    let found = found.ok_or_else(|| not_found::<S>(&app, &name))?;
    Ok(Json(S::shown(&app, &found)))
}

pub(crate) async fn create<S: Resource>(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let document = S::parse(resource::value(body)?)?;
    insert(&app, &caller, document).await
}

pub(crate) async fn put<S: Resource>(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let name = resource::name(&name)?;
    let document = S::parse(resource::named(resource::value(body)?, &name))?;
    resource::same_name(&name, &document.metadata.name)?;
    let expected = document.metadata.resource_version;
    if S::of(&app).find(name.as_str()).is_none() {
        return match expected {
            Some(_) => Err(not_found::<S>(&app, &name)),
            None => insert(&app, &caller, document).await,
        };
    }
    let now = app.clock.now();
    let changed = S::of(&app).replace(&document, expected, now).await?;
    note::<S>(&app, &caller, "change", &name);
    Ok(resource::written(S::shown(&app, &changed), false))
}

pub(crate) async fn delete<S: Resource>(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
) -> Result<Json<Kind<S>>, ApiError> {
    let name = resource::name(&name)?;
    if S::of(&app).find(name.as_str()).is_none() {
        return Err(not_found::<S>(&app, &name));
    }
    let deleted = S::of(&app).delete(&name).await?;
    note::<S>(&app, &caller, "delete", &name);
    Ok(Json(deleted))
}

async fn insert<S: Resource>(
    app: &App,
    caller: &Credential,
    mut document: Kind<S>,
) -> Result<Response, ApiError> {
    document.metadata.owner = Some(caller.principal().to_owned());
    let created = S::of(app).create(&document, app.clock.now()).await?;
    note::<S>(app, caller, "create", &created.metadata.name);
    Ok(resource::written(S::shown(app, &created), true))
}

fn note<S: Resource>(app: &App, caller: &Credential, verb: &str, name: &Name) {
    let (action, object) = (format!("{}.{verb}", S::ONE), format!("{}/{name}", S::ONE));
    app.audit.note(caller.principal(), &action, &object, "ok");
}

fn not_found<S: Resource>(app: &App, name: &Name) -> ApiError {
    ApiError::not_found(format!("there is no {} `{name}`", S::ONE)).hint(S::hint(app, name))
}
