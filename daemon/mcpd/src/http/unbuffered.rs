//! The headers of an event stream: proxies must pass it on as it comes.

use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};

/// nginx's own switch, per answer.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Asks every proxy in between to keep, change and gather nothing.
pub fn unbuffered(headers: &mut HeaderMap) {
    let no_store = HeaderValue::from_static("no-store, no-transform");
    headers.insert(CACHE_CONTROL, no_store);
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
}
