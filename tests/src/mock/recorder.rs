//! Keeps the newest requests for tests that ask what reached the provider. Off unless asked for.

use crate::http1::Head;
use serde::{Serialize, Serializer};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// A request as the provider saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedRequest {
    /// `POST`, `GET`, …
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Header names (lower case) and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body without its framing. As JSON: text, with U+FFFD for what is none.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
}

fn as_text<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&String::from_utf8_lossy(bytes))
}

impl RecordedRequest {
    /// The value of the first header called `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A ring of the newest requests.
#[derive(Debug)]
pub(super) struct Recorder {
    capacity: usize,
    ring: Mutex<VecDeque<RecordedRequest>>,
}

impl Recorder {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            ring: Mutex::default(),
        }
    }

    pub(super) fn note(&self, head: &Head<'_>, body: &[u8]) {
        if self.capacity == 0 {
            return;
        }
        let Ok((method, path)) = head.method_and_path() else {
            return;
        };
        let request = RecordedRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: head
                .headers()
                .map(|(name, value)| (text(name).to_lowercase(), text(value)))
                .collect(),
            body: body.to_vec(),
        };
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == self.capacity {
            ring.pop_front();
        }
        ring.push_back(request);
    }

    pub(super) fn list(&self) -> Vec<RecordedRequest> {
        self.ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
