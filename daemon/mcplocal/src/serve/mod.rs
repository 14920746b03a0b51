//! One task, end to end.
//!
//! ```text
//! Frame::Task ─► body (inline, or fetched) ─► model set ─► provider ─► ONE upload ─► acknowledged
//!                └──────── any of: cancel, deadline, channel gone, hard stop ────────┘
//!                                     drops the provider's connection at once
//! ```
//! A task is one future on one thread: it drives the provider's connection and the upload's, so a
//! byte from the provider wakes nobody else. Whoever drops the future stops the model.
//!
//! How results travel is `resultMode` of the config. `auto` streams, until there is evidence that
//! something on the way to the server holds request bodies back or refuses them: the server says on
//! the channel when the first upload of an epoch arrives ([`shared::channel::Frame::Ack`]), and it
//! did not within [`ACK_PATIENCE`]; or an upload was answered by 411, 413 or 501. From then on, for as
//! long as the program runs, pieces travel one by one. The upload that gave the evidence goes on:
//! what is held back still arrives in the end.

mod bound;
mod chunks;
mod fetch;
mod kept;
mod outcome;
mod stream;
mod tasks;
mod unsaid;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::Random;
use providers::Request;
use shared::channel::{Cancel, Task, TaskError, Wake};
use shared::chat_body;
use shared::error_body::code;
use tokio::sync::watch;

use crate::config::{Config, ResultMode};
use crate::publish::{Published, Served};
use fetch::{NoBody, body_of};
use kept::Keepalive;
use outcome::Outcome;
use tasks::{NotTaken, Place};

pub use bound::Bound;
pub use tasks::Tasks;
pub use unsaid::Unsaid;

/// An upload's head reaches the server within this time, unless something holds it back.
const ACK_PATIENCE: Duration = Duration::from_secs(3);

/// Serves tasks. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    lifecycle: Lifecycle,
    published: watch::Receiver<Arc<Published>>,
    config: watch::Receiver<Arc<Config>>,
    /// Something on the way holds uploads back.
    buffered: Arc<AtomicBool>,
    /// What uploads say in silence.
    keepalive: Keepalive,
}

impl Server {
    /// Serves what is published, in the way that the config says.
    pub fn new(
        lifecycle: Lifecycle,
        published: watch::Receiver<Arc<Published>>,
        config: watch::Receiver<Arc<Config>>,
        random: &dyn Random,
    ) -> Self {
        Self {
            lifecycle,
            published,
            config,
            buffered: Arc::default(),
            keepalive: Keepalive::new(random),
        }
    }

    /// Begins a task. Returns at once.
    pub fn start(&self, task: Task, bound: &Arc<Bound>, tasks: &Arc<Tasks>) {
        if !bound::is_task_id(&task.task_id) {
            tracing::warn!("a task whose id can't stand in a path is passed over");
            return;
        }
        let id: Arc<str> = task.task_id.as_str().into();
        let served = self
            .published
            .borrow()
            .served
            .get(task.llm.as_str())
            .cloned();
        let admitted = match (served, tasks.enter(id.clone())) {
            (Some(served), Ok(place)) => Ok((served, place)),
            (None, _) => Err(refusal(
                503,
                code::PROVIDER_OFFLINE,
                "the provider is not published any more",
            )),
            (_, Err(NotTaken::Closed)) => Err(refusal(
                503,
                code::SHUTTING_DOWN,
                "the provider's machine is stopping",
            )),
            (_, Err(NotTaken::Full)) => Err(refusal(
                429,
                code::OVERLOADED,
                "the provider's machine has no place left",
            )),
            // A frame that came twice.
            (_, Err(NotTaken::Known)) => return,
        };
        let bound = bound.clone();
        match admitted {
            Ok((served, place)) => {
                // Boxed before it is handed on: it is large, and spawning moves it several times.
                let work = Box::pin(self.clone().run(task, served, bound, place));
                self.lifecycle.spawn("task", Ends::Alone, work);
            }
            Err(error) => self
                .lifecycle
                .spawn("task refusal", Ends::Alone, async move {
                    chunks::fail(&bound, &id, error).await;
                }),
        }
    }

    /// Stops a task.
    pub fn cancel(&self, cancel: &Cancel, tasks: &Tasks) {
        let ran = tasks.cancel(&cancel.task_id);
        tracing::debug!(
            task.id = cancel.task_id,
            reason = cancel.reason,
            ran,
            "cancel"
        );
    }

    /// Wakes a provider. Returns at once; any number of calls wake it once.
    pub fn wake(&self, wake: &Wake) {
        let published = self.published.borrow();
        match published.served.get(wake.llm.as_str()) {
            Some(served) => served.alarm.ring(),
            None => tracing::debug!(llm.name = %wake.llm, "a wake for what is not offered"),
        }
    }

