//! The publisher's side: fetch a large body, bring the answer as one streaming upload.

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use hyper::body::Incoming;
use shared::keepalive::Mark;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::relay::Relay;
use crate::task::{Arrived, Source, Task, TaskId};

/// What the headers of an upload say.
#[derive(Clone, Debug)]
pub struct UploadHead {
    /// The epoch of the channel that handed the task out; may be left out.
    pub epoch: Option<u64>,
    /// The provider's status.
    pub status: StatusCode,
    /// The provider's content type.
    pub content_type: Option<HeaderValue>,
    /// The provider's `Retry-After`.
    pub retry_after: Option<HeaderValue>,
    /// Request fields that the provider's dialect could not carry.
    pub dropped_params: Option<HeaderValue>,
    /// What the upload says in silence.
    pub keepalive: Option<Mark>,
}

impl Relay {
    /// Hands an upload to the caller that waits for it; resolves when the caller has taken it all.
    ///
    /// Errors: [`Error::TaskEnded`] when the caller went, also in the middle: the publisher shall
    /// stop its provider. [`Error::NotFound`], [`Error::StaleEpoch`], [`Error::Contradiction`].
    pub async fn accept_upload(
        &self,
        principal: &str,
        session_id: &str,
        task_id: &str,
        head: UploadHead,
        body: Incoming,
    ) -> Result<(), Error> {
        let id: TaskId = task_id.parse()?;
        check_epoch(id, head.epoch)?;
        let session = self.session_of(session_id, principal)?;
        let arrive = session.with_task(id, Task::begin)?;
        session.acknowledge_upload(id);
        let (done, taken) = oneshot::channel();
        let arrived = Arrived {
            status: head.status,
            content_type: head.content_type,
            retry_after: head.retry_after,
            dropped_params: head.dropped_params,
            source: Source::Upload {
                body,
                strip: head.keepalive.map(Mark::strip),
                done: Some(done),
            },
        };
        arrive.send(Ok(arrived)).map_err(|_| Error::TaskEnded)?;
        taken.await.map_err(|_| Error::TaskEnded)
    }

    /// The body of a task that did not fit its frame. Given out as often as it is asked for, until
    /// the answer begins: a fetch that broke on the way can be made again.
    pub fn task_body(
        &self,
        principal: &str,
        session_id: &str,
        task_id: &str,
    ) -> Result<Bytes, Error> {
        let session = self.session_of(session_id, principal)?;
        session.with_task(task_id.parse()?, |task| task.body())
    }
}

/// The epoch in the header must be the one in the task's id.
pub(crate) fn check_epoch(id: TaskId, said: Option<u64>) -> Result<(), Error> {
    match said {
        Some(found) if found != id.epoch => Err(Error::StaleEpoch {
            found,
            current: id.epoch,
        }),
        _ => Ok(()),
    }
}
