//! The control channel's routes: publishers register, listen, give signs of life, bring answers.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode};
use relay::{Error, UploadHead};
use serde::Serialize;
use shared::channel::{Heartbeat, Register, ResultMessage};
use shared::headers::{
    DROPPED_PARAMS, EPOCH, KEEPALIVE, PROVIDER_SESSION, UPSTREAM_RETRY_AFTER, UPSTREAM_STATUS,
};
use shared::keepalive::Mark;
use shared::role::Role;

use crate::auth::{Access, Credential};
use crate::http::body::ResponseBody;
use crate::http::error::ApiError;
use crate::http::read;
use crate::http::request_body::RequestBody;
use crate::http::unbuffered::unbuffered;
use crate::routes::App;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

pub(crate) async fn register(
    app: &App,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, ApiError> {
    let publisher = publisher(app, request.headers())?;
    not_stopping(app)?;
    let (limit, revoked) = (read::MAX_CONTROL_BODY_BYTES, &publisher.caller.revoked);
    let offer: Register = read::json(request.into_body(), limit, revoked).await?;
    let (relay, audit) = (app.relay.clone(), app.audit.clone());
    let registering = async move {
        let principal = publisher.principal();
        let registered = relay.register(principal, offer).await;
        if let Err(Error::NameTaken(conflicts)) = &registered {
            for conflict in conflicts {
                let object = format!("llm/{}", conflict.name);
                audit.note(principal, "publish", &object, "name_taken");
            }
        }
        registered
    };
    let registered = app.lifecycle.to_its_end("write", registering).await;
    answer(&registered?)
}

pub(crate) async fn bind(
    app: &App,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, ApiError> {
    let publisher = publisher(app, request.headers())?;
    not_stopping(app)?;
    let session = session(request.headers())?;
    let bound = app.relay.bind(publisher.principal(), session).await;
    let frames = noting(app, &publisher, session, "bind", bound)?;
    let mut response = Response::new(ResponseBody::Channel {
        frames,
        ended: Box::pin(publisher.caller.revoked.clone().cancelled_owned()),
        revoked: publisher.caller.revoked.clone(),
    });
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    unbuffered(headers);
    Ok(response)
}

pub(crate) async fn heartbeat(
    app: &App,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, ApiError> {
    let publisher = publisher(app, request.headers())?;
    let session = session(request.headers())?.to_owned();
    let (limit, revoked) = (read::MAX_CONTROL_BODY_BYTES, &publisher.caller.revoked);
    let bytes = read::whole(request.into_body(), limit, revoked).await?;
    // A client that has nothing to say may send nothing.
    let heartbeat: Heartbeat = match bytes.is_empty() {
        true => Heartbeat::default(),
        false => read::from_json(&bytes)?,
    };
    let reply = app
        .relay
        .heartbeat(publisher.principal(), &session, &heartbeat)?;
    answer(&reply)
}

pub(crate) fn task_body(
    app: &App,
    task: &str,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, ApiError> {
    let publisher = publisher(app, request.headers())?;
    let session = session(request.headers())?;
    let body = app.relay.task_body(publisher.principal(), session, task);
    let body = noting(app, &publisher, session, "fetch", body)?;
    let mut response = Response::new(ResponseBody::full(body));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}

pub(crate) async fn upload(
    app: &App,
    task: &str,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, ApiError> {
    let publisher = publisher(app, request.headers())?;
    let (mut head, body) = request.into_parts();
    let upload = UploadHead {
        epoch: epoch(&head.headers)?,
        status: upstream_status(&head.headers)?,
        content_type: head.headers.remove(CONTENT_TYPE),
        retry_after: head.headers.remove(UPSTREAM_RETRY_AFTER),
        dropped_params: head.headers.remove(DROPPED_PARAMS),
        keepalive: mark(&head.headers)?,
    };
    let session = session(&head.headers)?;
    // It lasts as long as the answer does, which has a deadline of its own.
    let (body, streamed) = body.into_stream();
    let brought = app
        .relay
        .accept_upload(publisher.principal(), session, task, upload, body)
        .await;
    noting(app, &publisher, session, "answer", brought)?;
    streamed.end_whole();
    Ok(accepted())
}

pub(crate) async fn result(
    app: &App,
    task: &str,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, ApiError> {
    let publisher = publisher(app, request.headers())?;
    let epoch = epoch(request.headers())?;
    let session = session(request.headers())?.to_owned();
    let (limit, revoked) = (app.max_body_bytes, &publisher.caller.revoked);
    let message: ResultMessage = read::json(request.into_body(), limit, revoked).await?;
    let taken = app
        .relay
        .accept_result(publisher.principal(), &session, task, epoch, message)
        .await;
    noting(app, &publisher, &session, "answer", taken)?;
    Ok(accepted())
}

/// While the server drains, a new channel would supersede the one that running tasks hang on.
fn not_stopping(app: &App) -> Result<(), ApiError> {
    match app.lifecycle.is_stopping() {
        true => Err(gateway::Error::Stopping.into()),
        false => Ok(()),
    }
}

fn publisher(app: &App, headers: &HeaderMap) -> Result<Arc<Credential>, ApiError> {
    let credential = app.auth.authorize(headers, Access::Role(Role::Publisher))?;
    credential.ok_or_else(|| ApiError::bad_request("the route needs a publisher"))
}

/// Notes in the audit trail that a principal named a session or a task that is not its own.
fn noting<T>(
    app: &App,
    publisher: &Credential,
    session: &str,
    action: &str,
    outcome: Result<T, Error>,
) -> Result<T, ApiError> {
    if matches!(outcome, Err(Error::NotFound)) {
        let session: String = session.chars().take(64).collect();
        let object = format!("session/{session}");
        app.audit
            .note(publisher.principal(), action, &object, "not_found");
    }
    Ok(outcome?)
}

fn session(headers: &HeaderMap) -> Result<&str, ApiError> {
    let value = headers
        .get(PROVIDER_SESSION)
        .and_then(|value| value.to_str().ok());
    value.ok_or_else(|| {
        ApiError::bad_request(format!(
            "the header `{PROVIDER_SESSION}` is missing or unreadable"
        ))
    })
}

fn epoch(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    number(headers, EPOCH)
}

fn upstream_status(headers: &HeaderMap) -> Result<StatusCode, ApiError> {
    let status: u16 = number(headers, UPSTREAM_STATUS)?.unwrap_or(200);
    // An informational status ends no request.
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200);
    status.ok_or_else(|| bad_number(UPSTREAM_STATUS))
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Result<Option<T>, ApiError> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| bad_number(name))?;
    text.parse().map(Some).map_err(|_| bad_number(name))
}

/// What the upload says in silence.
fn mark(headers: &HeaderMap) -> Result<Option<Mark>, ApiError> {
    let Some(word) = headers.get(KEEPALIVE) else {
        return Ok(None);
    };
    let mark = word.to_str().ok().and_then(Mark::of);
    mark.map(Some).ok_or_else(|| {
        ApiError::bad_request(format!(
            "the header `{KEEPALIVE}` holds 16 to 64 letters and digits"
        ))
    })
}

fn bad_number(name: &str) -> ApiError {
    ApiError::bad_request(format!(
        "the header `{name}` does not hold a number of its kind"
    ))
}

fn answer<T: Serialize>(value: &T) -> Result<Response<ResponseBody>, ApiError> {
    let text = serde_json::to_string(value).map_err(|_| {
        ApiError::new(
            500,
            shared::error_body::code::INTERNAL,
            "no answer could be made",
        )
    })?;
    let mut response = Response::new(ResponseBody::full(text));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}

fn accepted() -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(&b"{\"ok\":true}"[..]));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}
