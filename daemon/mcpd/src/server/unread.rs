//! An answer that nobody reads still ends.
//!
//! While a caller's socket is full, hyper does not ask the answer's body for more, so the body can't
//! see its deadline pass or its credential revoked. The connection sees it here, and is dropped a
//! moment later: that moment is for a caller who does read, and gets the error in the answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use gateway::Limit;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// From the end of an answer's time to the end of its connection.
const GRACE: Duration = Duration::from_secs(1);

/// Watches one answer on its way out.
pub(crate) struct Unread {
    limit: Limit,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
    until: Pin<Box<Sleep>>,
    in_grace: bool,
}

impl Unread {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            revoked: Box::pin(limit.revoked.clone().cancelled_owned()),
            until: Box::pin(tokio::time::sleep_until(limit.deadline)),
            in_grace: false,
            limit,
        }
    }

    /// Whether the answer has ended by itself.
    pub(crate) fn is_over(&self) -> bool {
        !self.limit.applies()
    }

    /// Ready when the connection must go.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.in_grace {
            let due = self.revoked.as_mut().poll(cx).is_ready()
                || self.until.as_mut().poll(cx).is_ready();
            if !due {
                return Poll::Pending;
            }
            self.in_grace = true;
            self.until.as_mut().reset(Instant::now() + GRACE);
        }
        self.until.as_mut().poll(cx)
    }
}
