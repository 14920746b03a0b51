//! How long a request's body may take to come.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// A caller that sends nothing for so long in the middle of its body is given up.
pub(crate) const MAX_SILENCE: Duration = Duration::from_secs(30);
/// What a body must bring on average, after the first [`MAX_SILENCE`]: a line of 128 kbit/s. So a
/// large body has its time, and a byte now and then holds no connection for ever.
pub(crate) const MIN_BYTES_PER_SECOND: u64 = 16 * 1024;

/// Waits for one body. Made when it has to be waited for: one that comes with its head has none.
pub(crate) struct Patience {
    began: Instant,
    /// When bytes came last, and how many had come by then.
    heard: (Instant, u64),
    until: Pin<Box<Sleep>>,
}

impl Patience {
    /// Begins to wait, with so many bytes received.
    pub(crate) fn begin(received: u64) -> Self {
        let now = Instant::now();
        let mut patience = Self {
            began: now,
            heard: (now, received),
            until: Box::pin(tokio::time::sleep_until(now)),
        };
        let end = patience.end();
        patience.until.as_mut().reset(end);
        patience
    }

    /// Ready when a body of which so many bytes have come is given up.
    pub(crate) fn poll(&mut self, received: u64, cx: &mut Context<'_>) -> Poll<()> {
        if received != self.heard.1 {
            self.heard = (Instant::now(), received);
            let end = self.end();
            self.until.as_mut().reset(end);
        }
        self.until.as_mut().poll(cx)
    }

    fn end(&self) -> Instant {
        let (at, received) = self.heard;
        let earned = Duration::from_millis(received.saturating_mul(1000) / MIN_BYTES_PER_SECOND);
        (at + MAX_SILENCE).min(self.began + MAX_SILENCE + earned)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// How long a body is waited for that brings so many bytes at a time, with such a pause between.
    async fn waited(bytes: u64, pause: Duration, pieces: u64) -> Duration {
        let began = Instant::now();
        let mut patience = Patience::begin(0);
        let mut received = 0;
        for _ in 0..pieces {
            let over = poll_fn(|cx| patience.poll(received, cx));
            if tokio::time::timeout(pause, over).await.is_ok() {
                return began.elapsed();
            }
            received += bytes;
        }
        poll_fn(|cx| patience.poll(received, cx)).await;
        began.elapsed()
    }

    fn close_to(seen: Duration, wanted: u64) -> bool {
        seen.abs_diff(Duration::from_secs(wanted)) < Duration::from_millis(100)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_it_whatever_came_before() {
        assert!(close_to(waited(0, MAX_SILENCE, 0).await, 30));
        // 20 MB in two seconds, and then nothing.
        let seen = waited(10_000_000, Duration::from_secs(1), 2).await;
        assert!(close_to(seen, 32), "{seen:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_buys_no_time() {
        for pause in [1, 10, 29] {
            let seen = waited(1, Duration::from_secs(pause), 1000).await;
            assert!(close_to(seen, 30), "{pause}: {seen:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_may_take_as_long_as_its_body_needs() {
        // 20 KB a second for ten minutes.
        let seen = waited(20_000, Duration::from_secs(1), 600).await;
        assert!(close_to(seen, 630), "{seen:?}");
        // A third of the least: it is over once the first 30 s are used up.
        let seen = waited(MIN_BYTES_PER_SECOND / 3, Duration::from_secs(1), 600).await;
        assert!(seen < Duration::from_secs(46), "{seen:?}");
    }
}
