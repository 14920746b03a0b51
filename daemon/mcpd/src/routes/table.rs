//! Every route with what it asks of its caller: one table, for the router and for the tests.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::Method;
use shared::alias::AliasSpec;
use shared::error_body::code;
use shared::price::PriceSpec;
use shared::role::Role;

use crate::auth::Access;
use crate::http::error::ApiError;
use crate::http::read::{MAX_CONTROL_BODY_BYTES, MAX_JOBS_BODY_BYTES};
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
}

impl Route {
    /// A row of the table.
    pub const fn new(method: Method, path: &'static str, access: Access) -> Self {
        Self {
            method,
            path,
            access,
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
    let mut collected = Collector {
        app: Some(app.clone()),
        ..Collector::default()
    };
    control(&mut collected);
    collected
        .router
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .with_state(app.clone())
}

fn control(routes: &mut Collector) {
    const ADMIN: Access = Access::Role(Role::Admin);
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    routes.add(&get, "/healthz", Access::Open, health::alive);
    routes.add(&get, "/readyz", Access::Open, health::ready);
    routes.add(&get, "/metrics", Access::Role(Role::User), metrics::show);
    routes.add(&get, "/api/openapi.json", Access::Open, openapi::show);
    routes.add(&get, "/api/v1/whoami", Access::Any, whoami::show);

    routes.add(&get, "/api/v1/llms", Access::Any, llms::list);
    routes.add(&post, "/api/v1/llms", ADMIN, llms::create);
    routes.add(&get, "/api/v1/llms/{name}", Access::Any, llms::show);
    routes.add(&put, "/api/v1/llms/{name}", ADMIN, llms::put);
    routes.add(&patch, "/api/v1/llms/{name}", ADMIN, llms::patch);
    // An owner may delete its own row: the handler looks.
    routes.add(&delete, "/api/v1/llms/{name}", Access::Any, llms::delete);

    routes.add(
        &get,
        "/api/v1/aliases",
        Access::Any,
        documents::list::<AliasSpec>,
    );
    routes.add(
        &post,
        "/api/v1/aliases",
        ADMIN,
        documents::create::<AliasSpec>,
    );
    routes.add(
        &get,
        "/api/v1/aliases/{name}",
        Access::Any,
        documents::show::<AliasSpec>,
    );
    routes.add(
        &put,
        "/api/v1/aliases/{name}",
        ADMIN,
        documents::put::<AliasSpec>,
    );
    routes.add(
        &delete,
        "/api/v1/aliases/{name}",
        ADMIN,
        documents::delete::<AliasSpec>,
    );

    routes.add(
        &get,
        "/api/v1/prices",
        Access::Any,
        documents::list::<PriceSpec>,
    );
    routes.add(
        &post,
        "/api/v1/prices",
        ADMIN,
        documents::create::<PriceSpec>,
    );
    routes.add(
        &get,
        "/api/v1/prices/{name}",
        Access::Any,
        documents::show::<PriceSpec>,
    );
    routes.add(
        &put,
        "/api/v1/prices/{name}",
        ADMIN,
        documents::put::<PriceSpec>,
    );
    routes.add(
        &delete,
        "/api/v1/prices/{name}",
        ADMIN,
        documents::delete::<PriceSpec>,
    );

    const USER: Access = Access::Role(Role::User);
    routes.add(&get, "/v1/models", USER, models::list);
    routes.add(&get, "/v1/models/{*id}", USER, models::show);
    routes.add(&get, "/v1/costs/summary", USER, usage::costs);
    routes.add(&get, "/api/v1/usage", USER, usage::sums);
    routes.add(&get, "/api/v1/requests", USER, usage::requests);
    routes.add(&get, "/api/v1/load", USER, standing::load);
    routes.add(&post, "/api/v1/route/explain", USER, standing::explain);

    // A job is its owner's: the queue looks.
    routes.add_large(&post, "/v1/jobs", USER, jobs::submit);
    routes.add(&get, "/v1/jobs", USER, jobs::list);
    routes.add(&post, "/v1/jobs/lookup", USER, jobs::lookup);
    routes.add(&get, "/v1/jobs/summary", USER, jobs::summary);
    routes.add(&get, "/v1/jobs/{id}", USER, jobs::show);
    routes.add(&delete, "/v1/jobs/{id}", USER, jobs::delete);
    routes.add(&get, "/v1/jobs/{id}/stream", USER, job_stream::show);
    routes.add(&get, "/v1/jobs/{id}/response", USER, deferred::response);
    routes.add(&post, "/v1/jobs/{id}/cancel", USER, jobs::cancel);
    routes.add(&post, "/v1/jobs/{id}/retry", USER, jobs::retry);

    const WORKER: Access = Access::Role(Role::Worker);
    routes.add(&get, "/v1/workers", USER, workers::list);
    routes.add(&post, "/v1/workers/register", WORKER, workers::register);
    routes.add(&post, "/v1/workers/claim", WORKER, workers::claim);
    routes.add(&post, "/v1/workers/heartbeat", WORKER, workers::heartbeat);
    routes.add_large(&post, "/v1/workers/complete", WORKER, workers::complete);
    routes.add_large(&post, "/v1/workers/fail", WORKER, workers::fail);

    routes.add(&get, "/api/v1/secrets", ADMIN, secrets::list);
    routes.add(&post, "/api/v1/secrets", ADMIN, secrets::create);
    routes.add(&get, "/api/v1/secrets/{name}", ADMIN, secrets::show);
    routes.add(&put, "/api/v1/secrets/{name}", ADMIN, secrets::put);
    routes.add(&delete, "/api/v1/secrets/{name}", ADMIN, secrets::delete);

    // Everybody sees and makes tokens of their own: `Auth` looks.
    routes.add(&get, "/api/v1/tokens", Access::Any, tokens::list);
    routes.add(&post, "/api/v1/tokens", Access::Any, tokens::create);
    routes.add(&get, "/api/v1/tokens/{name}", Access::Any, tokens::show);
    routes.add(
        &delete,
        "/api/v1/tokens/{name}",
        Access::Any,
        tokens::delete,
    );
    routes.add(&put, "/api/v1/tokens/{name}/limits", ADMIN, tokens::limit);
}

/// Takes the table down, and with an app builds the router from it.
#[derive(Default)]
struct Collector {
    app: Option<Arc<App>>,
    routes: Vec<Route>,
    router: Router<Arc<App>>,
}

impl Collector {
    fn add<H, T>(&mut self, method: &Method, path: &'static str, access: Access, handler: H)
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.put(method, path, access, handler, MAX_CONTROL_BODY_BYTES);
    }

    /// A route whose bodies hold many jobs or results.
    fn add_large<H, T>(&mut self, method: &Method, path: &'static str, access: Access, handler: H)
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.put(method, path, access, handler, MAX_JOBS_BODY_BYTES);
    }

    fn put<H, T>(
        &mut self,
        method: &Method,
        path: &'static str,
        access: Access,
        handler: H,
        max_body_bytes: usize,
    ) where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.routes.push(Route::new(method.clone(), path, access));
        let (Some(app), Ok(filter)) = (&self.app, MethodFilter::try_from(method.clone())) else {
            return;
        };
        let handler = handler.layer(DefaultBodyLimit::max(max_body_bytes));
        let guard = from_fn_with_state((app.clone(), access), guard);
        let router = std::mem::take(&mut self.router);
        self.router = router.route(path, on(filter, handler).layer(guard));
    }
}

/// Lets a request pass that may; hands its credential on.
async fn guard(
    State((app, access)): State<(Arc<App>, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    match app.auth.authorize(request.headers(), access) {
        Ok(credential) => {
            if let Some(credential) = credential {
                request.extensions_mut().insert(credential);
            }
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
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
