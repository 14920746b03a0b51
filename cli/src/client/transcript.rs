//! The HTTP exchange as `-v` shows it, with every secret masked.

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use shared::headers;

/// The longest body that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 2000;
/// What stands in place of a secret.
const MASK: &str = "***";

/// Lines for a request.
pub(super) fn request(
    method: &Method,
    url: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> String {
    let mut lines = format!("> {method} {url}");
    if let Some(token) = token {
        lines += &format!("\n> authorization: Bearer {}", masked_token(token));
    }
    if let Some(body) = body {
        lines += &format!("\n> {}", shown(body));
    }
    lines
}

/// Lines for the head of an answer.
pub(super) fn response(status: StatusCode, head: &HeaderMap) -> String {
    let mut lines = format!("< {status}");
    for name in ["content-type", headers::REQUEST_ID, headers::LLM] {
        if let Some(value) = super::answer::header_text(head, name) {
            lines += &format!("\n< {name}: {value}");
        }
    }
    lines
}

/// A line for the body of an answer.
pub(super) fn body(value: &Value) -> String {
    format!("< {}", shown(value))
}

fn shown(value: &Value) -> String {
    let text = masked(value.clone()).to_string();
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// Role and id stay readable, so that a person can tell which token it was.
fn masked_token(token: &str) -> String {
    match shared::access_token::parse(token) {
        Ok(token) => format!("mcp_{}_{}_{MASK}", token.role, token.id),
        Err(_) => MASK.into(),
    }
}

/// The value with everything secret in it masked, wherever it stands.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let value = if is_secret(&key) {
                    blank(value)
                } else {
                    masked(value)
                };
                (key, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(masked).collect(),
        Value::String(text) if text.starts_with("mcp_") => masked_token(&text).into(),
        other => other,
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let words = [
        "data",
        "value",
        "password",
        "apikey",
        "api_key",
        "authorization",
    ];
    words.contains(&key.as_str())
}

/// Keeps the names of fields, hides all that they hold.
fn blank(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, blank(value)))
            .collect(),
        Value::Null => Value::Null,
        _ => MASK.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let secret = "s".repeat(43);
        let token =
            shared::access_token::format(shared::role::Role::Admin, "abcdefghijklmnop", &secret);
        let body = json!({"name": "x", "data": {"api-key": "sk-canary"},
            "spec": {"data": {"f": "sk-canary"}}, "status": {"value": token, "other": token}});
        let lines = request(&Method::POST, "http://x", Some(&token), Some(&body));
        assert!(
            !lines.contains("canary") && !lines.contains(&secret),
            "{lines}"
        );
        assert!(lines.contains("Bearer mcp_admin_abcdefghijklmnop_***"));
        assert!(lines.contains(r#""data":{"api-key":"***"}"#));
        assert!(!request(&Method::GET, "u", Some("plain-canary"), None).contains("canary"));
    }

    #[test]
    fn a_long_body_is_cut_at_a_character() {
        let shown = shown(&json!("你".repeat(5000)));
        assert!(shown.chars().count() < 2100 && shown.ends_with("bytes)"));
    }
}
