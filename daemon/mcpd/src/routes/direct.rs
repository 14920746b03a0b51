//! The routes that are matched by hand: inference and the control channel.

use std::borrow::Cow;
use std::sync::Arc;

use gateway::{Dialect, Worker};
use http::header::HeaderValue;
use http::{Method, Request, Response};
use percent_encoding::percent_decode_str;
use shared::infer_path::InferPath;
use shared::role::Role;

use crate::auth::Access;
use crate::http::body::ResponseBody;
use crate::http::error::ApiError;
use crate::http::request_body::RequestBody;
use crate::routes::infer::Target;
use crate::routes::{App, HangUp, Route, channel, infer};

/// A route and what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direct {
    /// The body names the model.
    V1(InferPath),
    /// The path names the LLM.
    Infer {
        name: String,
        path: InferPath,
    },
    Register,
    Bind,
    Heartbeat,
    TaskBody {
        task: String,
    },
    Upload {
        task: String,
    },
    Result {
        task: String,
    },
}

/// The rows of these routes in the table of all.
pub(crate) const ROUTES: [Route; 13] = [
    Route::new(Method::POST, "/v1/chat/completions", USER, DROPS),
    Route::new(Method::POST, "/v1/completions", USER, DROPS),
    Route::new(Method::POST, "/v1/embeddings", USER, DROPS),
    Route::new(Method::POST, "/v1/responses", USER, DROPS),
    Route::new(Method::POST, "/v1/messages", USER, DROPS),
    Route::new(Method::POST, "/api/v1/llms/{name}/infer", USER, DROPS),
    Route::new(
        Method::POST,
        "/api/v1/llms/{name}/infer/{*path}",
        USER,
        DROPS,
    ),
    Route::new(
        Method::POST,
        "/api/v1/llms/_provider-register",
        PUBLISHER,
        FINISHES,
    ),
    Route::new(
        Method::GET,
        "/api/v1/llms/_provider-stream",
        PUBLISHER,
        DROPS,
    ),
    Route::new(
        Method::POST,
        "/api/v1/llms/_provider-heartbeat",
        PUBLISHER,
        DROPS,
    ),
    Route::new(
        Method::GET,
        "/api/v1/llms/_provider-task/{id}",
        PUBLISHER,
        DROPS,
    ),
    Route::new(
        Method::POST,
        "/api/v1/llms/_provider-task/{id}/stream",
        PUBLISHER,
        DROPS,
    ),
    Route::new(
        Method::POST,
        "/api/v1/llms/_provider-task/{id}/result",
        PUBLISHER,
        DROPS,
    ),
];

const USER: Access = Access::Role(Role::User);
const PUBLISHER: Access = Access::Role(Role::Publisher);
const DROPS: HangUp = HangUp::Drops;
const FINISHES: HangUp = HangUp::Finishes;

/// The direct route of a request; `None` leaves it to axum, also for another method.
pub(crate) fn find(method: &Method, path: &str) -> Option<Direct> {
    if let Some(path) = path.strip_prefix("/v1/") {
        let is_post = method == Method::POST;
        let path = is_post.then(|| path.parse().ok())??;
        // The others are asked for at `/api/v1/llms/NAME/infer/...` alone.
        return (path != InferPath::Rerank).then_some(Direct::V1(path));
    }
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

impl Direct {
    /// In whose shape its errors are told.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::V1(InferPath::Messages)
            | Self::Infer {
                path: InferPath::Messages,
                ..
            } => Dialect::Anthropic,
            _ => Dialect::OpenAi,
        }
    }
}

/// Answers a direct route.
pub(crate) async fn answer(
    app: &App,
    worker: &Arc<Worker>,
    route: Direct,
    request: Request<RequestBody>,
    id: &HeaderValue,
) -> Result<Response<ResponseBody>, ApiError> {
    let dialect = route.dialect();
    let (model, path) = match route {
        Direct::V1(path) => (None, path),
        Direct::Infer { name, path } => (Some(name), path),
        Direct::Register => return channel::register(app, request).await,
        Direct::Bind => return channel::bind(app, request).await,
        Direct::Heartbeat => return channel::heartbeat(app, request).await,
        Direct::TaskBody { task } => return channel::task_body(app, &task, request),
        Direct::Upload { task } => return channel::upload(app, &task, request).await,
        Direct::Result { task } => return channel::result(app, &task, request).await,
    };
    infer::infer(
        app,
        worker,
        Target {
            model,
            path,
            dialect,
        },
        request,
        id,
    )
    .await
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
        let v1 = Some(Direct::V1(InferPath::Messages));
        assert_eq!(post("/v1/messages"), v1);
        assert_eq!(post("/v1/models"), None);
        assert_eq!(find(&Method::GET, "/v1/messages"), None);
        let task = "7-1".to_owned();
        let upload = Direct::Upload { task };
        assert_eq!(post("/api/v1/llms/_provider-task/7-1/stream"), Some(upload));
        assert_eq!(find(&Method::GET, "/api/v1/llms/_provider-register"), None);
    }
}
