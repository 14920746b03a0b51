//! An error as an HTTP answer.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use gateway::Dialect;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use shared::error_body::{ErrorBody, code};
use store::StoreError;

/// An error that a caller will see.
#[derive(Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: Box<ErrorBody>,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// An error of `status` and `code`.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body: Box::new(ErrorBody::new(status, code, message)),
            retry_after: None,
        }
    }

    /// 400: the request can't be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, code::INVALID_REQUEST, message)
    }

    /// 404: no such thing, or not yours to see.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, code::NOT_FOUND, message)
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.error.hint = Some(hint.into());
        self
    }

    /// The answer's head and body text, for `request_id`, in the caller's dialect.
    pub fn into_parts(
        mut self,
        dialect: Dialect,
        request_id: Option<&str>,
    ) -> (StatusCode, HeaderMap, String) {
        self.body.error.request_id = request_id.map(Into::into);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // The rest of the body may still come: it is no request.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let text = dialect.error_body(self.status.as_u16(), &self.body);
        (self.status, headers, text)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // The dispatcher gives every error its request id: see `request_id::stamp`.
        let kept = self.body.clone();
        let mut response = self.into_parts(Dialect::OpenAi, None).into_response();
        response.extensions_mut().insert(Unstamped(kept));
        response
    }
}

/// An error body that has no request id yet.
#[derive(Clone)]
pub struct Unstamped(pub Box<ErrorBody>);

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for ApiError {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::not_found(error.to_string()),
            StoreError::Conflict { .. } => Self::new(409, code::CONFLICT, error.to_string()),
            StoreError::Stale { .. } => Self::new(409, code::CONFLICT, error.to_string())
                .hint("read it again, apply your change to what you read, and send that"),
            StoreError::TooLarge { .. } => Self::new(413, code::BODY_TOO_LARGE, error.to_string()),
            StoreError::TooMany { .. } | StoreError::BadText { .. } => {
                Self::bad_request(error.to_string())
            }
            _ if error.retryable() => {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "the database can't be used"
                );
                let mut api = Self::new(
                    503,
                    code::UNAVAILABLE,
                    "the server's database can't be used now",
                );
                api.retry_after = Some(Duration::from_secs(2));
                api
            }
            _ => {
                tracing::error!(error = error as &dyn std::error::Error, "the store failed");
                Self::new(
                    500,
                    code::INTERNAL,
                    "the server failed while it worked on the request",
                )
            }
        }
    }
}

impl From<gateway::Error> for ApiError {
    fn from(error: gateway::Error) -> Self {
        let mut api = Self::new(error.status(), error.code(), error.to_string());
        api.body.error.hint = error.hint();
        if let Some(family) = error.family() {
            api.body.error.family = family.into();
        }
        api.retry_after = error.retry_after();
        api
    }
}

impl From<jobs::Error> for ApiError {
    fn from(error: jobs::Error) -> Self {
        use jobs::Error;
        let text = error.to_string();
        match error {
            Error::NotFound(_) => {
                Self::not_found(text).hint("list your jobs with `mcpctl get job`")
            }
            Error::Conflict(_) => Self::new(409, code::CONFLICT, text),
            Error::BadJob(_) => Self::bad_request(text),
            Error::Stale => Self::new(409, code::STALE_LEASE, text),
            Error::Stopping => {
                let mut api = Self::new(503, code::SHUTTING_DOWN, text);
                api.retry_after = Some(Duration::from_secs(2));
                api
            }
            Error::Store(error) => Self::from(&*error),
        }
    }
}

impl From<relay::Error> for ApiError {
    fn from(error: relay::Error) -> Self {
        use relay::Error;
        let text = error.to_string();
        match error {
            Error::Store(store) => store.into(),
            // One answer for unknown and for foreign: it must not tell which.
            Error::NotFound | Error::NotRegistered => {
                Self::not_found("there is no such session or task")
                    .hint("register with POST /api/v1/llms/_provider-register, then bind again")
            }
            Error::StaleEpoch { .. } => Self::new(409, code::STALE_EPOCH, text),
            Error::TaskEnded => Self::new(410, code::TASK_ENDED, text),
            Error::Contradiction(_) => Self::new(409, code::CONFLICT, text),
            Error::OutOfOrder { .. } => {
                Self::new(409, code::CONFLICT, text).hint("send the missing message first")
            }
            Error::BadMessage(_) => Self::bad_request(text),
            Error::NameTaken(_) => {
                Self::new(409, code::NAME_TAKEN, text).hint("publish it under another name")
            }
            Error::TooManySessions { .. } => Self::new(429, code::TOO_MANY_SESSIONS, text)
                .hint("send the `providerSessionId` of the last answer when you register again; silent sessions go after 4 h"),
            Error::Offline | Error::Stuck => Self::new(503, code::PROVIDER_OFFLINE, text),
            Error::Disconnected | Error::CutShort | Error::Provider(_) => {
                Self::new(502, code::PROVIDER_ERROR, text)
            }
        }
    }
}
