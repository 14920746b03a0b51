//! One task while it runs.
//!
//! ```text
//! waiting ──upload or first result──► answering ──end of the answer──► (removed)
//!    └──────────── caller gone, channel lost, provider failed ───────► (removed)
//! ```

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use hyper::body::Incoming;
use shared::keepalive::Strip;
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::result::Chunks;

/// A task's id, `EPOCH-NUMBER`: epochs only grow, so an id is never used twice in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TaskId {
    pub(crate) epoch: u64,
    pub(crate) number: u64,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.number)
    }
}

impl FromStr for TaskId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (epoch, number) = text.split_once('-').ok_or(Error::NotFound)?;
        let parse = |digits: &str| digits.parse().map_err(|_| Error::NotFound);
        Ok(Self {
            epoch: parse(epoch)?,
            number: parse(number)?,
        })
    }
}

/// The publisher's side of a task.
pub(crate) struct Task {
    /// Hands the answer to the caller; taken by whoever brings it.
    pub(crate) arrive: Option<oneshot::Sender<Result<Arrived, Error>>>,
    /// Tells a caller whose answer has begun that it will not end well.
    pub(crate) fail: Option<oneshot::Sender<Error>>,
    /// A body too large for the frame, until the answer begins: a fetch may break, and come again.
    pub(crate) body: Option<Bytes>,
    /// The per-chunk result form, once it was begun.
    pub(crate) chunks: Option<Arc<Chunks>>,
}

impl Task {
    /// Lets whoever brings the answer begin it.
    ///
    /// Errors: [`Error::Contradiction`] where it was begun already.
    pub(crate) fn begin(&mut self) -> Result<oneshot::Sender<Result<Arrived, Error>>, Error> {
        // Nobody fetches what is being answered.
        self.body = None;
        let begun = Error::Contradiction("the task's answer has begun already");
        self.arrive.take().ok_or(begun)
    }

    /// The body, where it did not ride in the frame.
    ///
    /// Errors: [`Error::Contradiction`] where it did, or the answer has begun.
    pub(crate) fn body(&self) -> Result<Bytes, Error> {
        let none = "the body rode in the frame, or the task's answer has begun already";
        self.body.clone().ok_or(Error::Contradiction(none))
    }

    /// Ends the task for its caller. Whether this is the first word of it.
    pub(crate) fn fail(&mut self, error: Error) -> bool {
        if let Some(arrive) = self.arrive.take() {
            let _ = arrive.send(Err(error));
            return true;
        }
        let fail = self.fail.take();
        let is_first = fail.is_some();
        let _ = fail.map(|fail| fail.send(error));
        is_first
    }
}

/// An answer that has begun.
pub(crate) struct Arrived {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) retry_after: Option<HeaderValue>,
    pub(crate) dropped_params: Option<HeaderValue>,
    pub(crate) source: Source,
}

/// Where the answer's bytes come from.
pub(crate) enum Source {
    /// The publisher's upload. `done` tells its handler that all was taken.
    Upload {
        body: Incoming,
        /// Takes out what it says in silence.
        strip: Option<Strip>,
        done: Option<oneshot::Sender<()>>,
    },
    /// One message after the other.
    Chunks(mpsc::Receiver<Piece>),
}

/// A part of an answer in the per-chunk form.
pub(crate) enum Piece {
    Data(Bytes),
    End,
    Failed(Error),
}

impl Piece {
    /// What the caller gets: bytes, an error, or `None` at the end.
    pub(crate) fn into_next(self) -> Option<Result<Bytes, Error>> {
        match self {
            Self::Data(data) => Some(Ok(data)),
            Self::End => None,
            Self::Failed(error) => Some(Err(error)),
        }
    }
}
