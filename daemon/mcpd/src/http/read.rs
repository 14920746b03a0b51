//! Reading request bodies, bounded in size and in patience.

use std::time::Duration;

use axum::extract::rejection::BytesRejection;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use shared::error_body::code;

use crate::http::error::ApiError;

/// A caller that sends nothing for so long in the middle of its body is given up.
const MAX_SILENCE: Duration = Duration::from_secs(30);
/// The largest body of the control plane, in bytes.
pub const MAX_CONTROL_BODY_BYTES: usize = 1024 * 1024;
/// The largest body with jobs or results in it, in bytes: their batch and what is around each.
pub const MAX_JOBS_BODY_BYTES: usize = shared::job::MAX_BATCH_BYTES + 4 * 1024 * 1024;

/// Reads a whole body without copying it where it comes in one piece.
///
/// Errors: 413 past `limit` bytes, 408 where the caller falls silent, 400 where it breaks off.
pub async fn whole(mut body: Incoming, limit: usize) -> Result<Bytes, ApiError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = next_frame(&mut body).await? {
        if first.is_empty() && rest.is_empty() {
            first = frame;
            continue;
        }
        if first.len() + rest.len() + frame.len() > limit {
            return Err(too_large(limit));
        }
        if rest.is_empty() {
            let expected = usize::try_from(announced).unwrap_or(0).min(limit);
            rest.reserve(expected.max(first.len() + frame.len()));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&frame);
    }
    if first.len() > limit {
        return Err(too_large(limit));
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

async fn next_frame(body: &mut Incoming) -> Result<Option<Bytes>, ApiError> {
    loop {
        if body.is_end_stream() {
            return Ok(None);
        }
        let frame = tokio::time::timeout(MAX_SILENCE, body.frame())
            .await
            .map_err(|_| {
                ApiError::new(408, code::INVALID_REQUEST, "the request body did not come")
            })?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(_)) => return Err(ApiError::bad_request("the request body broke off")),
        }
    }
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the request body is larger than {limit} bytes");
    ApiError::new(413, code::BODY_TOO_LARGE, message)
        .hint("send less, or raise `max_body_bytes` of mcpd")
}

/// The bytes of a body that axum has read.
///
/// Errors: 413 past the route's bound, 400 where the caller broke off.
pub fn bytes(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            413,
            code::BODY_TOO_LARGE,
            "the request body is larger than this route takes",
        ),
        _ => ApiError::bad_request("the request body broke off"),
    })
}

/// Reads a JSON body of the control plane.
///
/// Errors: 400 with line, column and field.
pub async fn json<T: DeserializeOwned>(body: Incoming, limit: usize) -> Result<T, ApiError> {
    let bytes = whole(body, limit).await?;
    from_json(&bytes)
}

/// Parses JSON for a route.
///
/// Errors: 400 with line, column and field.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::bad_request("the request has no body: send JSON"));
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|first| *first == b'[') {
        return Err(ApiError::bad_request(
            "the request body must be a JSON object, not an array",
        ));
    }
    serde_json::from_slice(bytes).map_err(|wrong| {
        let what = if wrong.is_data() {
            "does not fit"
        } else {
            "is not JSON"
        };
        ApiError::bad_request(format!("the request body {what}: {wrong}"))
    })
}
