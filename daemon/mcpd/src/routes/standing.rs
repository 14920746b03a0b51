//! How the LLMs stand: where a request would go, and how busy each is.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use shared::load::LoadList;
use shared::route::{Explanation, Question};

use crate::http::error::ApiError;
use crate::http::resource;
use crate::routes::App;

/// `POST /api/v1/route/explain`
pub(crate) async fn explain(
    State(app): State<Arc<App>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Explanation>, ApiError> {
    let value = resource::value(body)?;
    let question: Question = serde_json::from_value(value).map_err(|error| {
        ApiError::bad_request(format!("the request body does not fit: {error}"))
    })?;
    Ok(Json(app.gateway.explain(&question.model)?))
}

/// `GET /api/v1/load`
pub(crate) async fn load(State(app): State<Arc<App>>) -> Json<LoadList> {
    Json(app.gateway.load())
}
