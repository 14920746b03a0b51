//! The caller's side: hand a request to a publisher, wait for its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use shared::channel::{Task as TaskFrame, encode_task, rides_inline};
use shared::infer_path::InferPath;
use shared::name::Name;
use tokio::sync::oneshot;

use crate::answer::{AnswerBody, TaskGuard};
use crate::error::Error;
use crate::relay::Relay;
use crate::session::Session;
use crate::task::{Arrived, Task, TaskId};

/// A request for a publisher.
pub struct Call<'a> {
    /// The row that was chosen.
    pub llm: &'a Name,
    /// What is asked for.
    pub path: InferPath,
    /// The caller wants a stream.
    pub stream: bool,
    /// Time left.
    pub deadline: Duration,
    /// JSON text, checked.
    pub body: Bytes,
}

/// A publisher's answer.
pub struct Answer {
    /// The provider's status.
    pub status: StatusCode,
    /// The provider's content type.
    pub content_type: Option<HeaderValue>,
    /// The provider's `Retry-After`.
    pub retry_after: Option<HeaderValue>,
    /// Request fields that the provider's dialect could not carry, separated by commas.
    pub dropped_params: Option<HeaderValue>,
    /// The provider's bytes.
    pub body: AnswerBody,
}

impl Relay {
    /// Hands `call` to the publisher of `session_id` and waits for the head of its answer.
    ///
    /// Dropping the future cancels the task at the publisher.
    /// Errors: [`Error::Offline`], [`Error::Stuck`], [`Error::Disconnected`],
    /// [`Error::Provider`].
    pub async fn dispatch(&self, session_id: &str, call: Call<'_>) -> Result<Answer, Error> {
        let session = self.0.sessions.get(session_id).map(|found| found.clone());
        let session = session.ok_or(Error::Offline)?;
        let (arrive, arrived) = oneshot::channel();
        let (fail, failed) = oneshot::channel();
        let guard = hand_out(&session, call, arrive, fail)?;
        let Arrived {
            status,
            content_type,
            retry_after,
            dropped_params,
            source,
        } = arrived.await.map_err(|_| Error::Disconnected)??;
        Ok(Answer {
            status,
            content_type,
            retry_after,
            dropped_params,
            body: AnswerBody::new(source, failed, guard, self.0.relayed_bytes.clone()),
        })
    }
}

/// Enters the task and queues its frame; the guard takes it out again.
fn hand_out(
    session: &Arc<Session>,
    call: Call<'_>,
    arrive: oneshot::Sender<Result<Arrived, Error>>,
    fail: oneshot::Sender<Error>,
) -> Result<TaskGuard, Error> {
    let inline = rides_inline(&call.body);
    let (frames, id) = {
        let mut guard = session.lock();
        let state = &mut *guard;
        let channel = state
            .channel
            .as_ref()
            .filter(|channel| channel.acknowledged);
        let channel = channel.ok_or(Error::Offline)?;
        state.task_count += 1;
        let (epoch, number) = (state.epoch, state.task_count);
        let task = Task {
            arrive: Some(arrive),
            fail: Some(fail),
            body: (!inline).then(|| call.body.clone()),
            chunks: None,
        };
        let frames = channel.sender();
        state.tasks.insert(number, task);
        (frames, TaskId { epoch, number })
    };
    let guard = TaskGuard::new(session.clone(), id);
    let frame = encode(id, &call, inline)?;
    frames.try_send(frame).map_err(|_| Error::Stuck)?;
    Ok(guard)
}

fn encode(id: TaskId, call: &Call<'_>, inline: bool) -> Result<Bytes, Error> {
    let task_id = id.to_string();
    let frame = TaskFrame {
        body_ref: (!inline).then(|| format!("_provider-task/{task_id}")),
        task_id,
        llm: call.llm.clone(),
        method: "POST".into(),
        path: call.path,
        stream: call.stream,
        deadline_ms: u64::try_from(call.deadline.as_millis()).unwrap_or(u64::MAX),
        body: None,
    };
    let mut bytes = Vec::with_capacity(call.body.len().min(1 << 16) + 256);
    if inline {
        let text = str::from_utf8(&call.body);
        let text = text.map_err(|_| Error::BadMessage("the request is not UTF-8".into()))?;
        encode_task(&frame, text, &mut bytes);
    } else {
        shared::channel::Frame::Task(frame).encode(&mut bytes);
    }
    Ok(bytes.into())
}
