//! Requests that become jobs: where nobody can take one at once, and its caller or its alias would
//! rather have the answer later. And the answer, in the shape that it would have had.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gateway::Dialect;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use jobs::Deferred;
use serde_json::value::RawValue;
use shared::error_body::code;
use shared::job::{Job, Outcome, Status};

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::resource::Segment;
use crate::routes::infer::Target;
use crate::routes::{App, jobs as routes};

/// RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Whether the caller would rather have an answer later than none.
pub(super) fn is_preferred(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all(PREFER).iter();
    preferences
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().unwrap_or("").trim() == "respond-async")
}

/// What a request is, kept until it is known whether it becomes a job.
pub(super) struct Deferrable {
    deferred: Deferred,
}

impl Deferrable {
    /// The request, where it may become a job: its caller prefers that, or its alias says so.
    pub(super) fn find(
        app: &App,
        target: &Target,
        is_preferred: bool,
        body: &Bytes,
    ) -> Option<Self> {
        if !is_preferred && !app.gateway.queues_any() {
            return None;
        }
        let head = shared::chat_body::read(body).ok()?;
        let model = target.model.clone().or_else(|| head.model(body))?;
        if !is_preferred && !app.gateway.queues(&model) {
            return None;
        }
        let body = RawValue::from_string(String::from_utf8(body.to_vec()).ok()?).ok()?;
        Some(Self {
            deferred: Deferred {
                model,
                path: target.path,
                anthropic: target.dialect == Dialect::Anthropic,
                stream: head.stream,
                body,
            },
        })
    }

    /// Whether nobody can take it at once.
    pub(super) fn is_due(&self, app: &App) -> bool {
        !app.gateway.takes(&self.deferred.model)
    }

    /// Makes it a job: 202.
    pub(super) async fn defer(self, app: &App, by: &Credential) -> Result<Response, ApiError> {
        let job = app.jobs.defer(&self.deferred, by.submitter()).await?;
        Ok(routes::accepted(&job))
    }
}

/// `GET /v1/jobs/{id}/response`: the answer of a deferred request; 202 with the job while there is
/// none yet.
pub(crate) async fn response(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(text): Segment,
) -> Result<Response, ApiError> {
    let id = routes::id(&text)?;
    let job = app.jobs.get(&id, caller.viewer(), true).await?;
    if job.kind != Deferred::KIND {
        let message = format!(
            "the job `{id}` is of the kind `{}`: it answers no request",
            job.kind
        );
        return Err(ApiError::new(409, code::CONFLICT, message)
            .hint("its result stands in `GET /v1/jobs/{id}`"));
    }
    match job.status {
        Status::Queued | Status::Running => Ok(routes::accepted(&job)),
        Status::Done => Ok(stored(&job)),
        Status::Error | Status::Canceled | Status::Expired => {
            let why = job.error.unwrap_or_default();
            let message = format!("the job ended as `{}`: {why}", job.status);
            Err(ApiError::new(502, code::PROVIDER_ERROR, message)
                .hint(format!("run it again with `mcpctl jobs retry {id}`")))
        }
    }
}

/// The answer as the gateway would have given it.
fn stored(job: &Job) -> Response {
    let done = job
        .history
        .iter()
        .rev()
        .find(|one| one.outcome == Some(Outcome::Done));
    let metrics = done.and_then(|attempt| attempt.metrics.as_ref());
    let metrics = metrics
        .and_then(|metrics| serde_json::from_str::<serde_json::Value>(metrics.as_str()).ok());
    let content_type = metrics.as_ref().and_then(|metrics| {
        let text = metrics.get("content_type")?.as_str()?;
        HeaderValue::from_str(text).ok()
    });
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/json"));
    let result = job.result.as_ref().map_or("null", |result| result.as_str());
    // Anything but JSON is kept as one JSON text.
    let is_json = content_type.as_bytes().starts_with(b"application/json");
    let body = match serde_json::from_str::<String>(result) {
        Ok(text) if !is_json => text,
        _ => result.to_owned(),
    };
    (StatusCode::OK, [(CONTENT_TYPE, content_type)], body).into_response()
}
