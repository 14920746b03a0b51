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
use crate::task::{Source, TaskId};

/// An upload that broke may be the first sign of something that is known a moment later: that the
/// channel closed, or what the publisher says of its provider. So long that is waited for.
const REASON_GRACE: Duration = Duration::from_millis(500);

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
    /// The task is over at the publisher's end. What it brought before is handed on first.
    lost: Option<Box<Error>>,
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
            lost: None,
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

    /// The next piece, or the end.
    fn poll_pieces(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.is_cut {
            return Poll::Pending;
        }
        match self.poll_source(cx) {
            Poll::Ready(Some(Err(Error::CutShort))) => {
                self.is_cut = true;
                Poll::Pending
            }
            Poll::Ready(next) => Poll::Ready(self.hand_on(next)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn hand_on(
        &mut self,
        next: Option<Result<Bytes, Error>>,
    ) -> Option<Result<Frame<Bytes>, Error>> {
        match &next {
            Some(Ok(data)) => {
                let bytes = data.len() as u64;
                self.relayed_bytes.fetch_add(bytes, Ordering::Relaxed);
            }
            Some(Err(_)) | None => self.guard.finish(),
        }
        next.map(|next| next.map(Frame::data))
    }

    /// Where no piece is there: whether there will be none, and why.
    fn poll_failure(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let is_told = self.reason.is_some() || self.lost.is_some();
        if !is_told && let Poll::Ready(failure) = Pin::new(&mut self.failed).poll(cx) {
            match failure {
                Ok(reason @ Error::Provider(_)) => self.reason = Some(reason),
                other => self.lost = Some(Box::new(other.unwrap_or(Error::Disconnected))),
            }
        }
        if let Some(lost) = self.lost.take() {
            // The end may have come since the look at the pieces: then its task is forgotten, and
            // nothing is lost. Not polled again, since a task that polls much is told to pause.
            if let Source::Chunks(pieces) = &mut self.source
                && let Ok(piece) = pieces.try_recv()
            {
                self.lost = Some(lost);
                return Poll::Ready(self.hand_on(piece.into_next()));
            }
            return self.fail(*lost);
        }
        if !self.is_cut && self.reason.is_none() {
            return Poll::Pending;
        }
        if self.is_cut
            && let Some(reason) = self.reason.take()
        {
            return self.fail(reason);
        }
        let grace = self
            .grace
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(REASON_GRACE)));
        match grace.as_mut().poll(cx) {
            Poll::Ready(()) => {
                let reason = self.reason.take();
                self.fail(reason.unwrap_or(Error::CutShort))
            }
            Poll::Pending => Poll::Pending,
        }
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
                        Some(piece) => piece.into_next(),
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
        match this.poll_pieces(cx) {
            Poll::Pending => this.poll_failure(cx),
            piece => piece,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;
    use crate::task::Piece;

    /// An answer that comes in pieces, and the publisher's ends of it.
    fn in_pieces() -> (AnswerBody, mpsc::Sender<Piece>, oneshot::Sender<Error>) {
        let (pieces, queue) = mpsc::channel(2);
        let (fail, failed) = oneshot::channel();
        let session = Session::new("s".into(), "laptop".into(), 1, Instant::now());
        let id = TaskId {
            epoch: 1,
            number: 1,
        };
        let guard = TaskGuard::new(Arc::new(session), id);
        let body = AnswerBody::new(Source::Chunks(queue), failed, guard, Arc::default());
        (body, pieces, fail)
    }

    /// What the caller still hears whose look at the pieces found none, just before `happens`.
    fn heard_after(
        happens: impl FnOnce(mpsc::Sender<Piece>, oneshot::Sender<Error>),
    ) -> Vec<String> {
        let (mut body, pieces, fail) = in_pieces();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(body.poll_pieces(&mut cx).is_pending());
        happens(pieces, fail);
        let mut heard = Vec::new();
        let mut next = body.poll_failure(&mut cx);
        loop {
            match next {
                Poll::Pending => panic!("it waits for what never comes, after {heard:?}"),
                Poll::Ready(None) => return heard,
                Poll::Ready(Some(Ok(frame))) => {
                    let data = frame.into_data().unwrap_or_default();
                    heard.push(String::from_utf8_lossy(&data).into_owned());
                }
                Poll::Ready(Some(Err(error))) => heard.push(error.to_string()),
            }
            next = Pin::new(&mut body).poll_frame(&mut cx);
        }
    }

    #[test]
    fn an_end_that_comes_while_the_caller_looks_is_no_disconnect() {
        let heard = heard_after(|pieces, fail| {
            pieces.try_send(Piece::Data("rest".into())).ok();
            pieces.try_send(Piece::End).ok();
            // The task is forgotten, as after every end.
            drop(fail);
        });
        assert_eq!(heard, ["rest"]);
    }

    #[test]
    fn what_came_before_a_disconnect_is_handed_on_before_it() {
        let heard = heard_after(|pieces, fail| {
            pieces.try_send(Piece::Data("half".into())).ok();
            fail.send(Error::Disconnected).ok();
        });
        assert_eq!(heard, ["half", &Error::Disconnected.to_string()]);
    }

    #[test]
    fn a_task_that_vanishes_without_an_end_is_a_disconnect() {
        let (mut body, _pieces, fail) = in_pieces();
        drop(fail);
        let mut cx = Context::from_waker(Waker::noop());
        let end = Pin::new(&mut body).poll_frame(&mut cx);
        assert!(matches!(end, Poll::Ready(Some(Err(Error::Disconnected)))));
    }
}
