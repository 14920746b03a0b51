//! The id that ties an answer to the log: taken from the caller where it is sane, else made here.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use http::header::HeaderValue;
use kit::random::{Random, base32};
use shared::headers::REQUEST_ID;

/// The longest id that we take from a caller.
const MAX_GIVEN_BYTES: usize = 64;

/// Makes request ids: a random prefix per process and a count.
#[derive(Debug)]
pub struct RequestIds {
    prefix: String,
    count: AtomicU64,
}

impl RequestIds {
    /// A new prefix.
    pub fn new(random: &dyn Random) -> Self {
        Self {
            prefix: base32(random, 5),
            count: AtomicU64::new(0),
        }
    }

    /// The id of the request with these headers.
    pub fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let given = headers.get(REQUEST_ID).filter(|id| is_sane(id.as_bytes()));
        if let Some(given) = given {
            return given.clone();
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{count:x}", self.prefix);
        HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("-"))
    }
}

fn is_sane(id: &[u8]) -> bool {
    let fits = |c: &u8| c.is_ascii_alphanumeric() || b"-_.:".contains(c);
    !id.is_empty() && id.len() <= MAX_GIVEN_BYTES && id.iter().all(fits)
}
