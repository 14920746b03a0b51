//! An answer under way: its bytes, and the rule that a cut one never looks complete.
//!
//! Where the bytes end too early, an event stream gets an `error` event (and no `[DONE]`), and any
//! other body breaks off, so that the caller's HTTP library reports it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use registry::Permit;
use shared::sse;
use shared::usage::Outcome;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::answer::pipe::Pipe;
use crate::answer::source::Source;
use crate::answer::{Keep, Limit, error_event};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::standing::Passed;
use crate::tab::Tab;

/// A source that always has more is interrupted for a look at the clock after so many pieces.
const PIECES_PER_LOOK: u32 = 64;
/// A caller hears something at least so often, for the sake of proxies in between.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// What a caller of an event stream hears then: a comment, which no reader shows.
pub(crate) const KEEPALIVE: &[u8] = b": keepalive\n\n";

/// An answer from its first byte on. Dropping it before its end stops the provider and frees the
/// slot.
pub(crate) struct Flow {
    running: Option<Running>,
    early: [Option<Bytes>; 2],
    /// Nothing comes after the early bytes.
    is_whole: bool,
    /// How it will end badly, once what came before is on its way.
    failing: Option<Error>,
    pub(crate) event_stream: bool,
    dialect: Dialect,
    boundary: sse::Boundary,
    pipe: Pipe,
    limit: Limit,
    given: Duration,
    idle_timeout: Duration,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Wakes the flow for whatever is due next: its deadline, silence, a keepalive.
    tick: Pin<Box<Sleep>>,
    /// When the provider was last heard.
    heard_at: Instant,
    /// When the caller was last told something.
    told_at: Instant,
    pieces: u32,
    _alive: Arc<()>,
}

/// An answer that more may come of. Gone at its end, and with it the slot and the provider.
pub(crate) struct Running {
    pub(crate) source: Source,
    pub(crate) passed: Passed,
    pub(crate) tab: Tab,
    /// Where a complete answer is kept.
    pub(crate) keep: Option<Keep>,
    pub(crate) name: Box<str>,
    pub(crate) _permit: Option<Permit>,
}

/// What a flow is made of.
pub(crate) struct Parts {
    pub(crate) running: Running,
    pub(crate) early: [Option<Bytes>; 2],
    pub(crate) is_whole: bool,
    pub(crate) event_stream: bool,
    pub(crate) dialect: Dialect,
    pub(crate) pipe: Pipe,
    pub(crate) limit: Limit,
    pub(crate) given: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) alive: Arc<()>,
    /// The timer of the request's deadline, to be used on.
    pub(crate) tick: Pin<Box<Sleep>>,
}

impl Flow {
    pub(crate) fn new(parts: Parts) -> Self {
        let now = Instant::now();
        let mut flow = Self {
            running: Some(parts.running),
            early: parts.early,
            is_whole: parts.is_whole,
            failing: None,
            event_stream: parts.event_stream,
            dialect: parts.dialect,
            boundary: sse::Boundary::default(),
            pipe: parts.pipe,
            revoked: Box::pin(parts.limit.revoked.clone().cancelled_owned()),
            limit: parts.limit,
            given: parts.given,
            idle_timeout: parts.idle_timeout,
            tick: parts.tick,
            heard_at: now,
            told_at: now,
            pieces: 0,
            _alive: parts.alive,
        };
        let next = flow.next_tick();
        if flow.tick.deadline() != next {
            flow.tick.as_mut().reset(next);
        }
        flow
    }

    pub(crate) fn limit(&self) -> Limit {
        self.limit.clone()
    }

    fn next_tick(&self) -> Instant {
        let silence = self.heard_at + self.idle_timeout;
        let next = self.limit.deadline.min(silence);
        match self.event_stream {
            true => next.min(self.told_at + KEEPALIVE_INTERVAL),
            false => next,
        }
    }

