//! `GET /v1/models`: every name that a request may give as its `model`.
//!
//! In OpenAI's shape; in Anthropic's for a client that says `anthropic-version`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use messages::models::{Model, Page};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::error_body::code;
use shared::timestamp::Timestamp;

use crate::http::error::ApiError;
use crate::routes::App;

/// Which part of the list, in Anthropic's words.
#[derive(Deserialize)]
pub(crate) struct PageQuery {
    limit: Option<usize>,
    after_id: Option<String>,
    before_id: Option<String>,
}

/// One name.
struct Listed {
    created_at: Timestamp,
    owned_by: String,
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let names = names(&app);
    if !is_anthropic(&headers) {
        let data: Vec<_> = names.iter().map(|(id, one)| shown(id, one)).collect();
        return Ok(as_json(json!({"object": "list", "data": data}).to_string()));
    }
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let models: Vec<_> = names.iter().map(|(id, one)| anthropic(id, one)).collect();
    let page = Page {
        limit: query.limit,
        after_id: query.after_id.as_deref(),
        before_id: query.before_id.as_deref(),
    };
    let list = messages::models::list(&models, &page);
    let list = list.map_err(|error| ApiError::bad_request(error.to_string()))?;
    Ok(as_json(list))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let names = names(&app);
    let Some(one) = names.get(&id) else {
        let id: String = id.escape_debug().take(80).collect();
        let near = app.registry.nearest_with(&id, names.into_keys());
        let error = gateway::Error::UnknownModel { name: id, near };
        debug_assert_eq!(error.code(), code::MODEL_NOT_FOUND);
        return Err(error.into());
    };
    let body = match is_anthropic(&headers) {
        true => messages::models::one(&anthropic(&id, one)),
        false => shown(&id, one).to_string(),
    };
    Ok(as_json(body))
}

/// Every LLM, alias and model id, each once.
fn names(app: &App) -> BTreeMap<String, Listed> {
    let mut names = BTreeMap::new();
    for row in app.registry.list() {
        let metadata = row.document().metadata;
        let owner = metadata.owner.unwrap_or_else(|| "mcpctl".into());
        let created_at = metadata.created_at.unwrap_or_default();
        // A pool is as old as its oldest row.
        let pool = names
            .entry(row.spec().model.clone())
            .or_insert_with(|| Listed {
                created_at,
                owned_by: owner.clone(),
            });
        pool.created_at = pool.created_at.min(created_at);
        let listed = Listed {
            created_at,
            owned_by: owner,
        };
        names.insert(row.name().to_string(), listed);
    }
    for alias in app.aliases.list() {
        let metadata = &alias.metadata;
        names
            .entry(metadata.name.to_string())
            .or_insert_with(|| Listed {
                created_at: metadata.created_at.unwrap_or_default(),
                owned_by: metadata.owner.clone().unwrap_or_else(|| "mcpctl".into()),
            });
    }
    names
}

fn shown(id: &str, one: &Listed) -> Value {
    json!({
        "id": id,
        "object": "model",
        "created": one.created_at.as_millis() / 1000,
        "owned_by": one.owned_by,
    })
}

fn anthropic<'a>(id: &'a str, one: &Listed) -> Model<'a> {
    Model {
        id,
        created_at: one.created_at,
        display_name: id,
    }
}

fn is_anthropic(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

fn as_json(body: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], body).into_response()
}
