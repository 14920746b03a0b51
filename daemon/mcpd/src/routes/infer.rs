//! Inference: `POST /v1/...` for OpenAI's and Anthropic's clients, and
//! `POST /api/v1/llms/NAME/infer[/PATH]`.

use std::sync::Arc;

use gateway::{Answer, Ask, CacheWish, Dialect, Worker};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Request, Response};
use shared::headers::{ATTEMPTS, CACHE, DROPPED_PARAMS, LLM};
use shared::infer_path::InferPath;
use shared::role::Role;

use crate::auth::Access;
use crate::http::body::ResponseBody;
use crate::http::error::ApiError;
use crate::http::read;
use crate::http::request_body::RequestBody;
use crate::http::unbuffered::unbuffered;
use crate::routes::deferred::Deferrable;
use crate::routes::{App, deferred};

/// What a request's path says.
pub(crate) struct Target {
    /// The LLM, where the path names it.
    pub(crate) model: Option<String>,
    pub(crate) path: InferPath,
    /// In whose shape errors are told.
    pub(crate) dialect: Dialect,
}

pub(crate) async fn infer(
    app: &App,
    worker: &Arc<Worker>,
    target: Target,
    request: Request<RequestBody>,
    id: &HeaderValue,
) -> Result<Response<ResponseBody>, ApiError> {
    let Some(credential) = app
        .auth
        .authorize(request.headers(), Access::Role(Role::User))?
    else {
        return Err(ApiError::bad_request("the route needs a caller"));
    };
    let cache = cache_wish(request.headers());
    let is_preferred = deferred::is_preferred(request.headers());
    let (limit, revoked) = (app.max_body_bytes, &credential.caller.revoked);
    let body = read::whole(request.into_body(), limit, revoked).await?;
    let deferrable = Deferrable::find(app, &target, is_preferred, &body);
    let deferrable = match deferrable {
        Some(deferrable) if deferrable.is_due(app) => {
            return Ok(deferrable
                .defer(app, &credential)
                .await?
                .map(ResponseBody::Axum));
        }
        other => other,
    };
    let ask = Ask {
        dialect: target.dialect,
        model: target.model,
        path: target.path,
        body,
        caller: credential.caller.clone(),
        request_id: id.clone(),
        cache,
        keep_alive: true,
    };
    match (app.gateway.infer(worker, ask).await, deferrable) {
        (Ok(answer), _) => Ok(respond(answer)),
        // Whoever could take it when we looked can't any more.
        (Err(error), Some(deferrable)) if error.is_unavailable() => Ok(deferrable
            .defer(app, &credential)
            .await?
            .map(ResponseBody::Axum)),
        (Err(error), _) => Err(error.into()),
    }
}

fn respond(answer: Answer) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::Answer(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if let Some(content_type) = answer.content_type {
        if content_type.as_bytes().starts_with(b"text/event-stream") {
            unbuffered(headers);
        }
        headers.insert(CONTENT_TYPE, content_type);
    }
    if let Some(retry_after) = answer.retry_after {
        headers.insert(RETRY_AFTER, retry_after);
    }
    if let Some(llm) = answer.llm {
        headers.insert(LLM, llm);
        headers.insert(ATTEMPTS, HeaderValue::from(answer.attempts));
    }
    if let Some(dropped) = answer.dropped_params {
        headers.insert(DROPPED_PARAMS, dropped);
    }
    if let Some(hit) = answer.cache_hit {
        let text = if hit { "hit" } else { "miss" };
        headers.insert(CACHE, HeaderValue::from_static(text));
    }
    response
}

fn cache_wish(headers: &HeaderMap) -> CacheWish {
    match headers.get(CACHE).map(HeaderValue::as_bytes) {
        Some(b"use") => CacheWish::Use,
        Some(b"bypass") => CacheWish::Bypass,
        _ => CacheWish::AsTheAliasSays,
    }
}
