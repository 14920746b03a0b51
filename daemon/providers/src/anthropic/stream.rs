//! The body of a stream: Anthropic's bytes in, OpenAI's chunks out, event by event as they come.
//!
//! The body ends well only after `message_stop`. An end before that is [`Error::CutShort`], and an
//! `error` event is [`Error::Refused`], so that half an answer never looks complete. What came
//! before a failure goes out before it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use shared::sse;

use super::chunks::{Chunks, Progress};
use crate::Error;

/// The largest event, in bytes: Anthropic's are small, but a start may hold a whole tool result.
const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// A translated body. Dropping it stops Anthropic.
pub(super) struct Translated<B> {
    theirs: B,
    decoder: sse::Decoder,
    chunks: Chunks,
    state: State,
}

enum State {
    Open,
    /// The answer is complete; what follows is read, and means nothing.
    Over,
    /// To be told once.
    Failed(Option<Error>),
}

impl<B> Translated<B> {
    pub(super) fn new(theirs: B, chunks: Chunks) -> Self {
        Self {
            theirs,
            decoder: sse::Decoder::new(MAX_EVENT_BYTES),
            chunks,
            state: State::Open,
        }
    }

    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        let mut events = Vec::new();
        let fed = self.decoder.feed(bytes, &mut events);
        for event in events {
            if self.chunks.event(&event.data, out)? == Progress::Over {
                return Ok(Progress::Over);
            }
        }
        match fed {
            Ok(()) => Ok(Progress::More),
            Err(wrong) => Err(Error::Unreadable(wrong.to_string())),
        }
    }
}

impl<B> HttpBody for Translated<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        loop {
            if let State::Failed(failure) = &mut this.state {
                return Poll::Ready(failure.take().map(Err));
            }
            let next = ready!(Pin::new(&mut this.theirs).poll_frame(cx));
            let is_over = matches!(this.state, State::Over);
            let data = match next {
                // What follows the end is read all the same: the connection can be used again.
                _ if is_over && !matches!(next, Some(Ok(_))) => return Poll::Ready(None),
                None => {
                    this.state = State::Failed(Some(Error::CutShort));
                    continue;
                }
                Some(Err(broken)) => {
                    this.state = State::Failed(Some(broken.into()));
                    continue;
                }
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            if is_over {
                continue;
            }
            let mut out = Vec::new();
            match this.feed(&data, &mut out) {
                Ok(Progress::More) => {}
                Ok(Progress::Over) => this.state = State::Over,
                Err(wrong) => this.state = State::Failed(Some(wrong)),
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
    }
}
