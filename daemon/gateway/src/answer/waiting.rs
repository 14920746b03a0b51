//! A caller of a stream who waits for its first byte hears something from time to time.
//!
//! After [`KEEPALIVE_INTERVAL`] the answer begins with a head and comments, while the request still
//! looks for an LLM, waits for a slot, or for the first byte. What goes wrong from then on can't be
//! a status any more: it comes as an `error` event.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::{Body, Frame};
use shared::error_body::{ErrorBody, code};
use shared::sse;
use tokio::time::{Instant, Sleep};

use crate::answer::flow::KEEPALIVE;
use crate::answer::{Answer, AnswerBody, KEEPALIVE_INTERVAL, Limit};
use crate::call::is_event_stream;
use crate::dialect::Dialect;
use crate::error::Error;

/// The longest error answer that is read to be told in an event, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// A request that has no answer yet.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// An answer whose head is with the caller before there is one.
pub(crate) struct Waiting {
    state: State,
    next_comment: Pin<Box<Sleep>>,
    dialect: Dialect,
    /// The request's.
    id: String,
    limit: Limit,
    _alive: Arc<()>,
}

enum State {
    Pending(Pending),
    /// It came, and is a stream.
    Streaming(AnswerBody),
    /// It came, and is none: it is read to be told as an error.
    Reading {
        status: StatusCode,
        body: AnswerBody,
        so_far: BytesMut,
    },
    Over,
}

impl Waiting {
    pub(crate) fn new(
        pending: Pending,
        (dialect, id): (Dialect, String),
        limit: Limit,
        alive: Arc<()>,
    ) -> Self {
        Self {
            state: State::Pending(pending),
            // The first comes with the head.
            next_comment: Box::pin(tokio::time::sleep_until(Instant::now())),
            dialect,
            id,
            limit,
            _alive: alive,
        }
    }

    pub(crate) fn limit(&self) -> Limit {
        self.limit.clone()
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Streaming(body) => return Pin::new(body).poll_frame(cx),
                State::Pending(pending) => match pending.as_mut().poll(cx) {
                    Poll::Ready(Ok(answer)) => self.came(answer),
                    Poll::Ready(Err(error)) => {
                        let body = self.dialect.body_of(&error, &self.id);
                        return self.end(&body);
                    }
                    Poll::Pending => return self.comment(cx),
                },
                State::Reading {
                    status,
                    body,
                    so_far,
                } => match Pin::new(body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => {
                        if let Ok(data) = frame.into_data() {
                            let room = MAX_ERROR_BYTES.saturating_sub(so_far.len());
                            so_far.extend_from_slice(&data[..data.len().min(room)]);
                        }
                    }
                    Poll::Ready(_) => {
                        let (status, so_far) = (status.as_u16(), std::mem::take(so_far));
                        let body = self.told(status, &so_far);
                        return self.end(&body);
                    }
                    Poll::Pending => return self.comment(cx),
                },
            }
        }
    }

    fn came(&mut self, answer: Answer) {
        let is_stream = is_event_stream(answer.content_type.as_ref());
        self.state = match is_stream && answer.status.is_success() {
            true => State::Streaming(answer.body),
            false => State::Reading {
                status: answer.status,
                body: answer.body,
                so_far: BytesMut::new(),
            },
        };
    }

    fn comment(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.next_comment.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let next = Instant::now() + KEEPALIVE_INTERVAL;
        self.next_comment.as_mut().reset(next);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(KEEPALIVE)))))
    }

    /// Ends the stream with an error of this body.
    fn end(&mut self, body: &str) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.state = State::Over;
        let mut event = Vec::new();
        sse::encode("error", body, &mut event);
        Poll::Ready(Some(Ok(Frame::data(event.into()))))
    }

    /// An error answer of a provider as the data of an event: as it came, where it is JSON.
    fn told(&self, status: u16, body: &[u8]) -> String {
        let text = str::from_utf8(body).unwrap_or_default().trim();
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() && status >= 400 {
            return text.replace(['\r', '\n'], " ");
        }
        let message = format!("the provider answered {status} and no event stream");
        let mut body = ErrorBody::new(502, code::PROVIDER_ERROR, message);
        body.error.request_id = Some(self.id.clone());
        self.dialect.error_body(502, &body)
    }
}
