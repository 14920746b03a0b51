//! What workers say: register, claim, heartbeat, complete, fail.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::StatusCode;
use jobs::KnownWorker;
use serde::Serialize;
use shared::error_body::code;
use shared::job::{
    Claim, ClaimedList, Complete, EntryAnswer, Fail, Heartbeat, HeartbeatAnswer, Register,
    Registered, parse_batch,
};

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::read::{bytes, from_json};
use crate::routes::App;

type Caller = Extension<Arc<Credential>>;
type Body = Result<Bytes, BytesRejection>;

/// The workers that were heard of.
#[derive(Serialize)]
pub(crate) struct WorkerList {
    workers: Vec<KnownWorker>,
}

/// The answers to entries that came as a list.
#[derive(Serialize)]
struct EntryAnswers {
    jobs: Vec<EntryAnswer>,
}

/// `GET /v1/workers`
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<WorkerList> {
    let workers = app.jobs.workers();
    Json(WorkerList { workers })
}

/// `POST /v1/workers/register`
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    Extension(caller): Caller,
    body: Body,
) -> Result<Json<Registered>, ApiError> {
    let register: Register = from_json(&bytes(body)?)?;
    Ok(Json(app.jobs.register(register, caller.principal())?))
}

/// `POST /v1/workers/claim`
pub(crate) async fn claim(
    State(app): State<Arc<App>>,
    Extension(caller): Caller,
    body: Body,
) -> Result<Response, ApiError> {
    let claim: Claim = from_json(&bytes(body)?)?;
    let claimed = tokio::select! {
        biased;
        () = app.lifecycle.stopping() => return Err(jobs::Error::Stopping.into()),
        () = caller.caller.revoked.cancelled() => Vec::new(),
        claimed = app.jobs.claim(&claim, caller.principal()) => claimed?,
    };
    if claimed.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(match claim.limit {
        1 => Json(claimed.into_iter().next()).into_response(),
        _ => Json(ClaimedList { jobs: claimed }).into_response(),
    })
}

/// `POST /v1/workers/heartbeat`
pub(crate) async fn heartbeat(
    State(app): State<Arc<App>>,
    Extension(caller): Caller,
    body: Body,
) -> Result<Json<HeartbeatAnswer>, ApiError> {
    let heartbeat: Heartbeat = from_json(&bytes(body)?)?;
    Ok(Json(
        app.jobs.heartbeat(&heartbeat, caller.principal()).await?,
    ))
}

/// `POST /v1/workers/complete`
pub(crate) async fn complete(
    State(app): State<Arc<App>>,
    Extension(caller): Caller,
    body: Body,
) -> Result<Response, ApiError> {
    let batch = parse_batch::<Complete>(&bytes(body)?).map_err(jobs::Error::from)?;
    let answers = app.jobs.complete(batch.entries, caller.principal()).await?;
    answered(answers, batch.is_list)
}

/// `POST /v1/workers/fail`
pub(crate) async fn fail(
    State(app): State<Arc<App>>,
    Extension(caller): Caller,
    body: Body,
) -> Result<Response, ApiError> {
    let batch = parse_batch::<Fail>(&bytes(body)?).map_err(jobs::Error::from)?;
    let answers = app.jobs.fail(batch.entries, caller.principal()).await?;
    answered(answers, batch.is_list)
}

/// A list is answered entry by entry; a single stale one is refused.
fn answered(answers: Vec<EntryAnswer>, is_list: bool) -> Result<Response, ApiError> {
    if is_list {
        return Ok(Json(EntryAnswers { jobs: answers }).into_response());
    }
    match answers.into_iter().next() {
        Some(answer) if answer.ok => Ok(Json(answer).into_response()),
        Some(answer) => {
            let why = answer.error.unwrap_or_default();
            Err(ApiError::new(409, code::STALE_LEASE, why))
        }
        None => Err(ApiError::bad_request("there is no entry")),
    }
}
