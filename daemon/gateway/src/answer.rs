//! An answer on its way to the caller, and the rule that a cut one never looks complete.
//!
//! A provider's bytes pass through as they come. Where they end too early, an event stream gets an
//! `error` event (and no `[DONE]`), and any other body breaks off, so that the caller's HTTP
//! library reports it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use registry::Permit;
use shared::error_body::ErrorBody;
use shared::sse;
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::caller::Caller;
use crate::error::Error;

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
    /// The provider's bytes.
    pub body: AnswerBody,
}

/// Where the bytes come from.
pub(crate) enum Source {
    Relayed(relay::AnswerBody),
    Provider(providers::Body),
}

impl Source {
    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
        name: &str,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            let frame = match self {
                Self::Relayed(body) => Pin::new(body).poll_frame(cx).map_err(|source| {
                    let name = name.to_owned();
                    Error::Relay { name, source }
                }),
                Self::Provider(body) => Pin::new(body).poll_frame(cx).map_err(|source| {
                    let name = name.to_owned();
                    Error::Provider { name, source }
                }),
            };
            match frame {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers mean nothing to a completion.
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Lets a publisher know why its task is cancelled.
    fn ends_because(&mut self, error: &Error) {
        if let Self::Relayed(body) = self {
            body.ends_because(match error {
                Error::Deadline { .. } => "deadline",
                Error::Revoked => "revoked",
                _ => "caller_gone",
            });
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Relayed(body) => body.size_hint(),
            Self::Provider(body) => body.size_hint(),
        }
    }

    /// Waits for the first bytes, so that a provider that fails before them is a clean error.
    pub(crate) async fn first(&mut self, name: &str) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|cx| self.poll_data(cx, name))
            .await
            .transpose()
    }
}

/// A source that always has more is interrupted for a look at the clock after so many pieces.
const PIECES_PER_LOOK: u32 = 64;

/// An answer's body. Dropping it before its end stops the provider and frees the slot.
pub struct AnswerBody {
    state: State,
    name: Box<str>,
    first: Option<Bytes>,
    event_stream: bool,
    boundary: sse::Boundary,
    deadline: Pin<Box<Sleep>>,
    given: Duration,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
    pieces: u32,
}

enum State {
    Running { source: Source, _permit: Permit },
    Over,
}

impl AnswerBody {
    pub(crate) fn new(
        name: &str,
        (first, source): (Option<Bytes>, Source),
        event_stream: bool,
        permit: Permit,
        (deadline, given): (Pin<Box<Sleep>>, Duration),
        caller: &Caller,
    ) -> Self {
        let state = match first {
            Some(_) => State::Running {
                source,
                _permit: permit,
            },
            None => State::Over,
        };
        Self {
            state,
            name: name.into(),
            first,
            event_stream,
            boundary: sse::Boundary::default(),
            deadline,
            given,
            revoked: Box::pin(caller.revoked.clone().cancelled_owned()),
            pieces: 0,
        }
    }

    /// Why the answer must end now, if it must.
    fn interruption(&mut self, cx: &mut Context<'_>) -> Option<Error> {
        if matches!(self.state, State::Over) {
            return None;
        }
        if self.revoked.as_mut().poll(cx).is_ready() {
            return Some(Error::Revoked);
        }
        self.deadline
            .as_mut()
            .poll(cx)
            .is_ready()
            .then(|| Error::Deadline {
                name: self.name.to_string(),
                after: self.given,
            })
    }

    /// The answer ends badly: as an event where the caller reads events, else by breaking off.
    fn end_badly(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let State::Running { source, .. } = &mut self.state {
            source.ends_because(&error);
        }
        self.state = State::Over;
        tracing::warn!(llm.name = %self.name, %error, "an answer ended before it was complete");
        if !self.event_stream {
            return Poll::Ready(Some(Err(error)));
        }
        let mut event = self.boundary.completion().to_vec();
        let mut body = ErrorBody::new(error.status(), error.code(), error.to_string());
        body.error.hint = error.hint();
        sse::encode("error", &body.to_json(), &mut event);
        Poll::Ready(Some(Ok(Frame::data(event.into()))))
    }

    fn pass(&mut self, data: Bytes) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.event_stream {
            self.boundary.note(&data);
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if let Some(first) = this.first.take() {
            return this.pass(first);
        }
        this.pieces = this.pieces.wrapping_add(1);
        if this.pieces.is_multiple_of(PIECES_PER_LOOK)
            && let Some(error) = this.interruption(cx)
        {
            return this.end_badly(error);
        }
        let State::Running { source, .. } = &mut this.state else {
            return Poll::Ready(None);
        };
        match source.poll_data(cx, &this.name) {
            Poll::Ready(Some(Ok(data))) => this.pass(data),
            Poll::Ready(Some(Err(error))) => this.end_badly(error),
            Poll::Ready(None) => {
                this.state = State::Over;
                Poll::Ready(None)
            }
            Poll::Pending => match this.interruption(cx) {
                Some(error) => this.end_badly(error),
                None => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && matches!(self.state, State::Over)
    }

    fn size_hint(&self) -> SizeHint {
        let waiting = self.first.as_ref().map_or(0, Bytes::len) as u64;
        match &self.state {
            State::Over => SizeHint::with_exact(waiting),
            // An event stream may get an event of ours at its end.
            State::Running { .. } if self.event_stream => SizeHint::default(),
            State::Running { source, .. } => match source.size_hint().exact() {
                Some(rest) => SizeHint::with_exact(rest + waiting),
                None => SizeHint::default(),
            },
        }
    }
}
