//! The routes that are matched by hand: inference and the control channel.

use std::borrow::Cow;

use gateway::Worker;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use shared::infer_path::InferPath;
use shared::role::Role;

use crate::auth::Access;
use crate::http::body::ResponseBody;
use crate::http::error::ApiError;
use crate::routes::{App, Route, channel, infer};

/// A route and what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direct {
    Infer { name: String, path: InferPath },
    Register,
    Bind,
    Heartbeat,
    TaskBody { task: String },
    Upload { task: String },
    Result { task: String },
}

/// The rows of these routes in the table of all.
pub(crate) const ROUTES: [Route; 8] = [
    Route::new(
        Method::POST,
        "/api/v1/llms/{name}/infer",
        Access::Role(Role::User),
    ),
    Route::new(
        Method::POST,
        "/api/v1/llms/{name}/infer/{*path}",
        Access::Role(Role::User),
    ),
    Route::new(Method::POST, "/api/v1/llms/_provider-register", PUBLISHER),
    Route::new(Method::GET, "/api/v1/llms/_provider-stream", PUBLISHER),
    Route::new(Method::POST, "/api/v1/llms/_provider-heartbeat", PUBLISHER),
    Route::new(Method::GET, "/api/v1/llms/_provider-task/{id}", PUBLISHER),
    Route::new(
        Method::POST,
        "/api/v1/llms/_provider-task/{id}/stream",
        PUBLISHER,
    ),
    Route::new(
        Method::POST,
        "/api/v1/llms/_provider-task/{id}/result",
        PUBLISHER,
    ),
];

const PUBLISHER: Access = Access::Role(Role::Publisher);

/// The direct route of a request; `None` leaves it to axum, also for another method.
pub(crate) fn find(method: &Method, path: &str) -> Option<Direct> {
    let rest = path.strip_prefix("/api/v1/llms/")?;
    if let Some(channel) = rest.strip_prefix("_provider-") {
        return find_channel(method, channel);
    }
    if method != Method::POST {
        return None;
    }
    let (name, verb) = rest.split_once('/')?;
    let path = match verb.strip_prefix("infer")? {
        "" => InferPath::ChatCompletions,
        path => path.strip_prefix('/')?.parse().ok()?,
    };
    Some(Direct::Infer {
        name: decode(name)?.into_owned(),
        path,
    })
}

fn find_channel(method: &Method, channel: &str) -> Option<Direct> {
    if let Some(task) = channel.strip_prefix("task/") {
        let (task, verb) = task.split_once('/').unwrap_or((task, ""));
        let task = task.to_owned();
        return match (method, verb) {
            (&Method::GET, "") => Some(Direct::TaskBody { task }),
            (&Method::POST, "stream") => Some(Direct::Upload { task }),
            (&Method::POST, "result") => Some(Direct::Result { task }),
            _ => None,
        };
    }
    match (method, channel) {
        (&Method::POST, "register") => Some(Direct::Register),
        (&Method::GET, "stream") => Some(Direct::Bind),
        (&Method::POST, "heartbeat") => Some(Direct::Heartbeat),
        _ => None,
    }
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

/// Answers a direct route.
pub(crate) async fn answer(
    app: &App,
    worker: &Worker,
    route: Direct,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, ApiError> {
    match route {
        Direct::Infer { name, path } => infer::infer(app, worker, &name, path, request).await,
        Direct::Register => channel::register(app, request).await,
        Direct::Bind => channel::bind(app, request).await,
        Direct::Heartbeat => channel::heartbeat(app, request).await,
        Direct::TaskBody { task } => channel::task_body(app, &task, request),
        Direct::Upload { task } => channel::upload(app, &task, request).await,
        Direct::Result { task } => channel::result(app, &task, request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let post = |path| find(&Method::POST, path);
        let infer = |name: &str, path| {
            let name = name.into();
            Some(Direct::Infer { name, path })
        };
        assert_eq!(
            post("/api/v1/llms/a/infer"),
            infer("a", InferPath::ChatCompletions)
        );
        assert_eq!(
            post("/api/v1/llms/a%2Fb/infer"),
            infer("a/b", InferPath::ChatCompletions)
        );
        assert_eq!(
            post("/api/v1/llms/a/infer/embeddings"),
            infer("a", InferPath::Embeddings)
        );
        assert_eq!(post("/api/v1/llms/a/infer/../secrets"), None);
        assert_eq!(post("/api/v1/llms/a/inferior"), None);
        let task = "7-1".to_owned();
        let upload = Direct::Upload { task };
        assert_eq!(post("/api/v1/llms/_provider-task/7-1/stream"), Some(upload));
        assert_eq!(find(&Method::GET, "/api/v1/llms/_provider-register"), None);
    }
}
