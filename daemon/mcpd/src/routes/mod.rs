//! The only place that knows HTTP and every part.
//!
//! Inference and the control channel are matched by hand: they are the hot path, and their bodies
//! pass through unboxed. Everything else goes through axum. Both kinds ask [`Auth`] for what their
//! row in the table says, so no route is without a decision.

mod channel;
mod collector;
mod deferred;
mod direct;
mod documents;
mod hang_up;
mod health;
mod infer;
mod job_stream;
mod jobs;
mod llms;
mod metrics;
mod models;
mod openapi;
mod secrets;
mod standing;
mod table;
mod tokens;
mod usage;
mod watch;
mod whoami;
mod workers;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ::jobs::Queue;
use axum::Router;
use gateway::{Accounts, Aliases, Dialect, Gateway, Prices, Worker};
use http::header::HeaderValue;
use http::{Request, Response};
use kit::clock::SharedClock;
use kit::lifecycle::Lifecycle;
use registry::Registry;
use relay::Relay;
use shared::headers::REQUEST_ID;
use store::Store;
use store::secrets::Secrets;
use tower_service::Service;

use crate::audit::Audit;
use crate::auth::Auth;
use crate::http::body::ResponseBody;
use crate::http::error::{ApiError, Unstamped};
use crate::http::request_body::RequestBody;
use crate::http::request_id::RequestIds;
use crate::server::{Serve, TwoLengths};

pub use hang_up::HangUp;
pub use table::{Route, table};

/// The parts that routes hand requests to.
pub struct App {
    /// Who calls.
    pub auth: Auth,
    /// Who did what.
    pub audit: Audit,
    /// Rows.
    pub registry: Registry,
    /// Sealed values.
    pub secrets: Secrets,
    /// The control channel.
    pub relay: Relay,
    /// Inference.
    pub gateway: Gateway,
    /// Durable jobs.
    pub jobs: Queue,
    /// Names in front of LLMs.
    pub aliases: Aliases,
    /// What tokens cost.
    pub prices: Prices,
    /// Who used what.
    pub accounts: Accounts,
    /// For readiness, and for what is only read.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Start and stop.
    pub lifecycle: Lifecycle,
    /// Ids of requests.
    pub request_ids: RequestIds,
    /// The largest request body of inference, in bytes.
    pub max_body_bytes: usize,
}

/// Everything that answers HTTP.
pub struct Server {
    app: Arc<App>,
    router: Router,
}

impl Server {
    /// A server over `app`.
    pub fn new(app: App) -> Self {
        let app = Arc::new(app);
        let router = table::router(&app);
        Self { app, router }
    }

    async fn answer(
        &self,
        worker: &Arc<Worker>,
        request: Request<RequestBody>,
    ) -> Response<ResponseBody> {
        let id = self.app.request_ids.of(request.headers());
        if request.extensions().get::<TwoLengths>().is_some() {
            return refuse(two_lengths(), Dialect::OpenAi, &id);
        }
        let mut response = match direct::find(request.method(), request.uri().path()) {
            Some(route) => {
                let dialect = route.dialect();
                match direct::answer(&self.app, worker, route, request, &id).await {
                    Ok(response) => response,
                    Err(error) => refuse(error, dialect, &id),
                }
            }
            None => self.through_axum(request, &id).await,
        };
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }

    async fn through_axum(
        &self,
        request: Request<RequestBody>,
        id: &HeaderValue,
    ) -> Response<ResponseBody> {
        let request = request.map(axum::body::Body::new);
        let Ok(mut response) = self.router.clone().call(request).await;
        if let Some(Unstamped(mut body)) = response.extensions_mut().remove() {
            body.error.request_id = id.to_str().ok().map(Into::into);
            response.headers_mut().remove(http::header::CONTENT_LENGTH);
            return response.map(|_| ResponseBody::full(body.to_json()));
        }
        response.map(ResponseBody::Axum)
    }
}

fn two_lengths() -> ApiError {
    ApiError::bad_request(
        "the request names its length twice: with `content-length` and with `transfer-encoding`",
    )
    .hint("send one of them; look for a proxy that adds the other")
}

fn refuse(error: ApiError, dialect: Dialect, id: &HeaderValue) -> Response<ResponseBody> {
    let (status, headers, text) = error.into_parts(dialect, id.to_str().ok());
    let mut response = Response::new(ResponseBody::full(text));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().insert(REQUEST_ID, id.clone());
    response
}

impl Serve for Server {
    fn serve(
        self: Arc<Self>,
        worker: Arc<Worker>,
        request: Request<RequestBody>,
    ) -> Pin<Box<dyn Future<Output = Response<ResponseBody>> + Send>> {
        Box::pin(async move { self.answer(&worker, request).await })
    }
}