    /// That its time is over, where it is.
    fn past_deadline(&self, now: Instant) -> Option<Error> {
        let running = self.running.as_ref()?;
        let is_over = now >= self.limit.deadline;
        is_over.then(|| Error::Deadline {
            name: running.name.to_string(),
            after: self.given,
        })
    }

    /// Why the answer must end now, if it must; or what the caller hears meanwhile.
    fn due(&mut self, cx: &mut Context<'_>) -> Option<Result<Bytes, Error>> {
        let running = self.running.as_ref()?;
        if self.revoked.as_mut().poll(cx).is_ready() {
            return Some(Err(Error::Revoked));
        }
        while self.tick.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if let Some(error) = self.past_deadline(now) {
                return Some(Err(error));
            }
            if now >= self.heard_at + self.idle_timeout {
                let (name, after) = (running.name.to_string(), self.idle_timeout);
                return Some(Err(Error::Silent { name, after }));
            }
            let is_due = self.event_stream && now >= self.told_at + KEEPALIVE_INTERVAL;
            if is_due {
                self.told_at = now;
            }
            let next = self.next_tick();
            self.tick.as_mut().reset(next);
            // In the middle of an event there is no room for a comment.
            if is_due && self.boundary.completion().is_empty() {
                return Some(Ok(Bytes::from_static(KEEPALIVE)));
            }
        }
        None
    }

    /// The answer ends with an error; of a stream whose own end has passed already, that is no news to its caller.
    fn end(
        &mut self,
        error: Error,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.event_stream && self.pipe.meter.is_complete() {
            true => self.finish(now, cx),
            false => self.end_badly(error, cx),
        }
    }

    /// Tells what is left, and ends.
    fn finish(
        &mut self,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.end_well() {
            Ok(Some(last)) => self.tell(last, now),
            Ok(None) => Poll::Ready(None),
            Err(error) => self.end_badly(error, cx),
        }
    }

    /// The answer ends badly: as an event where the caller reads events, else by breaking off.
    fn end_badly(
        &mut self,
        error: Error,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut id = String::new();
        if let Some(mut running) = self.running.take() {
            running.source.ends_because(&error);
            if error.is_llms_fault() {
                running.passed.failed(None, error.to_string());
            }
            id = running.tab.id().to_owned();
            running.tab.outcome = Outcome::Error;
            self.settle(&mut running);
            let name = &running.name;
            tracing::warn!(llm.name = %name, %error, "an answer ended before it was complete");
        }
        if !self.event_stream {
            // The connection is dropped at an error: first let it write what it has.
            self.failing = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut event = self.boundary.completion().to_vec();
        error_event(&error, self.dialect, &id, &mut event);
        Poll::Ready(Some(Ok(Frame::data(event.into()))))
    }

    /// The answer has come to its end.
    fn end_well(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(running) = &self.running else {
            return Ok(None);
        };
        let last = self.pipe.finish(&running.name)?;
        if running.tab.status < 400 && self.pipe.meter.is_cut_short() {
            return Err(Error::Provider {
                name: running.name.to_string(),
                source: providers::Error::CutShort,
            });
        }
        let Some(mut running) = self.running.take() else {
            return Ok(last);
        };
        let status = running.tab.status;
        let is_whole = !self.event_stream || self.pipe.meter.is_complete();
        let is_good = status < 400 && !self.pipe.meter.saw_error();
        match is_good {
            true => running.passed.succeeded(),
            // What it says in its stream, it says of itself; a status was judged before.
            false if status < 400 => {
                let why = "its provider told an error in the middle of its answer";
                running.passed.failed(None, why.into());
            }
            false => {}
        }
        running.tab.outcome = match is_good {
            true => Outcome::Ok,
            false => Outcome::Error,
        };
        self.settle(&mut running);
        if let (Some(recorder), Some(keep)) = (self.pipe.recorder.take(), running.keep.take()) {
            keep.keep(recorder.finish(is_good && is_whole && status == 200));
        }
        Ok(last)
    }

    fn settle(&mut self, running: &mut Running) {
        running.tab.usage = self.pipe.meter.usage();
        running.tab.counted = self.pipe.meter.counted();
    }

    /// A piece on its way; `None` where nothing is to be told of it yet.
    fn pass(&mut self, piece: Bytes, now: Instant) -> Result<Option<Bytes>, Error> {
        self.heard_at = now;
        let Some(running) = &mut self.running else {
            return Ok(Some(piece));
        };
        let out = self.pipe.feed(&running.name, piece)?;
        if self.event_stream {
            running.tab.flows(self.pipe.meter.counted());
        }
        Ok(out)
    }

    fn tell(&mut self, data: Bytes, now: Instant) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.told_at = now;
        if self.event_stream {
            self.boundary.note(&data);
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(error) = self.failing.take() {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            let next = match self.early.iter_mut().find_map(Option::take) {
                Some(early) => Poll::Ready(Some(Ok(early))),
                None if self.is_whole => Poll::Ready(None),
                None => self.poll_source(cx),
            };
            let now = Instant::now();
            match next {
                Poll::Ready(Some(Ok(piece))) => match self.pass(piece, now) {
                    Ok(Some(out)) => return self.tell_or_end(out, now, cx),
                    Ok(None) => {}
                    Err(error) => return self.end_badly(error, cx),
                },
                Poll::Ready(Some(Err(error))) => return self.end(error, now, cx),
                Poll::Ready(None) => return self.finish(now, cx),
                Poll::Pending => {
                    return match self.due(cx) {
                        Some(Ok(comment)) => Poll::Ready(Some(Ok(Frame::data(comment)))),
                        Some(Err(error)) => self.end(error, now, cx),
                        None => Poll::Pending,
                    };
                }
            }
        }
    }

    /// Tells a piece, and ends with it where it is the last: a server that knows the length of what
    /// it writes asks for no more behind its last byte.
    fn tell_or_end(
        &mut self,
        out: Bytes,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.is_at_end(cx) {
            return self.tell(out, now);
        }
        match self.end_well() {
            Ok(None) => self.tell(out, now),
            Ok(Some(last)) => self.tell([out, last].concat().into(), now),
            Err(error) => self.end_badly(error, cx),
        }
    }

    fn is_at_end(&mut self, cx: &mut Context<'_>) -> bool {
        if self.event_stream || self.early.iter().any(Option::is_some) {
            return false;
        }
        if self.is_whole {
            return true;
        }
        let Some(running) = &mut self.running else {
            return true;
        };
        // Asked once more, so that it sees its own end and keeps its connection.
        running.source.size_hint().exact() == Some(0)
            && matches!(
                running.source.poll_data(cx, &running.name),
                Poll::Ready(None)
            )
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        self.pieces = self.pieces.wrapping_add(1);
        if self.pieces.is_multiple_of(PIECES_PER_LOOK) {
            // By the clock: a flood keeps its thread from looking after timers.
            if let Some(error) = self.past_deadline(Instant::now()) {
                return Poll::Ready(Some(Err(error)));
            }
            if let Some(Err(error)) = self.due(cx) {
                return Poll::Ready(Some(Err(error)));
            }
        }
        match &mut self.running {
            Some(running) => running.source.poll_data(cx, &running.name),
            None => Poll::Ready(None),
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.running.is_none() && self.failing.is_none()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let waiting: usize = self.early.iter().flatten().map(Bytes::len).sum();
        let waiting = waiting as u64;
        match &self.running {
            None if self.failing.is_some() => SizeHint::default(),
            None => SizeHint::with_exact(0),
            // An event stream may get an event of ours at its end.
            Some(_) if self.event_stream || !self.pipe.is_plain() => SizeHint::default(),
            Some(_) if self.is_whole => SizeHint::with_exact(waiting),
            Some(running) => match running.source.size_hint().exact() {
                Some(rest) => SizeHint::with_exact(rest + waiting),
                None => SizeHint::default(),
            },
        }
    }
}
