//! An answer on its way to the caller.

mod flow;
mod pipe;
mod source;
mod waiting;

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, Entry, Key};
use http::StatusCode;
use http::header::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use shared::sse;
use shared::timestamp::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::dialect::Dialect;
use crate::error::Error;

pub(crate) use flow::{Flow, KEEPALIVE_INTERVAL, Parts, Running};
pub(crate) use pipe::{Pipe, Translator};
pub(crate) use source::{Beginning, Source};
pub(crate) use waiting::{Pending, Waiting};

/// A provider's answer, whoever brought it.
pub struct Answer {
    /// The provider's status.
    pub status: StatusCode,
    /// The provider's content type.
    pub content_type: Option<HeaderValue>,
    /// The provider's `Retry-After`.
    pub retry_after: Option<HeaderValue>,
    /// Request fields that the provider's dialect could not carry, separated by commas.
    pub dropped_params: Option<HeaderValue>,
    /// The LLM that serves it; unknown while the answer waits for one.
    pub llm: Option<HeaderValue>,
    /// How many times an LLM was called.
    pub attempts: u32,
    /// Whether it came from the cache; `None` where no cache was asked.
    pub cache_hit: Option<bool>,
    /// The provider's bytes.
    pub body: AnswerBody,
}

/// What ends an answer before its time, for whoever must see to it while nobody reads.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The request's deadline.
    pub deadline: Instant,
    /// Cancelled when the caller's credential is revoked.
    pub revoked: CancellationToken,
    alive: Weak<()>,
}

impl Limit {
    pub(crate) fn new(deadline: Instant, revoked: CancellationToken, alive: &Arc<()>) -> Self {
        let alive = Arc::downgrade(alive);
        Self {
            deadline,
            revoked,
            alive,
        }
    }

    /// Whether the answer is still under way.
    pub fn applies(&self) -> bool {
        self.alive.strong_count() > 0
    }
}

/// An answer's body. Dropping it before its end stops the provider and frees the slot.
pub struct AnswerBody(Way);

enum Way {
    /// The request still looks for its answer; the caller is kept alive.
    Waiting(Box<Waiting>),
    /// Bytes come.
    Flow(Box<Flow>),
    /// All of them are there.
    There(Option<Bytes>, Limit),
}

impl AnswerBody {
    pub(crate) fn flow(flow: Flow) -> Self {
        Self(Way::Flow(Box::new(flow)))
    }

    pub(crate) fn waiting(waiting: Waiting) -> Self {
        Self(Way::Waiting(Box::new(waiting)))
    }

    pub(crate) fn there(bytes: Bytes, limit: Limit) -> Self {
        Self(Way::There(Some(bytes), limit))
    }

    /// What ends it. The body looks itself when it is read; when nobody reads, its owner must.
    pub fn limit(&self) -> Limit {
        match &self.0 {
            Way::Waiting(waiting) => waiting.limit(),
            Way::Flow(flow) => flow.limit(),
            Way::There(_, limit) => limit.clone(),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.get_mut().0 {
            Way::Waiting(waiting) => waiting.poll_frame(cx),
            Way::Flow(flow) => flow.poll_frame(cx),
            Way::There(bytes, _) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Way::Waiting(_) => false,
            Way::Flow(flow) => flow.is_end_stream(),
            Way::There(bytes, _) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Way::Waiting(_) => SizeHint::default(),
            Way::Flow(flow) => flow.size_hint(),
            Way::There(bytes, _) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
        }
    }
}

/// Where a complete answer is kept.
pub(crate) struct Keep {
    pub(crate) cache: Arc<Cache>,
    pub(crate) key: Key,
    pub(crate) ttl: Duration,
    pub(crate) at: Timestamp,
}

impl Keep {
    pub(crate) fn keep(self, entry: Option<Entry>) {
        if let Some(entry) = entry {
            let now_ms = u64::try_from(self.at.as_millis()).unwrap_or(0);
            self.cache.put(self.key, entry, self.ttl, now_ms);
        }
    }
}

/// Appends the event that ends the stream of the request `id` with an error.
pub(crate) fn error_event(error: &Error, dialect: Dialect, id: &str, out: &mut Vec<u8>) {
    sse::encode("error", &dialect.body_of(error, id), out);
}
