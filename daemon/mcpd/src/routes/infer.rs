//! `POST /api/v1/llms/NAME/infer[/PATH]`.

use gateway::{Ask, Worker};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Request, Response};
use hyper::body::Incoming;
use shared::headers::{DROPPED_PARAMS, LLM};
use shared::infer_path::InferPath;
use shared::role::Role;

use crate::auth::Access;
use crate::http::body::ResponseBody;
use crate::http::error::ApiError;
use crate::http::read;
use crate::http::unbuffered::unbuffered;
use crate::routes::App;

pub(crate) async fn infer(
    app: &App,
    worker: &Worker,
    name: &str,
    path: InferPath,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, ApiError> {
    let Some(credential) = app
        .auth
        .authorize(request.headers(), Access::Role(Role::User))?
    else {
        return Err(ApiError::bad_request("the route needs a caller"));
    };
    let body = read::whole(request.into_body(), app.max_body_bytes).await?;
    let ask = Ask {
        name,
        path,
        body,
        caller: &credential.caller,
    };
    let started = tokio::time::Instant::now();
    let answer = app.gateway.infer(worker, ask).await.inspect_err(|error| {
        app.metrics.refused(error.status(), started.elapsed());
    })?;
    app.metrics
        .answered(answer.status.as_u16(), started.elapsed());
    let mut response = Response::new(ResponseBody::Answer(Box::new(answer.body)));
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
    if let Ok(name) = HeaderValue::from_str(name) {
        headers.insert(LLM, name);
    }
    if let Some(dropped) = answer.dropped_params {
        headers.insert(DROPPED_PARAMS, dropped);
    }
    Ok(response)
}
