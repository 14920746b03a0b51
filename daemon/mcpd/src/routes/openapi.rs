//! `GET /api/openapi.json`: what this server can do. It holds no secret, so it takes no token.

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

use crate::openapi::text_of_all;

pub(crate) async fn show() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], text_of_all())
}
