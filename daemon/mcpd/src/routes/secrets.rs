//! Secrets: values go in and never come out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use axum::{Extension, Json};
use shared::document::{List, spread};
use shared::error_body::code;
use shared::name::Name;
use shared::secret::{KIND, Secret};
use store::secrets::{NewSecret, Write};

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::resource::{self, Segment};
use crate::routes::App;

/// Secrets that one listing shows.
const MAX_LISTED: u32 = 1000;

pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Json<List<Secret>>, ApiError> {
    let items = app.secrets.list(None, MAX_LISTED).await?;
    Ok(Json(List::of(KIND, items)))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Segment(name): Segment,
) -> Result<Json<Secret>, ApiError> {
    Ok(Json(app.secrets.get(&resource::name(&name)?).await?))
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let document = parse(resource::value(body)?)?;
    write(&app, &caller, document, Write::New).await
}

pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let name = resource::name(&name)?;
    let document = parse(resource::named(resource::value(body)?, &name))?;
    resource::same_name(&name, &document.metadata.name)?;
    let expected = document.metadata.resource_version;
    write(
        &app,
        &caller,
        document,
        expected.map_or(Write::Any, Write::Version),
    )
    .await
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
) -> Result<Json<Secret>, ApiError> {
    let name = resource::name(&name)?;
    let users = app.store.llms().referring_to(&name).await?;
    if let Some(user) = users.first() {
        let message = format!("the secret `{name}` is in use, by the LLM `{user}` among others");
        return Err(ApiError::new(409, code::CONFLICT, message).hint(format!(
            "delete or change it first: `mcpctl describe llm {user}`"
        )));
    }
    let secret = app.secrets.delete(&name).await?;
    app.registry.new_generation();
    app.audit
        .note(caller.principal(), "secret.delete", &object(&name), "ok");
    Ok(Json(secret))
}

async fn write(
    app: &App,
    caller: &Credential,
    document: Secret,
    write: Write,
) -> Result<Response, ApiError> {
    let name = document.metadata.name;
    let secret = NewSecret {
        name: name.clone(),
        labels: document.metadata.labels,
        fields: document
            .spec
            .data
            .into_iter()
            .map(|(field, value)| (field, value.into()))
            .collect(),
    };
    let (stored, is_new) = app.secrets.put(&secret, write, app.clock.now()).await?;
    // Adapters hold values of secrets.
    app.registry.new_generation();
    app.gateway.forgive_keyed(&name);
    app.audit
        .note(caller.principal(), "secret.write", &object(&name), "ok");
    Ok(resource::written(stored, is_new))
}

fn parse(value: serde_json::Value) -> Result<Secret, ApiError> {
    let bad = |why: String| ApiError::bad_request(format!("not a valid secret: {why}"));
    let value =
        spread(value, KIND, &["status", "fields"]).map_err(|error| bad(error.to_string()))?;
    // The parser's message may repeat a value: only say where it was.
    let secret: Secret = serde_json::from_value(value).map_err(|_| {
        bad("`data` maps field names to strings, such as {\"api-key\": \"...\"}".into())
    })?;
    if secret.spec.data.is_empty() {
        return Err(bad("`data` holds no field".into()));
    }
    Ok(secret)
}

fn object(name: &Name) -> String {
    format!("secret/{name}")
}
