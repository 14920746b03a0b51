//! Answers that leave in one piece: completions that do not stream, embeddings, models, errors, statistics.

use super::behaviour::Ask;
use super::recorder::RecordedRequest;
use super::speech::Speech;
use super::stats::StatsSnapshot;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;

/// Length of a mock embedding, in numbers.
const EMBEDDING_DIMENSIONS: usize = 8;
/// Prompt tokens that every usage object reports.
pub(super) const PROMPT_TOKENS: u32 = 7;

/// The page of a captive portal.
pub const PAGE: &str =
    "<!doctype html><title>Sign in</title><p>Please accept the terms of this network.";

/// Which of the completion endpoints was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Chat,
    Legacy,
    Embeddings,
}

/// The whole answer to a call that does not stream.
pub(super) fn whole(out: &mut Vec<u8>, dialect: Dialect, ask: &Ask<'_>, speech: &Speech<'_>) {
    let mut body = Vec::with_capacity(512);
    match dialect {
        Dialect::Chat => chat(&mut body, ask, speech),
        Dialect::Legacy => legacy(&mut body, ask, speech),
        Dialect::Embeddings => embeddings(&mut body, ask),
    }
    message(out, 200, "application/json", &body);
}

/// An error as OpenAI words it; 429 and 503 say when to come back.
pub(super) fn error(out: &mut Vec<u8>, status: u16, text: &str) {
    let body = serde_json::json!({"error": {"message": text, "type": "mock_error", "param": null, "code": status}});
    message(out, status, "application/json", body.to_string().as_bytes());
}

/// A page that has no business at this URL.
pub(super) fn html(out: &mut Vec<u8>) {
    message(out, 200, "text/html", PAGE.as_bytes());
}

fn entry(id: &str) -> serde_json::Value {
    serde_json::json!({"id": id, "object": "model", "created": 0, "owned_by": "mock"})
}

/// One model.
pub(super) fn one_model(out: &mut Vec<u8>, ids: &[String], id: &str) {
    let is_known = ids.iter().any(|known| known == id) || (ids.is_empty() && id == "mock");
    if is_known {
        message(
            out,
            200,
            "application/json",
            entry(id).to_string().as_bytes(),
        );
    } else {
        error(out, 404, "the mock has no such model");
    }
}

/// The list of models.
pub(super) fn models(out: &mut Vec<u8>, ids: &[String]) {
    let data: Vec<_> = match ids {
        [] => vec![entry("mock")],
        ids => ids.iter().map(|id| entry(id)).collect(),
    };
    let body = serde_json::json!({"object": "list", "data": data});
    message(out, 200, "application/json", body.to_string().as_bytes());
}

/// The counters.
pub(super) fn stats(out: &mut Vec<u8>, snapshot: &StatsSnapshot) {
    let body = serde_json::to_vec(snapshot).unwrap_or_default();
    message(out, 200, "application/json", &body);
}

/// The newest requests.
pub(super) fn requests(out: &mut Vec<u8>, seen: &[RecordedRequest]) {
    let body = serde_json::to_vec(seen).unwrap_or_default();
    message(out, 200, "application/json", &body);
}

/// Appends the usage object for `tokens` of answer.
pub(super) fn usage(out: &mut Vec<u8>, tokens: u32) {
    let total = PROMPT_TOKENS + tokens;
    put(
        out,
        format_args!(
            r#""usage":{{"prompt_tokens":{PROMPT_TOKENS},"completion_tokens":{tokens},"total_tokens":{total}}}"#
        ),
    );
}

/// Appends the model's name as a JSON string.
pub(super) fn model_name(out: &mut Vec<u8>, name: &str) {
    // Writing JSON into memory cannot fail.
    let _ = serde_json::to_writer(out, name);
}

/// Appends formatted text.
pub(super) fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into memory cannot fail.
    let _ = out.write_fmt(text);
}

fn chat(body: &mut Vec<u8>, ask: &Ask<'_>, speech: &Speech<'_>) {
    body.extend_from_slice(
        br#"{"id":"chatcmpl-mock","object":"chat.completion","created":1700000000,"model":"#,
    );
    model_name(body, ask.model());
    body.extend_from_slice(br#","choices":[{"index":0,"message":"#);
    speech.message(body);
    let reason = speech.finish_reason();
    put(body, format_args!(r#","finish_reason":"{reason}"}}],"#));
    usage(body, speech.tokens());
    body.push(b'}');
}

fn legacy(body: &mut Vec<u8>, ask: &Ask<'_>, speech: &Speech<'_>) {
    body.extend_from_slice(
        br#"{"id":"cmpl-mock","object":"text_completion","created":1700000000,"model":"#,
    );
    model_name(body, ask.model());
    body.extend_from_slice(br#","choices":[{"index":0,"text":"#);
    speech.text(body);
    let reason = speech.finish_reason();
    put(body, format_args!(r#","finish_reason":"{reason}"}}],"#));
    usage(body, speech.tokens());
    body.push(b'}');
}

fn embeddings(body: &mut Vec<u8>, ask: &Ask<'_>) {
    body.extend_from_slice(br#"{"object":"list","model":"#);
    model_name(body, ask.model());
    body.extend_from_slice(br#","data":["#);
    let numbers = [0.125_f32; EMBEDDING_DIMENSIONS];
    let numbers = if ask.wants_base64() {
        let packed = numbers.map(f32::to_le_bytes);
        format!("{:?}", STANDARD.encode(packed.as_flattened()))
    } else {
        format!("{numbers:?}")
    };
    for index in 0..ask.input_count() {
        let comma = if index == 0 { "" } else { "," };
        put(
            body,
            format_args!(
                r#"{comma}{{"object":"embedding","index":{index},"embedding":{numbers}}}"#
            ),
        );
    }
    put(
        body,
        format_args!(
            r#"],"usage":{{"prompt_tokens":{PROMPT_TOKENS},"total_tokens":{PROMPT_TOKENS}}}}}"#
        ),
    );
}

fn message(out: &mut Vec<u8>, status: u16, content_type: &str, body: &[u8]) {
    let reason = reason(status);
    let length = body.len();
    put(
        out,
        format_args!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n"
        ),
    );
    if matches!(status, 429 | 503) {
        out.extend_from_slice(b"retry-after: 1\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

/// The phrase beside a status.
pub(super) fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Mocked")
}
