//! Anthropic's errors, as an answer with a status and in the middle of a stream.
//!
//! Source: Anthropic, "Errors": `{"type": "error", "error": {"type", "message"}, "request_id"}`.

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::Deserialize;
use shared::error_body::{ErrorBody, code};

use super::JSON;
use crate::body::Body;
use crate::{Error, Response};

/// The largest error answer that is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// How much of its text passes, in characters.
const MAX_MESSAGE_CHARS: usize = 500;
/// "Overloaded": a status that Anthropic alone has.
const OVERLOADED: u16 = 529;

/// `{"type": "error", ...}`.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: Detail,
}

/// Its content.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Detail {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    message: String,
}

impl Refusal {
    /// For a refusal that came with a good status: in a stream, that is.
    pub(super) fn into_error(self) -> Error {
        self.error.into_error()
    }
}

impl Detail {
    /// The status that it would have had.
    fn status(&self) -> u16 {
        match &*self.kind {
            "invalid_request_error" => 400,
            "authentication_error" => 401,
            "billing_error" => 402,
            "permission_error" => 403,
            "not_found_error" => 404,
            "request_too_large" => 413,
            "rate_limit_error" => 429,
            "timeout_error" => 504,
            "overloaded_error" => 503,
            _ => 502,
        }
    }

    fn text(&self) -> String {
        let text = match &*self.message {
            "" => "it gave no explanation",
            text => text,
        };
        text.chars().take(MAX_MESSAGE_CHARS).collect()
    }

    pub(super) fn into_error(self) -> Error {
        Error::Refused {
            status: self.status(),
            message: self.text(),
        }
    }
}

/// What an error answer says.
pub(super) fn read(bytes: &[u8]) -> Detail {
    let refusal = serde_json::from_slice::<Refusal>(bytes);
    refusal.map(|refusal| refusal.error).unwrap_or_default()
}

/// The same for the list of models.
pub(super) fn of_a_listing(status: StatusCode, bytes: &[u8]) -> Error {
    Error::Refused {
        status: status_for_callers(status).as_u16(),
        message: read(bytes).text(),
    }
}

/// The refusal in OpenAI's shape, with Anthropic's status and words.
pub(super) async fn answer(
    answer: http::Response<upstream::ResponseBody>,
    dropped_params: Vec<String>,
) -> Result<Response, Error> {
    let (mut head, body) = answer.into_parts();
    let status = status_for_callers(head.status);
    if status.is_success() || status.is_redirection() {
        let why = format!("its status is {status}, and it is neither an answer nor an error");
        return Err(Error::Unreadable(why));
    }
    let bytes = upstream::read_all(body, MAX_ERROR_BYTES).await?;
    let detail = read(&bytes);
    let code = match status {
        StatusCode::NOT_FOUND => code::MODEL_NOT_FOUND,
        StatusCode::PAYLOAD_TOO_LARGE => code::BODY_TOO_LARGE,
        StatusCode::TOO_MANY_REQUESTS => code::RATE_LIMIT_EXCEEDED,
        _ => code::PROVIDER_ERROR,
    };
    let message = format!("Anthropic: {}", detail.text());
    let mut body = ErrorBody::new(status.as_u16(), code, message);
    if !detail.kind.is_empty() {
        body.error.family = detail.kind.chars().take(MAX_MESSAGE_CHARS).collect();
    }
    let retry_after: Option<HeaderValue> = head.headers.remove(RETRY_AFTER);
    Ok(Response {
        status,
        content_type: Some(JSON),
        retry_after,
        dropped_params,
        body: Body::made(super::full(body.to_json())),
    })
}

fn status_for_callers(status: StatusCode) -> StatusCode {
    match status.as_u16() {
        OVERLOADED => StatusCode::SERVICE_UNAVAILABLE,
        _ => status,
    }
}