    async fn run(self, task: Task, served: Arc<Served>, bound: Arc<Bound>, mut place: Place) {
        let deadline = tokio::time::sleep(Duration::from_millis(task.deadline_ms));
        let id = task.task_id.clone();
        let outcome = tokio::select! {
            biased;
            () = place.cancelled() => None,
            outcome = self.serve(task, &served, &bound) => Some(outcome),
            () = deadline => None,
        };
        tracing::debug!(task.id = id, ?outcome, "task ended");
    }

    async fn serve(&self, task: Task, served: &Served, bound: &Bound) -> Outcome {
        let _in_flight = served.enter();
        let id = task.task_id.as_str();
        let body = match body_of(bound, id, task.body).await {
            Ok(body) => body,
            Err(NoBody::Over(status)) => return Outcome::NotTaken(Some(status)),
            Err(NoBody::Failed(error)) => return chunks::fail(bound, id, error).await,
        };
        let body = match with_model(body, &served.model) {
            Ok(body) => body,
            Err(error) => return chunks::fail(bound, id, error).await,
        };
        let (path, stream) = (task.path, task.stream);
        let request = || Request {
            path,
            stream,
            body: body.clone(),
        };
        let response = match infer(served, request).await {
            Ok(response) => response,
            Err(error) => return chunks::fail(bound, id, error).await,
        };
        if self.in_chunks() {
            return chunks::deliver(bound, id, response).await;
        }
        let upload = stream::deliver(bound, id, response, &self.keepalive);
        let outcome = self.watched(bound, upload).await;
        if let Outcome::NotTaken(Some(status)) = outcome {
            if stream::takes_no_streams(status) {
                self.uploads_are_held_back();
            }
            if outcome::may_be_of_proxy(status) {
                // The server may know nothing of it: its caller would wait.
                chunks::fail(bound, id, outcome::refused_on_the_way(status)).await;
            }
        }
        if let Outcome::Broken(_) = outcome {
            // A break that came with the first bytes may have taken the upload's head along, and
            // then the server knows of nothing. Where it does know, the task has ended there.
            chunks::fail(bound, id, outcome::broke_off()).await;
        }
        outcome
    }

    /// Drives an upload, and notes it where the server does not hear of it in time.
    async fn watched(&self, bound: &Bound, upload: impl Future<Output = Outcome>) -> Outcome {
        if bound.has_upload_arrived() {
            return upload.await;
        }
        let mut upload = std::pin::pin!(upload);
        tokio::select! {
            biased;
            outcome = &mut upload => return outcome,
            () = bound.until_upload_arrives() => {}
            () = tokio::time::sleep(ACK_PATIENCE) => self.uploads_are_held_back(),
        }
        upload.await
    }

    fn in_chunks(&self) -> bool {
        match self.config.borrow().result_mode {
            ResultMode::Auto => self.buffered.load(Ordering::Relaxed),
            ResultMode::Stream => false,
            ResultMode::Chunks => true,
        }
    }

    fn uploads_are_held_back(&self) {
        if !self.buffered.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a proxy on the way to the server does not pass streams on: answers now travel \
                 piece by piece (switch its request buffering off, or set `resultMode`)"
            );
        }
    }
}

/// Asks the provider. One that sleeps is woken first, also where that shows only by the attempt.
async fn infer(
    served: &Served,
    request: impl Fn() -> Request,
) -> Result<providers::Response, TaskError> {
    let not_woken = |why: Arc<str>| {
        let message = format!("the provider sleeps and could not be woken: {why}");
        refusal(503, code::PROVIDER_OFFLINE, &message)
    };
    served.alarm.awake().await.map_err(not_woken)?;
    let mark = served.alarm.mark();
    let error = match served.provider.infer(request()).await {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    if !error.is_connect() {
        return Err(outcome::no_answer(&error));
    }
    served.pace.sooner();
    // It never saw the request.
    match served.alarm.awake_again(mark).await {
        None => Err(outcome::no_answer(&error)),
        Some(woken) => {
            woken.map_err(not_woken)?;
            let answer = served.provider.infer(request()).await;
            answer.map_err(|error| outcome::no_answer(&error))
        }
    }
}

/// The body with the provider's own model; untouched where it says so already.
fn with_model(body: Bytes, model: &str) -> Result<Bytes, TaskError> {
    let head = chat_body::read(&body).map_err(|bad| TaskError {
        message: bad.to_string(),
        status: Some(400),
        code: Some(code::INVALID_REQUEST.into()),
    })?;
    Ok(match head.with_model(&body, model) {
        Some(changed) => changed.into(),
        None => body,
    })
}

fn refusal(status: u16, code: &str, message: &str) -> TaskError {
    TaskError {
        message: message.into(),
        status: Some(status),
        code: Some(code.into()),
    }
}
