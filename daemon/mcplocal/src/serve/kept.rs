//! A body that is never silent for long: while the provider thinks, it says a mark, which the server
//! takes out again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http_body::{Body as HttpBody, Frame, SizeHint};
use kit::random::{Random, base32};
use providers::{Body, Error};
use shared::keepalive::Mark;
use tokio::time::{Instant, Sleep};

/// Bytes of chance in the word of a mark: 32 letters.
const WORD_BYTES: usize = 20;

/// What is said in silence.
#[derive(Clone)]
pub(super) struct Keepalive {
    /// The word of the mark, for the head.
    pub(super) word: HeaderValue,
    mark: Bytes,
}

impl Keepalive {
    /// A word of chance, and its mark.
    pub(super) fn new(random: &dyn Random) -> Self {
        let word = base32(random, WORD_BYTES);
        let mark = Mark::of(&word).expect("32 letters are a word");
        Self {
            word: HeaderValue::from_str(&word).expect("letters fit a header"),
            mark: Bytes::copy_from_slice(mark.as_bytes()),
        }
    }
}

/// A provider's body with marks in its pauses.
pub(super) struct Kept {
    body: Body,
    mark: Bytes,
    interval: Duration,
    said_at: Instant,
    tick: Pin<Box<Sleep>>,
}

impl Kept {
    /// A mark after each `interval` of silence.
    pub(super) fn new(body: Body, keepalive: &Keepalive, interval: Duration) -> Self {
        let said_at = Instant::now();
        Self {
            body,
            mark: keepalive.mark.clone(),
            interval,
            said_at,
            tick: Box::pin(tokio::time::sleep_until(said_at + interval)),
        }
    }
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.said_at = Instant::now();
            return Poll::Ready(frame);
        }
        // The timer is set anew only when it goes off: a token must not cost that.
        while this.tick.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let is_due = now >= this.said_at + this.interval;
            if is_due {
                this.said_at = now;
            }
            this.tick.as_mut().reset(this.said_at + this.interval);
            if is_due {
                return Poll::Ready(Some(Ok(Frame::data(this.mark.clone()))));
            }
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Marks come on top.
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use kit::random::SystemRandom;
    use tokio::sync::mpsc;

    use super::*;

    /// A body of what is sent.
    struct Sent(mpsc::Receiver<Bytes>);

    impl HttpBody for Sent {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            let next = self.0.poll_recv(cx);
            next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_mark_is_said_in_every_pause_and_nowhere_else() {
        let (say, said) = mpsc::channel(1);
        let keepalive = Keepalive::new(&SystemRandom);
        let interval = Duration::from_secs(10);
        let mut kept = Kept::new(Body::made(Sent(said)), &keepalive, interval);
        let began = Instant::now();
        let speaking = async move {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(4)).await;
                say.send(Bytes::from_static(b"token")).await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(25)).await;
            drop(say);
        };
        let mut heard = Vec::new();
        let hearing = async {
            while let Some(frame) = kept.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                heard.push((began.elapsed().as_secs(), data));
            }
        };
        tokio::join!(speaking, hearing);
        let (token, mark) = (Bytes::from_static(b"token"), keepalive.mark);
        let tokens = [4, 8, 12].map(|at| (at, token.clone()));
        let marks = [22, 32].map(|at| (at, mark.clone()));
        assert_eq!(heard, [&tokens[..], &marks[..]].concat());
    }
}
