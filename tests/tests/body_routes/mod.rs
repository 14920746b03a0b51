//! Every route to which a body may be sent, by the server's own table, so that none is left out.

use http::Method;
use mcpd::routes::table;

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct BodyRoute {
    /// Its method.
    pub(crate) method: Method,
    /// Its path: names and ids in it are those of nothing, but for the LLM `cloud`.
    pub(crate) path: String,
    /// What it does with a body.
    pub(crate) takes: Takes,
}

/// What a route does with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// It reads none, and answers at once.
    Nothing,
    /// A document of the control plane.
    Document,
    /// Many jobs or results.
    Jobs,
    /// A request to a model, or its answer in pieces.
    Inference,
    /// An answer of a model while it is made: with the clock and the bounds of that answer. One of no task, as here, is
    /// refused before its body.
    Upload,
}

/// All of them.
pub(crate) fn body_routes() -> Vec<BodyRoute> {
    let all = table().into_iter();
    let with_body = all.filter(|route| {
        let method = &route.method;
        method == Method::POST || method == Method::PUT || method == Method::PATCH
    });
    let routes: Vec<_> = with_body
        .map(|route| BodyRoute {
            takes: takes(route.path),
            path: concrete(route.path),
            method: route.method,
        })
        .collect();
    let count = |takes| routes.iter().filter(|route| route.takes == takes).count();
    assert_eq!((count(Takes::Nothing), count(Takes::Upload)), (2, 1));
    assert!(routes.len() >= 32, "{routes:#?}");
    routes
}

fn takes(path: &str) -> Takes {
    match path {
        "/v1/jobs/{id}/cancel" | "/v1/jobs/{id}/retry" => Takes::Nothing,
        "/v1/jobs" | "/v1/workers/complete" | "/v1/workers/fail" => Takes::Jobs,
        "/v1/chat/completions"
        | "/v1/completions"
        | "/v1/embeddings"
        | "/v1/responses"
        | "/v1/messages"
        | "/api/v1/llms/{name}/infer"
        | "/api/v1/llms/{name}/infer/{*path}"
        | "/api/v1/llms/_provider-task/{id}/result" => Takes::Inference,
        "/api/v1/llms/_provider-task/{id}/stream" => Takes::Upload,
        _ => Takes::Document,
    }
}

fn concrete(path: &str) -> String {
    let path = path.replace("{name}", "cloud");
    path.replace("{*path}", "embeddings").replace("{id}", "1-1")
}
