//! An answer on its way to the caller, and the rule that a cut one never looks complete.
//!
//! A provider's bytes pass through as they come. Where they end too early, an event stream gets an
//! `error` event (and no `[DONE]`), and any other body breaks off, so that the caller's HTTP
//! library reports it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use registry::Permit;
use shared::error_body::ErrorBody;
use shared::sse;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

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
    ///
    /// A whole answer often comes at once: what is there already is looked at too, so that one that
    /// broke off right away is a clean error as well.
    pub(crate) async fn begin(mut self, name: &str, streams: bool) -> Result<Beginning, Error> {
        let first = poll_fn(|cx| self.poll_data(cx, name)).await.transpose()?;
        let mut beginning = Beginning {
            is_whole: first.is_none(),
            early: [first, None],
            source: self,
        };
        if streams || beginning.is_whole {
            return Ok(beginning);
        }
        let source = &mut beginning.source;
        let there = poll_fn(|cx| match source.poll_data(cx, name) {
            Poll::Ready(next) => Poll::Ready(Some(next)),
            Poll::Pending => Poll::Ready(None),
        });
        match there.await {
            None => {}
            Some(None) => beginning.is_whole = true,
            Some(Some(next)) => beginning.early[1] = Some(next?),
        }
        Ok(beginning)
    }
}

/// An answer whose first bytes are there.
pub(crate) struct Beginning {
    early: [Option<Bytes>; 2],
    source: Source,
    /// Nothing comes after them.
    is_whole: bool,
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
    /// Whether the answer is still under way.
    pub fn applies(&self) -> bool {
        self.alive.strong_count() > 0
    }
}

/// A source that always has more is interrupted for a look at the clock after so many pieces.
const PIECES_PER_LOOK: u32 = 64;

/// An answer's body. Dropping it before its end stops the provider and frees the slot.
pub struct AnswerBody {
    running: Option<Running>,
    name: Box<str>,
    early: [Option<Bytes>; 2],
    /// How it will end badly, once what came before is on its way.
    failing: Option<Error>,
    event_stream: bool,
    boundary: sse::Boundary,
    deadline: Pin<Box<Sleep>>,
    given: Duration,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
    token: CancellationToken,
    pieces: u32,
    alive: Arc<()>,
}

/// An answer that more may come of. Gone at its end, and with it the slot and the provider.
struct Running {
    source: Source,
    _permit: Permit,
}

impl AnswerBody {
    pub(crate) fn new(
        name: &str,
        beginning: Beginning,
        event_stream: bool,
        permit: Permit,
        (deadline, given): (Pin<Box<Sleep>>, Duration),
        caller: &Caller,
    ) -> Self {
        let Beginning {
            early,
            source,
            is_whole,
        } = beginning;
        let running = Running {
            source,
            _permit: permit,
        };
        Self {
            running: (!is_whole).then_some(running),
            name: name.into(),
            early,
            failing: None,
            event_stream,
            boundary: sse::Boundary::default(),
            deadline,
            given,
            revoked: Box::pin(caller.revoked.clone().cancelled_owned()),
            token: caller.revoked.clone(),
            pieces: 0,
            alive: Arc::default(),
        }
    }

    /// What ends it. The body looks itself when it is read; when nobody reads, its owner must.
    pub fn limit(&self) -> Limit {
        Limit {
            deadline: self.deadline.deadline(),
            revoked: self.token.clone(),
            alive: Arc::downgrade(&self.alive),
        }
    }

    /// Why the answer must end now, if it must.
    fn interruption(&mut self, cx: &mut Context<'_>) -> Option<Error> {
        self.running.as_ref()?;
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
    fn end_badly(
        &mut self,
        error: Error,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(mut running) = self.running.take() {
            running.source.ends_because(&error);
        }
        tracing::warn!(llm.name = %self.name, %error, "an answer ended before it was complete");
        if !self.event_stream {
            // The connection is dropped at an error: first let it write what it has.
            self.failing = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
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
        if let Some(early) = this.early.iter_mut().find_map(Option::take) {
            return this.pass(early);
        }
        if let Some(error) = this.failing.take() {
            return Poll::Ready(Some(Err(error)));
        }
        this.pieces = this.pieces.wrapping_add(1);
        if this.pieces.is_multiple_of(PIECES_PER_LOOK)
            && let Some(error) = this.interruption(cx)
        {
            return this.end_badly(error, cx);
        }
        let Some(running) = &mut this.running else {
            return Poll::Ready(None);
        };
        match running.source.poll_data(cx, &this.name) {
            Poll::Ready(Some(Ok(data))) => this.pass(data),
            Poll::Ready(Some(Err(error))) => this.end_badly(error, cx),
            Poll::Ready(None) => {
                this.running = None;
                Poll::Ready(None)
            }
            Poll::Pending => match this.interruption(cx) {
                Some(error) => this.end_badly(error, cx),
                None => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        let is_over = self.running.is_none() && self.failing.is_none();
        is_over && self.early.iter().all(Option::is_none)
    }

    fn size_hint(&self) -> SizeHint {
        let waiting: usize = self.early.iter().flatten().map(Bytes::len).sum();
        let waiting = waiting as u64;
        match &self.running {
            None if self.failing.is_some() => SizeHint::default(),
            None => SizeHint::with_exact(waiting),
            // An event stream may get an event of ours at its end.
            Some(_) if self.event_stream => SizeHint::default(),
            Some(running) => match running.source.size_hint().exact() {
                Some(rest) => SizeHint::with_exact(rest + waiting),
                None => SizeHint::default(),
            },
        }
    }
}
