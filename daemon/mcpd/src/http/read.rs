//! Reading request bodies, bounded in size and in patience, and no longer than their caller may.

use std::error::Error;

use axum::extract::rejection::BytesRejection;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use shared::error_body::code;
use tokio_util::sync::CancellationToken;

use crate::http::error::ApiError;
use crate::http::patience::{MAX_SILENCE, MIN_BYTES_PER_SECOND};
use crate::http::request_body::{BodyError, RequestBody};
use crate::http::until_revoked::{Revoked, UntilRevoked};

/// The largest body of the control plane, in bytes.
pub const MAX_CONTROL_BODY_BYTES: usize = 1024 * 1024;
/// The largest body with jobs or results in it, in bytes: their batch and what is around each.
pub const MAX_JOBS_BODY_BYTES: usize = shared::job::MAX_BATCH_BYTES + 4 * 1024 * 1024;

/// Reads a whole body without copying it where it comes in one piece.
///
/// Errors: 413 past `limit` bytes, 408 where it comes too slowly, 401 once the caller is `revoked`, 400 where it breaks
/// off.
pub async fn whole(
    body: RequestBody,
    limit: usize,
    revoked: &CancellationToken,
) -> Result<Bytes, ApiError> {
    let mut body = UntilRevoked::new(body, revoked.clone());
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

async fn next_frame(body: &mut UntilRevoked<RequestBody>) -> Result<Option<Bytes>, ApiError> {
    loop {
        if body.is_end_stream() {
            return Ok(None);
        }
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => return Err(ended(&*error)),
        }
    }
}

fn too_slow() -> ApiError {
    let message = format!(
        "the request body did not come in time: nothing came for {} s, or less than {} KiB/s",
        MAX_SILENCE.as_secs(),
        MIN_BYTES_PER_SECOND / 1024
    );
    ApiError::new(408, code::INVALID_REQUEST, message)
        .hint("send the whole body at once; look for a proxy that holds it back")
}

fn broke_off() -> ApiError {
    ApiError::bad_request("the request body broke off")
}

/// Why a body had no end: ours stands somewhere among the causes.
fn ended(error: &(dyn Error + 'static)) -> ApiError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(BodyError::TooSlow) = error.downcast_ref() {
            return too_slow();
        }
        if error.is::<Revoked>() {
            return gateway::Error::Revoked.into();
        }
        cause = error.source();
    }
    broke_off()
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the request body is larger than {limit} bytes");
    ApiError::new(413, code::BODY_TOO_LARGE, message)
        .hint("send less, or raise `max_body_bytes` of mcpd")
}

/// The bytes of a body that axum has read.
///
/// Errors: 413 past the route's bound, 408 where it came too slowly, 401 where the caller was revoked meanwhile, 400 where
/// it broke off.
pub fn bytes(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| refused(&rejection, "this route takes"))
}

/// The same for a document, whose bound is [`MAX_CONTROL_BODY_BYTES`].
pub fn document(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| refused(&rejection, &format!("{MAX_CONTROL_BODY_BYTES} bytes")))
}

fn refused(rejection: &BytesRejection, bound: &str) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the request body is larger than {bound}");
            ApiError::new(413, code::BODY_TOO_LARGE, message)
        }
        _ => ended(rejection),
    }
}

/// Reads a JSON body of the control plane.
///
/// Errors: those of [`whole`]; 400 with line, column and field.
pub async fn json<T: DeserializeOwned>(
    body: RequestBody,
    limit: usize,
    revoked: &CancellationToken,
) -> Result<T, ApiError> {
    let bytes = whole(body, limit, revoked).await?;
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

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::extract::FromRequest;
    use http_body::Frame;

    use super::*;

    /// A body that ends in an error.
    struct Ends<E>(Option<E>);

    impl<E: Unpin> Body for Ends<E> {
        type Data = Bytes;
        type Error = E;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, E>>> {
            Poll::Ready(self.0.take().map(Err))
        }
    }

    /// The status of a body that ends so, read as axum reads it: through a box in a box.
    async fn status<E: Error + Send + Sync + Unpin + 'static>(end: E) -> StatusCode {
        let body = axum::body::Body::new(Ends(Some(end)));
        let body = axum::body::Body::new(UntilRevoked::new(body, CancellationToken::new()));
        let request = axum::extract::Request::new(body);
        let rejection = Bytes::from_request(request, &()).await.unwrap_err();
        bytes(Err(rejection)).unwrap_err().status
    }

    #[tokio::test]
    async fn why_a_body_ended_is_known_through_axum_too() {
        assert_eq!(status(BodyError::TooSlow).await, 408);
        assert_eq!(status(Revoked).await, 401);
        assert_eq!(status(std::io::Error::other("reset")).await, 400);
    }
}
