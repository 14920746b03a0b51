//! Every route with what it asks of its caller, and what a caller leaves that hangs up: one table, for the router and
//! for the tests.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use http::Method;
use shared::alias::AliasSpec;
use shared::error_body::code;
use shared::price::PriceSpec;
use shared::role::Role;

use crate::auth::Access;
use crate::http::error::ApiError;
use crate::routes::collector::Collector;
use crate::routes::hang_up::HangUp;
use crate::routes::{
    App, deferred, direct, documents, health, job_stream, jobs, llms, metrics, models, openapi,
    secrets, standing, tokens, usage, whoami, workers,
};

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its pattern.
    pub path: &'static str,
    /// What it asks of its caller.
    pub access: Access,
    /// What becomes of a request whose caller hangs up.
    pub hang_up: HangUp,
}

impl Route {
    /// A row of the table.
    pub const fn new(method: Method, path: &'static str, access: Access, hang_up: HangUp) -> Self {
        Self {
            method,
            path,
            access,
            hang_up,
        }
    }
}

/// Every route of the server.
pub fn table() -> Vec<Route> {
    let mut collected = Collector::default();
    control(&mut collected);
    let mut routes = collected.routes;
    routes.extend(direct::ROUTES);
    routes
}

/// The router of the routes that are not direct.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut collected = Collector::building(app);
    control(&mut collected);
    collected
        .router
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .with_state(app.clone())
}

