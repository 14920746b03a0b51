//! Prices: list, read, write, delete.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use axum::{Extension, Json};
use shared::document::List;
use shared::name::Name;
use shared::price::{self, KIND, Price};

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::resource::{self, Segment};
use crate::routes::App;

pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<List<Price>> {
    Json(List::of(KIND, app.prices.list()))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Segment(name): Segment,
) -> Result<Json<Price>, ApiError> {
    let name = resource::name(&name)?;
    let price = app.prices.find(name.as_str());
    price.map(Json).ok_or_else(|| no_such_price(&name))
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let price = parse(resource::value(body)?)?;
    insert(&app, &caller, price).await
}

pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let name = resource::name(&name)?;
    let price = parse(resource::named(resource::value(body)?, &name))?;
    resource::same_name(&name, &price.metadata.name)?;
    let expected = price.metadata.resource_version;
    if app.prices.find(name.as_str()).is_none() {
        return match expected {
            Some(_) => Err(no_such_price(&name)),
            None => insert(&app, &caller, price).await,
        };
    }
    let now = app.clock.now();
    let price = app.prices.replace(&price, expected, now).await?;
    app.audit
        .note(caller.principal(), "price.change", &object(&name), "ok");
    Ok(resource::written(price, false))
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(name): Segment,
) -> Result<Json<Price>, ApiError> {
    let name = resource::name(&name)?;
    if app.prices.find(name.as_str()).is_none() {
        return Err(no_such_price(&name));
    }
    let price = app.prices.delete(&name).await?;
    app.audit
        .note(caller.principal(), "price.delete", &object(&name), "ok");
    Ok(Json(price))
}

async fn insert(app: &App, caller: &Credential, mut price: Price) -> Result<Response, ApiError> {
    price.metadata.owner = Some(caller.principal().to_owned());
    let name = price.metadata.name.clone();
    let price = app.prices.create(&price, app.clock.now()).await?;
    app.audit
        .note(caller.principal(), "price.create", &object(&name), "ok");
    Ok(resource::written(price, true))
}

fn parse(value: serde_json::Value) -> Result<Price, ApiError> {
    price::parse(value).map_err(|error| ApiError::bad_request(error.to_string()))
}

fn no_such_price(name: &Name) -> ApiError {
    ApiError::not_found(format!("there is no price named `{name}`"))
        .hint("list them with `mcpctl get price`; a price is named after an LLM or a model id")
}

fn object(name: &Name) -> String {
    format!("price/{name}")
}
