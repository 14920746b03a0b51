//! `GET /healthz`, `GET /readyz`.

use std::sync::Arc;

use axum::extract::State;
use shared::error_body::code;

use crate::http::error::ApiError;
use crate::routes::App;

/// The process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// It takes work: not stopping, and the database answers.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, ApiError> {
    if app.lifecycle.is_stopping() {
        return Err(ApiError::new(
            503,
            code::SHUTTING_DOWN,
            "the server is stopping",
        ));
    }
    app.store.ping().await?;
    Ok("ready\n")
}