fn control(routes: &mut Collector) {
    // Whatever writes finishes; whatever only reads, waits or streams is dropped.
    use HangUp::{Drops, Finishes};
    const OPEN: Access = Access::Open;
    const ANY: Access = Access::Any;
    const ADMIN: Access = Access::Role(Role::Admin);
    const USER: Access = Access::Role(Role::User);
    const WORKER: Access = Access::Role(Role::Worker);
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    routes.add(&get, "/healthz", OPEN, Drops, health::alive);
    routes.add(&get, "/readyz", OPEN, Drops, health::ready);
    routes.add(&get, "/metrics", USER, Drops, metrics::show);
    routes.add(&get, "/api/openapi.json", OPEN, Drops, openapi::show);
    routes.add(&get, "/api/v1/whoami", ANY, Drops, whoami::show);

    routes.add(&get, "/api/v1/llms", ANY, Drops, llms::list);
    routes.add(&post, "/api/v1/llms", ADMIN, Finishes, llms::create);
    routes.add(&get, "/api/v1/llms/{name}", ANY, Drops, llms::show);
    routes.add(&put, "/api/v1/llms/{name}", ADMIN, Finishes, llms::put);
    routes.add(&patch, "/api/v1/llms/{name}", ADMIN, Finishes, llms::patch);
    // An owner may delete its own row: the handler looks.
    routes.add(&delete, "/api/v1/llms/{name}", ANY, Finishes, llms::delete);

    routes.add(
        &get,
        "/api/v1/aliases",
        ANY,
        Drops,
        documents::list::<AliasSpec>,
    );
    routes.add(
        &post,
        "/api/v1/aliases",
        ADMIN,
        Finishes,
        documents::create::<AliasSpec>,
    );
    routes.add(
        &get,
        "/api/v1/aliases/{name}",
        ANY,
        Drops,
        documents::show::<AliasSpec>,
    );
    routes.add(
        &put,
        "/api/v1/aliases/{name}",
        ADMIN,
        Finishes,
        documents::put::<AliasSpec>,
    );
    routes.add(
        &delete,
        "/api/v1/aliases/{name}",
        ADMIN,
        Finishes,
        documents::delete::<AliasSpec>,
    );

    routes.add(
        &get,
        "/api/v1/prices",
        ANY,
        Drops,
        documents::list::<PriceSpec>,
    );
    routes.add(
        &post,
        "/api/v1/prices",
        ADMIN,
        Finishes,
        documents::create::<PriceSpec>,
    );
    routes.add(
        &get,
        "/api/v1/prices/{name}",
        ANY,
        Drops,
        documents::show::<PriceSpec>,
    );
    routes.add(
        &put,
        "/api/v1/prices/{name}",
        ADMIN,
        Finishes,
        documents::put::<PriceSpec>,
    );
    routes.add(
        &delete,
        "/api/v1/prices/{name}",
        ADMIN,
        Finishes,
        documents::delete::<PriceSpec>,
    );

    routes.add(&get, "/v1/models", USER, Drops, models::list);
    routes.add(&get, "/v1/models/{*id}", USER, Drops, models::show);
    routes.add(&get, "/v1/costs/summary", USER, Drops, usage::costs);
    routes.add(&get, "/api/v1/usage", USER, Drops, usage::sums);
    routes.add(&get, "/api/v1/requests", USER, Drops, usage::requests);
    routes.add(&get, "/api/v1/load", USER, Drops, standing::load);
    routes.add(
        &post,
        "/api/v1/route/explain",
        USER,
        Drops,
        standing::explain,
    );

    // A job is its owner's: the queue looks.
    routes.add_large(&post, "/v1/jobs", USER, Finishes, jobs::submit);
    routes.add(&get, "/v1/jobs", USER, Drops, jobs::list);
    routes.add(&post, "/v1/jobs/lookup", USER, Drops, jobs::lookup);
    routes.add(&get, "/v1/jobs/summary", USER, Drops, jobs::summary);
    routes.add(&get, "/v1/jobs/{id}", USER, Drops, jobs::show);
    routes.add(&delete, "/v1/jobs/{id}", USER, Finishes, jobs::delete);
    routes.add(&get, "/v1/jobs/{id}/stream", USER, Drops, job_stream::show);
    routes.add(
        &get,
        "/v1/jobs/{id}/response",
        USER,
        Drops,
        deferred::response,
    );
    routes.add(&post, "/v1/jobs/{id}/cancel", USER, Finishes, jobs::cancel);
    routes.add(&post, "/v1/jobs/{id}/retry", USER, Finishes, jobs::retry);

    routes.add(&get, "/v1/workers", USER, Drops, workers::list);
    routes.add(
        &post,
        "/v1/workers/register",
        WORKER,
        Finishes,
        workers::register,
    );
    // It waits for a job: one that is claimed for nobody would be held for its whole lease.
    routes.add(&post, "/v1/workers/claim", WORKER, Drops, workers::claim);
    routes.add(
        &post,
        "/v1/workers/heartbeat",
        WORKER,
        Finishes,
        workers::heartbeat,
    );
    routes.add_large(
        &post,
        "/v1/workers/complete",
        WORKER,
        Finishes,
        workers::complete,
    );
    routes.add_large(&post, "/v1/workers/fail", WORKER, Finishes, workers::fail);

    routes.add(&get, "/api/v1/secrets", ADMIN, Drops, secrets::list);
    routes.add(&post, "/api/v1/secrets", ADMIN, Finishes, secrets::create);
    routes.add(&get, "/api/v1/secrets/{name}", ADMIN, Drops, secrets::show);
    routes.add(
        &put,
        "/api/v1/secrets/{name}",
        ADMIN,
        Finishes,
        secrets::put,
    );
    routes.add(
        &delete,
        "/api/v1/secrets/{name}",
        ADMIN,
        Finishes,
        secrets::delete,
    );

    // Everybody sees and makes tokens of their own: `Auth` looks.
    routes.add(&get, "/api/v1/tokens", ANY, Drops, tokens::list);
    routes.add(&post, "/api/v1/tokens", ANY, Finishes, tokens::create);
    routes.add(&get, "/api/v1/tokens/{name}", ANY, Drops, tokens::show);
    routes.add(
        &delete,
        "/api/v1/tokens/{name}",
        ANY,
        Finishes,
        tokens::delete,
    );
    routes.add(
        &put,
        "/api/v1/tokens/{name}/limits",
        ADMIN,
        Finishes,
        tokens::limit,
    );
}

/// Told where a caller may be newer or older than the server.
const VERSION: &str = env!("CARGO_PKG_VERSION");

async fn no_such_route(request: Request) -> ApiError {
    let path: String = request.uri().path().chars().take(200).collect();
    let message = format!("this mcpd ({VERSION}) has nothing at `{path}`");
    ApiError::new(404, code::UNKNOWN_URL, message)
        .hint("/api/openapi.json lists every path; a name with a `/` is written `%2F` in a path")
}

async fn no_such_method(request: Request) -> ApiError {
    let method = request.method();
    let message = format!("this mcpd ({VERSION}) has no `{method}` for this path");
    ApiError::new(405, code::METHOD_NOT_ALLOWED, message)
}
