//! Gemini's server-sent events as OpenAI's, event by event as they come.
//!
//! Gemini marks no end: its answer is whole when the body ends and every candidate has named a
//! `finishReason`. Only then comes `[DONE]`; any other end is an error, so that half an answer
//! never looks complete. What was said before an error is given out before it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use shared::sse;

use super::answer::Answer;
use crate::Error;

/// The largest event, in bytes: an image of 4096 x 4096 in base64 fits.
const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;

/// A translated body. Dropping it stops Gemini.
pub(super) struct Translated<B> {
    theirs: B,
    decoder: sse::Decoder,
    answer: Answer,
    state: State,
}

enum State {
    Open,
    /// What was said before it is given out; now comes the error.
    Failed(Error),
    Over,
}

impl<B> Translated<B> {
    pub(super) fn new(theirs: B, answer: Answer) -> Self {
        Self {
            theirs,
            decoder: sse::Decoder::new(MAX_EVENT_BYTES),
            answer,
            state: State::Open,
        }
    }

    fn feed(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let mut events = Vec::new();
        let fed = self.decoder.feed(data, &mut events);
        for event in events {
            // Proxies that speak OpenAI to others add it; Gemini does not.
            if event.data != "[DONE]" {
                self.answer.piece(&event.data, out)?;
            }
        }
        fed.map_err(|wrong| Error::Unreadable(wrong.to_string()))
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
            match std::mem::replace(&mut this.state, State::Over) {
                State::Open => this.state = State::Open,
                State::Failed(error) => return Poll::Ready(Some(Err(error))),
                State::Over => return Poll::Ready(None),
            }
            let mut out = Vec::new();
            let next = ready!(Pin::new(&mut this.theirs).poll_frame(cx));
            let done = match next {
                None => {
                    this.state = State::Over;
                    this.answer.end(&mut out)
                }
                Some(Err(broken)) => Err(broken.into()),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.feed(&data, &mut out),
                    Err(_) => Ok(()),
                },
            };
            if let Err(error) = done {
                this.state = State::Failed(error);
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
