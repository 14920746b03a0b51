//! Google's errors, in OpenAI's shape.
//!
//! `{"error": {"code": 429, "message": "...", "status": "RESOURCE_EXHAUSTED", "details": [...]}}`,
//! sometimes as the only member of an array. The status stays; `RetryInfo.retryDelay` becomes
//! `Retry-After`.

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;
use shared::error_body::{ErrorBody, code};

use super::key::Key;
use super::{JSON, whole};
use crate::{Error, Response};

/// The largest error answer that is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// The longest text of Google's that is passed on, in characters.
const MAX_MESSAGE_CHARS: usize = 500;
/// The longest wait that is passed on, in seconds.
const MAX_RETRY_SECONDS: f64 = 86_400.0;

/// What Google says went wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    code: Option<u16>,
    message: String,
    status: String,
    details: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answered {
    One { error: Told },
    Many([One; 1]),
}

#[derive(Deserialize)]
struct One {
    error: Told,
}

impl Told {
    fn read(bytes: &[u8]) -> Self {
        match serde_json::from_slice(bytes) {
            Ok(Answered::One { error } | Answered::Many([One { error }])) => error,
            Err(_) => Self::default(),
        }
    }

    fn details(&self) -> &[Value] {
        self.details.as_array().map_or(&[], Vec::as_slice)
    }

    /// Google's words, bounded and without the key.
    fn message(&self, key: &Key) -> String {
        if self.message.is_empty() {
            return "it gave no explanation".into();
        }
        // Redacted before it is cut: half a key is a secret too.
        let said = key.redact(&self.message);
        said.chars().take(MAX_MESSAGE_CHARS).collect()
    }

    /// Whole seconds, rounded up: `"10.689924287s"` is 11.
    fn retry_after(&self) -> Option<HeaderValue> {
        let delay = self.details().iter().find_map(|detail| {
            let kind = detail["@type"].as_str()?;
            let delay = detail["retryDelay"].as_str()?.strip_suffix('s')?;
            kind.ends_with("RetryInfo").then(|| delay.parse().ok())?
        });
        let seconds: f64 = delay.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)?;
        let seconds = seconds.ceil().min(MAX_RETRY_SECONDS) as u64;
        Some(HeaderValue::from(seconds))
    }

    fn is_about_the_key(&self, status: StatusCode) -> bool {
        let mut details = self.details().iter();
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            || details.any(|detail| detail["reason"] == "API_KEY_INVALID")
    }

    /// An error that comes in the middle of an answer, or instead of one, with status 200.
    pub(super) fn into_error(self, key: &Key) -> Error {
        Error::Refused {
            status: self.code.filter(|code| *code >= 400).unwrap_or(502),
            message: self.message(key),
        }
    }

    fn body(&self, status: StatusCode, key: &Key) -> ErrorBody {
        let code = match status {
            StatusCode::NOT_FOUND => code::MODEL_NOT_FOUND,
            StatusCode::TOO_MANY_REQUESTS => code::RATE_LIMIT_EXCEEDED,
            _ => code::PROVIDER_ERROR,
        };
        let name = match &*self.status {
            "" => String::new(),
            status => format!(" ({})", key.redact(status)),
        };
        let message = format!("Gemini: {}{name}", self.message(key));
        let body = ErrorBody::new(status.as_u16(), code, message);
        if self.is_about_the_key(status) {
            body.with_hint("check the API key that this model's row or config entry names")
        } else if status == StatusCode::NOT_FOUND {
            body.with_hint("check the model's name: Google lists its models under v1beta/models")
        } else {
            body
        }
    }
}

/// An error answer of Google's, with its status.
pub(super) async fn answer(
    answer: http::Response<upstream::ResponseBody>,
    key: &Key,
    dropped: Vec<String>,
) -> Result<Response, Error> {
    let status = answer.status();
    let header = answer.headers().get(RETRY_AFTER).cloned();
    let bytes = upstream::read_all(answer.into_body(), MAX_ERROR_BYTES).await?;
    let told = Told::read(&bytes);
    Ok(Response {
        status,
        content_type: Some(JSON),
        retry_after: header.or_else(|| told.retry_after()),
        dropped_params: dropped,
        body: whole(told.body(status, key).to_json()),
    })
}

/// The same as an error of ours, for calls that no caller made.
pub(super) fn error(status: StatusCode, bytes: &[u8], key: &Key) -> Error {
    Error::Refused {
        status: status.as_u16(),
        message: Told::read(bytes).message(key),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(error: Value) -> Told {
        Told::read(json!({"error": error}).to_string().as_bytes())
    }

    #[test]
    fn the_delay_becomes_whole_seconds() {
        let after = |delay: &str| {
            let kind = "type.googleapis.com/google.rpc.RetryInfo";
            let help = json!({"@type": "type.googleapis.com/google.rpc.Help", "links": []});
            let details = json!([help, {"@type": kind, "retryDelay": delay}]);
            told(json!({"code": 429, "details": details})).retry_after()
        };
        assert_eq!(after("22s").unwrap(), "22");
        assert_eq!(after("10.689924287s").unwrap(), "11");
        assert_eq!(after("1e99s").unwrap(), "86400");
        for nonsense in ["", "s", "-1s", "NaNs", "infs", "22"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn every_form_of_an_error_is_understood() {
        let key = Key::default();
        let message = |bytes: &str| Told::read(bytes.as_bytes()).message(&key);
        assert_eq!(message(r#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(message(r#"[{"error":{"message":"no"}}]"#), "no");
        assert_eq!(message("<html>"), "it gave no explanation");
        assert_eq!(message(""), "it gave no explanation");
    }

    #[test]
    fn a_wrong_key_comes_with_a_hint_and_without_the_key() {
        let key = Key::new(Some("AIzaSecretSecret")).unwrap();
        let told = told(json!({
            "code": 400, "status": "INVALID_ARGUMENT",
            "message": "API key AIzaSecretSecret not valid",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
        }));
        let body = told.body(StatusCode::BAD_REQUEST, &key);
        assert_eq!(
            body.error.message,
            "Gemini: API key [key] not valid (INVALID_ARGUMENT)"
        );
        assert!(body.error.hint.unwrap().contains("API key"));
    }
}
