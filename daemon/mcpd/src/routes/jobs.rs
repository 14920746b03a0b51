//! Durable jobs as their owners see them: submit, look, cancel, retry, delete.
//!
//! A job is its owner's; an admin sees everybody's. One that is not the caller's is not found.

use std::sync::Arc;

use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::header::{HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use jobs::{Submitter, Viewer};
use serde::Deserialize;
use shared::job::{
    Job, JobId, JobList, Looked, Lookup, Status, Submitted, SubmittedMany, Summary, parse_submit,
};
use shared::role::Role;
use store::jobs::Filter;

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::read::{bytes, from_json};
use crate::http::resource::Segment;
use crate::routes::App;

/// Jobs of a page where nobody says how many.
const DEFAULT_PAGE: u32 = 50;
/// When to look at a job that has not ended again.
const LOOK_AGAIN_S: u64 = 2;
/// Makes a repeated call the same call.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Credential {
    /// Whose jobs it sees.
    pub(crate) fn viewer(&self) -> Viewer<'_> {
        match self.covers(Role::Admin) {
            true => Viewer::Admin,
            false => Viewer::Principal(self.principal()),
        }
    }

    /// On whose behalf its jobs run.
    pub(crate) fn submitter(&self) -> Submitter<'_> {
        Submitter {
            principal: self.principal(),
            token_id: &self.record.id,
        }
    }
}

/// The id in a path; one that can't be an id is that of no job.
pub(super) fn id(text: &str) -> Result<JobId, ApiError> {
    text.parse().map_err(|_| {
        let shown: String = text.escape_debug().take(80).collect();
        jobs::Error::NotFound(shown).into()
    })
}

/// `POST /v1/jobs`
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = bytes(body)?;
    let key = match headers.get(IDEMPOTENCY_KEY) {
        Some(key) => {
            let bad = |_| ApiError::bad_request("`Idempotency-Key` must be plain text");
            Some(key.to_str().map_err(bad)?)
        }
        None => None,
    };
    let (submits, is_list) = parse_submit(&body).map_err(jobs::Error::from)?;
    let key = key.map(|key| (key, &body[..]));
    let accepted = app.jobs.submit(submits, caller.submitter(), key).await?;
    let (mut ids, mut warnings) = (accepted.ids, accepted.warnings);
    let answer = match is_list {
        true => Json(SubmittedMany {
            job_ids: ids,
            warnings,
        })
        .into_response(),
        false => Json(Submitted {
            job_id: ids.swap_remove(0),
            warning: warnings.pop(),
        })
        .into_response(),
    };
    Ok((StatusCode::ACCEPTED, answer).into_response())
}

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    status: Option<Status>,
    kind: Option<String>,
    limit: Option<u32>,
    cursor: Option<JobId>,
}

/// `GET /v1/jobs`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<JobList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let filter = Filter {
        status: query.status,
        kind: query.kind,
        principal: None,
        cursor: query.cursor,
    };
    let limit = query.limit.unwrap_or(DEFAULT_PAGE);
    Ok(Json(app.jobs.list(filter, caller.viewer(), limit).await?))
}

#[derive(Deserialize)]
pub(crate) struct ShowQuery {
    #[serde(default)]
    history: bool,
}

/// `GET /v1/jobs/{id}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(text): Segment,
    query: Result<Query<ShowQuery>, QueryRejection>,
) -> Result<Json<Job>, ApiError> {
    let id = id(&text)?;
    let Query(query) =
        query.map_err(|_| ApiError::bad_request("`history` takes `true` or `false`"))?;
    Ok(Json(
        app.jobs.get(&id, caller.viewer(), query.history).await?,
    ))
}

/// `POST /v1/jobs/lookup`
pub(crate) async fn lookup(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Looked>, ApiError> {
    let lookup: Lookup = from_json(&bytes(body)?)?;
    Ok(Json(app.jobs.lookup(&lookup, caller.viewer()).await?))
}

/// `GET /v1/jobs/summary`
pub(crate) async fn summary(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
) -> Result<Json<Summary>, ApiError> {
    Ok(Json(app.jobs.summary(caller.viewer()).await?))
}

/// `POST /v1/jobs/{id}/cancel`
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(text): Segment,
) -> Result<Json<Job>, ApiError> {
    Ok(Json(app.jobs.cancel(&id(&text)?, caller.viewer()).await?))
}

/// `POST /v1/jobs/{id}/retry`
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(text): Segment,
) -> Result<Json<Job>, ApiError> {
    Ok(Json(app.jobs.retry(&id(&text)?, caller.viewer()).await?))
}

/// `DELETE /v1/jobs/{id}`
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(text): Segment,
) -> Result<Json<Job>, ApiError> {
    Ok(Json(app.jobs.delete(&id(&text)?, caller.viewer()).await?))
}

/// 202, with a job that will have the answer.
pub(crate) fn accepted(job: &Job) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(job)).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/jobs/{}", job.id)) {
        headers.insert(LOCATION, location);
    }
    let again = job.eta_s.unwrap_or(LOOK_AGAIN_S).clamp(1, 60);
    headers.insert(RETRY_AFTER, HeaderValue::from(again));
    response
}
