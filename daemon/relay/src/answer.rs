//! The caller's end of a task: the answer's bytes as they come.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use shared::keepalive::Strip;
use tokio::sync::oneshot;
use tokio::time::Sleep;

use crate::error::Error;
use crate::session::Session;
use crate::task::{Piece, Source, TaskId};

/// An upload that broke may be the first sign of something that is known a moment later: that the
/// channel closed, or what the publisher says of its provider. So long that is waited for.
const REASON_GRACE: Duration = Duration::from_millis(100);

/// Keeps a task alive for its caller. Dropped before the end, it cancels the task.
pub(crate) struct TaskGuard {
    session: Arc<Session>,
    id: TaskId,
    finished: bool,
    /// What the publisher is told when the guard is dropped early.
    reason: &'static str,
}

impl TaskGuard {
    pub(crate) fn new(session: Arc<Session>, id: TaskId) -> Self {
        Self {
            session,
            id,
            finished: false,
            reason: "caller_gone",
        }
    }

    fn finish(&mut self) {
        if !std::mem::replace(&mut self.finished, true) {
            self.session.forget(self.id);
        }
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if !self.finished {
            self.session.cancel(self.id, self.reason);
        }
    }
}

/// An answer's body. Dropping it before its end cancels the task at the publisher.
pub struct AnswerBody {
    source: Source,
    failed: oneshot::Receiver<Error>,
    guard: TaskGuard,
    relayed_bytes: Arc<AtomicU64>,
    /// The upload broke.
    is_cut: bool,
    /// What the publisher says of its provider; what it sent before may still be on its way.
    reason: Option<Error>,
    /// Until when the other of the two is waited for.
    grace: Option<Pin<Box<Sleep>>>,
}

impl AnswerBody {
    pub(crate) fn new(
        source: Source,
        failed: oneshot::Receiver<Error>,
        guard: TaskGuard,
        relayed_bytes: Arc<AtomicU64>,
    ) -> Self {
        Self {
            relayed_bytes,
            source,
            failed,
            guard,
            is_cut: false,
            reason: None,
            grace: None,
        }
    }

    /// Says why the body will be dropped before its end, where it is not that the caller went.
    pub fn ends_because(&mut self, reason: &'static str) {
        self.guard.reason = reason;
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.guard.finish();
        Poll::Ready(Some(Err(error)))
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            match &mut self.source {
                Source::Upload { body, strip, done } => match Pin::new(body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => {
                        let Ok(data) = frame.into_data() else {
                            continue;
                        };
                        match without_marks(strip, data) {
                            Some(data) => return Poll::Ready(Some(Ok(data))),
                            None => continue,
                        }
                    }
                    Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Error::CutShort))),
                    Poll::Ready(None) => {
                        // Asked once more, it says its end again.
                        if let Some(rest) = strip.as_mut().and_then(held_back) {
                            return Poll::Ready(Some(Ok(rest)));
                        }
                        if let Some(done) = done.take() {
                            let _ = done.send(());
                        }
                        return Poll::Ready(None);
                    }
                    Poll::Pending => return Poll::Pending,
                },
                Source::Chunks(pieces) => {
                    return pieces.poll_recv(cx).map(|piece| match piece {
                        Some(Piece::Data(data)) => Some(Ok(data)),
                        Some(Piece::End) => None,
                        Some(Piece::Failed(error)) => Some(Err(error)),
                        None => Some(Err(Error::CutShort)),
                    });
                }
            }
        }
    }
}

/// A piece without what was said in silence; `None` where nothing is left of it.
fn without_marks(strip: &mut Option<Strip>, piece: Bytes) -> Option<Bytes> {
    let Some(strip) = strip.as_mut().filter(|strip| !strip.is_plain(&piece)) else {
        return Some(piece);
    };
    let mut rest = Vec::with_capacity(piece.len());
    strip.feed(&piece, &mut rest);
    (!rest.is_empty()).then(|| rest.into())
}

/// What was taken for the beginning of a mark, at the end of the body.
fn held_back(strip: &mut Strip) -> Option<Bytes> {
    let rest = strip.finish();
    (!rest.is_empty()).then(|| Bytes::copy_from_slice(rest))
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if this.guard.finished {
            return Poll::Ready(None);
        }
        if !this.is_cut {
            match this.poll_source(cx) {
                Poll::Ready(Some(Ok(data))) => {
                    let bytes = data.len() as u64;
                    this.relayed_bytes.fetch_add(bytes, Ordering::Relaxed);
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Poll::Ready(Some(Err(Error::CutShort))) => this.is_cut = true,
                Poll::Ready(end) => {
                    this.guard.finish();
                    return Poll::Ready(end.map(|end| end.map(Frame::data)));
                }
                Poll::Pending => {}
            }
        }
        if this.reason.is_none()
            && let Poll::Ready(failure) = Pin::new(&mut this.failed).poll(cx)
        {
            match failure {
                Ok(reason @ Error::Provider(_)) => this.reason = Some(reason),
                other => return this.fail(other.unwrap_or(Error::Disconnected)),
            }
        }
        if !this.is_cut && this.reason.is_none() {
            return Poll::Pending;
        }
        if this.is_cut
            && let Some(reason) = this.reason.take()
        {
            return this.fail(reason);
        }
        let grace = this
            .grace
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(REASON_GRACE)));
        match grace.as_mut().poll(cx) {
            Poll::Ready(()) => {
                let reason = this.reason.take();
                this.fail(reason.unwrap_or(Error::CutShort))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
