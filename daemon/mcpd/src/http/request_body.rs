//! A request's body on its way in: waited for with patience, and never longer.
//!
//! What becomes of it is told to its connection, which looks for a caller that goes away from then
//! on: see [`crate::server`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::http::patience::Patience;

/// Why a body has no end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It did not come in time.
    #[error("the request body did not come in time")]
    TooSlow,
    /// Its caller broke off, or it was no body.
    #[error("the request body broke off")]
    Broken(#[source] hyper::Error),
}

/// What became of the body of a connection's request. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Hearing(Arc<AtomicU8>);

/// The states of a [`Hearing`].
const COMING: u8 = 0;
const WHOLE: u8 = 1;
const ABANDONED: u8 = 2;

impl Hearing {
    /// Another request has begun.
    pub(crate) fn begin(&self) {
        self.0.store(COMING, Ordering::Relaxed);
    }

    /// The body was read to its end.
    pub(crate) fn end_whole(&self) {
        self.0.store(WHOLE, Ordering::Relaxed);
    }

    /// Whether it was read to its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WHOLE
    }

    /// Whether no more of it is wanted.
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) != COMING
    }

    fn abandon(&self) {
        let state = &self.0;
        let _ = state.compare_exchange(COMING, ABANDONED, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A request's body.
pub struct RequestBody {
    body: Incoming,
    hearing: Unheard,
    received: u64,
    patience: Option<Box<Patience>>,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, hearing: Hearing) -> Self {
        if body.is_end_stream() {
            hearing.end_whole();
        }
        Self {
            body,
            hearing: Unheard(hearing),
            received: 0,
            patience: None,
        }
    }

    /// The body for a reader that has a clock of its own, and tells when it has read all.
    pub(crate) fn into_stream(self) -> (Incoming, Streamed) {
        (self.body, Streamed(self.hearing))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            let begin = || Box::new(Patience::begin(this.received));
            let patience = this.patience.get_or_insert_with(begin);
            return match patience.poll(this.received, cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(BodyError::TooSlow))),
                Poll::Pending => Poll::Pending,
            };
        };
        if let Some(Ok(frame)) = &frame {
            this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        if frame.is_none() || this.body.is_end_stream() {
            this.hearing.0.end_whole();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Tells the connection that nobody reads on.
struct Unheard(Hearing);

impl Drop for Unheard {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// A body whose reader has it: dropped, the connection believes that nobody reads on.
pub(crate) struct Streamed(Unheard);

impl Streamed {
    /// The body was read to its end.
    pub(crate) fn end_whole(self) {
        self.0.0.end_whole();
    }
}
