//! `GET /metrics`, in Prometheus text.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

use crate::metrics::render;
use crate::routes::App;

/// Source: OpenMetrics 1.0, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the database may take to count jobs.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) async fn show(State(app): State<Arc<App>>) -> impl IntoResponse {
    // Without a database the rest is worth more than ever.
    let jobs = tokio::time::timeout(PATIENCE, app.jobs.unfinished()).await;
    let jobs = jobs.ok().and_then(Result::ok).unwrap_or_default();
    let text = render(&app.gateway, &app.relay, &app.lifecycle, jobs);
    ([(CONTENT_TYPE, OPEN_METRICS)], text)
}
