//! `GET /metrics`, in Prometheus text.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

use crate::metrics::render;
use crate::routes::App;

/// Source: OpenMetrics 1.0, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn show(State(app): State<Arc<App>>) -> impl IntoResponse {
    let text = render(&app.gateway, &app.relay);
    ([(CONTENT_TYPE, OPEN_METRICS)], text)
}
