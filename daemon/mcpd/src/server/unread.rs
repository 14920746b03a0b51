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
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::http::event_stream::Watched;

/// From the end of an answer's time to the end of its connection.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// What an answer must not outlast.
pub(super) enum Bound {
    /// An answer of a model.
    Answer(Limit),
    /// Events.
    Events(Watched),
}

impl Bound {
    /// Whether the answer is still under way.
    pub(super) fn applies(&self) -> bool {
        match self {
            Self::Answer(limit) => limit.applies(),
            Self::Events(watched) => watched.is_under_way(),
        }
    }

    fn revoked(&self) -> &CancellationToken {
        match self {
            Self::Answer(limit) => &limit.revoked,
            Self::Events(watched) => &watched.revoked,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Answer(limit) => Some(limit.deadline),
            Self::Events(_) => None,
        }
    }
}

/// Watches one answer on its way out.
pub(super) struct Unread {
    bound: Bound,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
    until: Option<Pin<Box<Sleep>>>,
    in_grace: bool,
}

impl Unread {
    pub(super) fn new(bound: Bound) -> Self {
        let deadline = bound.deadline();
        Self {
            revoked: Box::pin(bound.revoked().clone().cancelled_owned()),
            until: deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline))),
            in_grace: false,
            bound,
        }
    }

    /// Whether the answer has ended by itself.
    pub(super) fn is_over(&self) -> bool {
        !self.bound.applies()
    }

    /// Ready when the connection must go.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.in_grace {
            let due = self.revoked.as_mut().poll(cx).is_ready() || self.poll_until(cx).is_ready();
            if !due {
                return Poll::Pending;
            }
            self.in_grace = true;
            self.until = Some(Box::pin(tokio::time::sleep(GRACE)));
        }
        self.poll_until(cx)
    }

    fn poll_until(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.until.as_mut();
        until.map_or(Poll::Pending, |until| until.as_mut().poll(cx))
    }
}
