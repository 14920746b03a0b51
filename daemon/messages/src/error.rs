//! Errors in Anthropic's shape: ours, and those that an LLM answered in OpenAI's.

use serde_json::{Value, json};
use shared::error_body::code as codes;
use shared::sse;

/// The longest text of a foreign error that is passed on, in characters.
const MAX_FOREIGN_CHARS: usize = 4_000;

/// An error body for an answer of `status`.
///
/// Shape: `{"type": "error", "error": {"type", "message", "code"}, "request_id"}`. The hint stands
/// at the end of the message, since clients print nothing else.
/// Source: Anthropic's API reference, "Errors".
pub fn body(
    status: u16,
    message: &str,
    code: &str,
    hint: Option<&str>,
    request_id: Option<&str>,
) -> String {
    made(kind_of(status), message, Some(code), hint, request_id)
}

/// The error answer `body` of `status`, of whatever shape, in Anthropic's.
///
/// Text that is not JSON (a proxy's HTML page) is not passed on.
pub fn from_openai(status: u16, body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        let message = format!("the LLM answered with status {status} and no JSON");
        return made(kind_of(status), &message, None, None, None);
    };
    foreign(kind_of(status), detail(&answer), &answer)
}

/// Appends the error `body` to `out` as the event that ends a stream.
pub fn event(body: &str, out: &mut Vec<u8>) {
    sse::encode("error", body, out);
}

/// Anthropic's name for the kind of error that `status` says.
pub fn kind_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// The error in a chunk of a stream, where no status tells its kind.
pub(crate) fn in_stream(chunk: &Value) -> String {
    let detail = detail(chunk);
    foreign(kind_in_words(detail), detail, chunk)
}

/// The text of a foreign error.
pub(crate) fn text_of(detail: &Value) -> String {
    let text = match detail {
        Value::String(text) => Some(text.as_str()),
        // FastAPI's `detail` may be a list of what is wrong with which field.
        other => ["message", "msg", "detail"]
            .iter()
            .find_map(|name| other.get(name)?.as_str()),
    };
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => text.chars().take(MAX_FOREIGN_CHARS).collect(),
        None => detail.to_string().chars().take(MAX_FOREIGN_CHARS).collect(),
    }
}

/// Where an answer tells of its error: `error`, FastAPI's `detail`, or the answer itself.
fn detail(answer: &Value) -> &Value {
    let named = ["error", "detail"];
    let mut named = named.iter().filter_map(|name| answer.get(name));
    named.find(|detail| !detail.is_null()).unwrap_or(answer)
}

fn foreign(kind: &str, detail: &Value, answer: &Value) -> String {
    let text = |name| detail.get(name).and_then(Value::as_str);
    let request_id = text("requestId").or_else(|| answer.get("request_id")?.as_str());
    let message = text_of(detail);
    let message = match text("param").filter(|param| !message.contains(*param)) {
        Some(param) => format!("{param}: {message}"),
        None => message,
    };
    made(kind, &message, text("code"), text("hint"), request_id)
}

fn made(
    kind: &str,
    message: &str,
    code: Option<&str>,
    hint: Option<&str>,
    request_id: Option<&str>,
) -> String {
    let mut error = json!({"type": kind, "message": message});
    if let Some(hint) = hint {
        error["message"] = format!("{message} (try: {hint})").into();
    }
    if let Some(code) = code {
        error["code"] = code.into();
    }
    let mut body = json!({"type": "error", "error": error});
    if let Some(request_id) = request_id {
        body["request_id"] = request_id.into();
    }
    body.to_string()
}

/// The kind that an error says of itself: its code where we know it, a number, or its family.
fn kind_in_words(detail: &Value) -> &'static str {
    let code = detail.get("code").and_then(Value::as_str);
    match code.unwrap_or_default() {
        codes::OVERLOADED
        | codes::PROVIDER_OFFLINE
        | codes::BREAKER_OPEN
        | codes::SHUTTING_DOWN
        | codes::UNAVAILABLE => return "overloaded_error",
        codes::RATE_LIMIT_EXCEEDED | codes::INSUFFICIENT_QUOTA => return "rate_limit_error",
        codes::WAKE_TIMEOUT | codes::PROVIDER_SILENT | codes::DEADLINE_EXCEEDED => {
            return "timeout_error";
        }
        _ => {}
    }
    let number = |name| detail.get(name).and_then(Value::as_u64);
    let status = number("code").or_else(|| number("status"));
    if let Some(status @ 400..=599) = status.and_then(|status| u16::try_from(status).ok()) {
        return kind_of(status);
    }
    let family = detail.get("type").and_then(Value::as_str);
    let families = [
        "invalid_request_error",
        "authentication_error",
        "billing_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
        "rate_limit_error",
        "timeout_error",
        "overloaded_error",
    ];
    let known = families.into_iter().find(|known| Some(*known) == family);
    known.unwrap_or("api_error")
}
