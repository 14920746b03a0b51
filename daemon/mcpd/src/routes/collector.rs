//! From the table of routes to the router: each with its guard, its bound of a body, and its way to an end.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::Method;

use crate::auth::Access;
use crate::http::read::{MAX_CONTROL_BODY_BYTES, MAX_JOBS_BODY_BYTES};
use crate::http::until_revoked::UntilRevoked;
use crate::routes::hang_up::HangUp;
use crate::routes::{App, Route};

/// Takes the table down, and with an app builds the router from it.
#[derive(Default)]
pub(super) struct Collector {
    app: Option<Arc<App>>,
    pub(super) routes: Vec<Route>,
    pub(super) router: Router<Arc<App>>,
}

impl Collector {
    /// One that builds the router over `app`.
    pub(super) fn building(app: &Arc<App>) -> Self {
        Self {
            app: Some(app.clone()),
            ..Self::default()
        }
    }

    /// A route.
    pub(super) fn add<H, T>(
        &mut self,
        method: &Method,
        path: &'static str,
        access: Access,
        hang_up: HangUp,
        handler: H,
    ) where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        let route = Route::new(method.clone(), path, access, hang_up);
        self.put(route, handler, MAX_CONTROL_BODY_BYTES);
    }

    /// A route whose bodies hold many jobs or results.
    pub(super) fn add_large<H, T>(
        &mut self,
        method: &Method,
        path: &'static str,
        access: Access,
        hang_up: HangUp,
        handler: H,
    ) where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        let route = Route::new(method.clone(), path, access, hang_up);
        self.put(route, handler, MAX_JOBS_BODY_BYTES);
    }

    fn put<H, T>(&mut self, route: Route, handler: H, max_body_bytes: usize)
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.routes.push(route.clone());
        let Some(app) = &self.app else {
            return;
        };
        let Ok(filter) = MethodFilter::try_from(route.method) else {
            return;
        };
        let handler = handler.layer(DefaultBodyLimit::max(max_body_bytes));
        let gate = (app.clone(), route.access, route.hang_up);
        let guard = from_fn_with_state(gate, guard);
        let router = std::mem::take(&mut self.router);
        self.router = router.route(route.path, on(filter, handler).layer(guard));
    }
}

/// Lets a request pass that may, as long as it may; hands its credential on.
async fn guard(
    State((app, access, hang_up)): State<(Arc<App>, Access, HangUp)>,
    mut request: Request,
    next: Next,
) -> Response {
    match app.auth.authorize(request.headers(), access) {
        Ok(Some(credential)) => {
            let revoked = credential.caller.revoked.clone();
            request.extensions_mut().insert(credential);
            if !request.body().is_end_stream() {
                request = request.map(|body| Body::new(UntilRevoked::new(body, revoked)));
            }
        }
        Ok(None) => {}
        Err(error) => return error.into_response(),
    }
    match hang_up {
        HangUp::Drops => next.run(request).await,
        HangUp::Finishes => app.lifecycle.to_its_end("write", next.run(request)).await,
    }
}
