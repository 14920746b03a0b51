//! Access tokens: made once shown, listed, deleted.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;
use shared::document::{List, Metadata, spread};
use shared::token::{KIND, Limits, Token, TokenSpec};

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::resource::{self, Segment};
use crate::routes::App;

/// What a writer sends; what is seen is not its to say.
#[derive(Deserialize)]
struct Wanted {
    metadata: Metadata,
    spec: TokenSpec,
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
) -> Json<List<Token>> {
    Json(List::of(KIND, app.auth.list(&caller)))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
) -> Result<Json<Token>, ApiError> {
    Ok(Json(app.auth.get(&resource::name(&name)?, &caller)?))
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let bad = |why: String| ApiError::bad_request(format!("not a valid token: {why}"));
    let value = spread(
        resource::value(body)?,
        KIND,
        &["status", "value", "lastUsedAt", "spent"],
    )
    .map_err(|error| bad(error.to_string()))?;
    let wanted: Wanted = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
    let name = wanted.metadata.name;
    let made = app
        .auth
        .create(name.clone(), wanted.spec, Some(&caller))
        .await;
    let object = format!("token/{name}");
    let outcome = if made.is_ok() { "ok" } else { "refused" };
    app.audit
        .note(caller.principal(), "token.create", &object, outcome);
    Ok(resource::written(made?, true))
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
) -> Result<Json<Token>, ApiError> {
    let name = resource::name(&name)?;
    let deleted = app.auth.delete(&name, &caller).await?;
    let object = format!("token/{name}");
    app.audit
        .note(caller.principal(), "token.delete", &object, "ok");
    Ok(Json(deleted))
}

pub(crate) async fn limit(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Token>, ApiError> {
    let name = resource::name(&name)?;
    let limits: Limits = serde_json::from_value(resource::value(body)?)
        .map_err(|error| ApiError::bad_request(format!("not valid limits: {error}")))?;
    let token = app.auth.set_limits(&name, limits, &caller).await?;
    let object = format!("token/{name}");
    app.audit
        .note(caller.principal(), "token.limit", &object, "ok");
    Ok(Json(token))
}
