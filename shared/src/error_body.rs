//! How every HTTP error of ours looks: OpenAI's shape, with a hint and a request id added.

use serde::{Deserialize, Serialize};

/// The body of an error answer: `{"error": {...}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The one field.
    pub error: ErrorDetail,
}

/// What happened, for a program (`code`) and for a person (`message`, `hint`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetail {
    /// One sentence: what was attempted, on what, and why it failed. Never a secret.
    pub message: String,
    /// The family, in OpenAI's words (`invalid_request_error`, `api_error`, ...).
    #[serde(rename = "type", default)]
    pub family: String,
    /// The field at fault, where there is one.
    #[serde(default)]
    pub param: Option<String>,
    /// The stable code a program matches on, such as `provider_offline`.
    #[serde(default)]
    pub code: Option<String>,
    /// What to try next, where we know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Ties this answer to the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Stable error codes. Adding one is fine, renaming one breaks callers.
pub mod code {
    /// 400: the request can't be read.
    pub const INVALID_REQUEST: &str = "invalid_request";
    /// 401: no credential, or one that is unknown, revoked or malformed.
    pub const INVALID_API_KEY: &str = "invalid_api_key";
    /// 403: the credential lacks the role.
    pub const FORBIDDEN: &str = "forbidden";
    /// 404: no such LLM (or not yours to see).
    pub const MODEL_NOT_FOUND: &str = "model_not_found";
    /// 404: no such thing (or not yours to see).
    pub const NOT_FOUND: &str = "not_found";
    /// 405: the path exists, the method does not.
    pub const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
    /// 404: there is no such path. The server may be older than its client, or newer.
    pub const UNKNOWN_URL: &str = "unknown_url";
    /// 409: the name is taken by another kind of row or another principal.
    pub const NAME_TAKEN: &str = "name_taken";
    /// 409: the object changed meanwhile, or the same thing was said twice with other content.
    pub const CONFLICT: &str = "conflict";
    /// 409: the message belongs to an older epoch of the channel.
    pub const STALE_EPOCH: &str = "stale_epoch";
    /// 409: the lease of the attempt is over, or another's.
    pub const STALE_LEASE: &str = "stale_lease";
    /// 410: the task has ended.
    pub const TASK_ENDED: &str = "task_ended";
    /// 413: the body is larger than the server takes.
    pub const BODY_TOO_LARGE: &str = "body_too_large";
    /// 429: all slots of the LLM and its queue are full.
    pub const OVERLOADED: &str = "overloaded";
    /// 429: the token's requests or tokens per minute, or at once, are used up.
    pub const RATE_LIMIT_EXCEEDED: &str = "rate_limit_exceeded";
    /// 429: the token's budget is used up.
    pub const INSUFFICIENT_QUOTA: &str = "insufficient_quota";
    /// 429: the principal has as many provider sessions as it may have.
    pub const TOO_MANY_SESSIONS: &str = "too_many_sessions";
    /// 502: the publisher went away with the task.
    pub const PROVIDER_DISCONNECTED: &str = "provider_disconnected";
    /// 502: the provider could not be reached, or broke off.
    pub const PROVIDER_ERROR: &str = "provider_error";
    /// 503: no publisher serves the LLM now.
    pub const PROVIDER_OFFLINE: &str = "provider_offline";
    /// 503: the LLM failed several times in a row and is left alone for a while.
    pub const BREAKER_OPEN: &str = "breaker_open";
    /// 504: a hibernating provider did not wake in time.
    pub const WAKE_TIMEOUT: &str = "wake_timeout";
    /// 504: the provider accepted the request and said nothing.
    pub const PROVIDER_SILENT: &str = "provider_silent";
    /// 503: the server is stopping.
    pub const SHUTTING_DOWN: &str = "shutting_down";
    /// 503: too many connections, or the database is away.
    pub const UNAVAILABLE: &str = "unavailable";
    /// 504: the deadline passed.
    pub const DEADLINE_EXCEEDED: &str = "deadline_exceeded";
    /// 500: a fault of ours.
    pub const INTERNAL: &str = "internal";
}

impl ErrorBody {
    /// An error of `code` with its family derived from `status`.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            error: ErrorDetail {
                message: message.into(),
                family: family_of(status).into(),
                code: Some(code.into()),
                ..ErrorDetail::default()
            },
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.error.hint = Some(hint.into());
        self
    }

    /// The body as JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| String::from(r#"{"error":{}}"#))
    }
}

/// OpenAI's name for the family of errors that `status` belongs to.
pub fn family_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}
