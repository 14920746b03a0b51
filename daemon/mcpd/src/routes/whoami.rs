//! `GET /api/v1/whoami`.

use std::sync::Arc;

use axum::{Extension, Json};
use shared::token::WhoAmI;

use crate::auth::Credential;

pub(crate) async fn show(Extension(caller): Extension<Arc<Credential>>) -> Json<WhoAmI> {
    Json(WhoAmI {
        principal: caller.principal().to_owned(),
        token: caller.record.name.to_string(),
        roles: caller.record.roles.clone(),
        expires_at: caller.record.expires_at,
        server_version: env!("CARGO_PKG_VERSION").into(),
    })
}
