//! The normal way of an answer: one streaming request whose body is the provider's body.
//!
//! No byte is copied, gathered or cut anew. An error of the provider's body is an error of the
//! upload's body, so the upload breaks off and never ends as if it were complete. In the provider's
//! pauses the upload says marks (see [`super::kept`]), so that nothing on the way takes it for dead.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body::Body;
use providers::Response;
use shared::headers;

use super::bound::Bound;
use super::kept::{Keepalive, Kept};
use super::outcome::Outcome;

/// The largest acknowledgement that is read, in bytes.
const MAX_ACKNOWLEDGEMENT_BYTES: usize = 64 * 1024;

/// Hands the answer on as it comes.
pub(super) async fn deliver(
    bound: &Bound,
    id: &str,
    response: Response,
    keepalive: &Keepalive,
) -> Outcome {
    // A body of known length has no room for marks, and no pauses: it is there.
    let max_silence = match response.body.size_hint().exact() {
        None => bound.max_silence,
        Some(_) => None,
    };
    let body = match max_silence {
        None => upstream::Body::stream(response.body),
        Some(interval) => upstream::Body::stream(Kept::new(response.body, keepalive, interval)),
    };
    let mut call = match bound.call(Method::POST, id, "/stream", body) {
        Ok(call) => call,
        Err(_) => return Outcome::NotTaken(None),
    };
    let headers = call.headers_mut();
    let status = HeaderValue::from(response.status.as_u16());
    headers.insert(headers::UPSTREAM_STATUS, status);
    if max_silence.is_some() {
        headers.insert(headers::KEEPALIVE, keepalive.word.clone());
    }
    if let Some(content_type) = response.content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    if let Some(retry_after) = response.retry_after {
        headers.insert(headers::UPSTREAM_RETRY_AFTER, retry_after);
    }
    if !response.dropped_params.is_empty() {
        let dropped = response.dropped_params.join(", ");
        if let Ok(dropped) = HeaderValue::from_str(&dropped) {
            headers.insert(headers::DROPPED_PARAMS, dropped);
        }
    }
    match bound.mcpd.send(call).await {
        Ok(answer) => {
            let status = answer.status();
            // To its end, so that the connection can serve again.
            let _ = upstream::read_all(answer.into_body(), MAX_ACKNOWLEDGEMENT_BYTES).await;
            if status.is_success() {
                Outcome::Delivered
            } else {
                Outcome::NotTaken(Some(status))
            }
        }
        Err(broken) => Outcome::Broken(broken.to_string()),
    }
}

/// Whether a refusal of an upload means that something on the way takes no streams.
pub(super) fn takes_no_streams(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::LENGTH_REQUIRED | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::NOT_IMPLEMENTED
    )
}
