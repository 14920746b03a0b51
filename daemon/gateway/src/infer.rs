//! One request, from its name to the first byte of its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kit::lifecycle::Lifecycle;
use registry::{Permit, Registry, Row};
use relay::Relay;
use shared::chat_body;
use shared::infer_path::InferPath;
use shared::llm::Phase;
use store::secrets::Secrets;
use tokio::time::Instant;

use crate::answer::{Answer, AnswerBody, Beginning, Source};
use crate::caller::Caller;
use crate::error::{Error, offline_since};
use crate::public::Worker;

/// Bodies larger than this are checked off the async threads: JSON of this size takes about 2 ms.
const MAX_INLINE_CHECK_BYTES: usize = 1024 * 1024;

/// The gateway. Cheap to clone; clones are the same gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) registry: Registry,
    pub(crate) relay: Relay,
    pub(crate) secrets: Secrets,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) request_timeout: Duration,
}

/// What is asked.
pub struct Ask<'a> {
    /// The LLM's name.
    pub name: &'a str,
    /// The endpoint.
    pub path: InferPath,
    /// The request body as it came.
    pub body: Bytes,
    /// On whose behalf.
    pub caller: &'a Caller,
}

impl Gateway {
    /// A gateway over these rooms. A request may take `request_timeout` in all.
    pub fn new(
        registry: Registry,
        relay: Relay,
        secrets: Secrets,
        lifecycle: Lifecycle,
        request_timeout: Duration,
    ) -> Self {
        Self(Arc::new(Inner {
            registry,
            relay,
            secrets,
            lifecycle,
            request_timeout,
        }))
    }

    /// Runs a request up to the first byte of its answer.
    ///
    /// Dropping the future, or the answer's body, stops the provider.
    /// Errors: any [`Error`]; a provider's own error status is an answer, not an error.
    pub async fn infer(&self, worker: &Worker, ask: Ask<'_>) -> Result<Answer, Error> {
        if self.0.lifecycle.is_stopping() {
            return Err(Error::Stopping);
        }
        let given = self.0.request_timeout;
        let mut deadline = Box::pin(tokio::time::sleep_until(Instant::now() + given));
        let (caller, name) = (ask.caller, ask.name);
        let (row, answer, permit) = tokio::select! {
            biased;
            begun = self.begin(worker, &ask, given) => begun?,
            () = caller.revoked.cancelled() => return Err(Error::Revoked),
            () = &mut deadline => {
                let (name, after) = (name.to_owned(), given);
                return Err(Error::Deadline { name, after });
            }
        };
        let Begun {
            status,
            content_type,
            retry_after,
            dropped_params,
            beginning,
        } = answer;
        let event_stream = is_event_stream(content_type.as_ref());
        let name = row.name().as_str();
        let body = AnswerBody::new(
            name,
            beginning,
            event_stream,
            permit,
            (deadline, given),
            caller,
        );
        Ok(Answer {
            status,
            content_type,
            retry_after,
            dropped_params,
            body,
        })
    }

    async fn begin(
        &self,
        worker: &Worker,
        ask: &Ask<'_>,
        given: Duration,
    ) -> Result<(Arc<Row>, Begun, Permit), Error> {
        let asked_at = Instant::now();
        let row = self.callable(ask.name)?;
        let head = check(&ask.body).await?;
        let permit = row.live().gate.enter().await.map_err(|full| {
            let name = ask.name.to_owned();
            Error::Overloaded { name, full }
        })?;
        // It may have changed, or moved to another session, while we waited.
        let row = self.callable(ask.name)?;
        let body = match head.with_model(&ask.body, &row.spec().model) {
            Some(rewritten) => rewritten.into(),
            None => ask.body.clone(),
        };
        let request = providers::Request {
            path: ask.path,
            stream: head.stream,
            body,
        };
        let left = given.saturating_sub(asked_at.elapsed());
        let begun = if row.is_virtual() {
            self.relayed(&row, request, left).await?
        } else {
            self.called(worker, &row, request).await?
        };
        Ok((row, begun, permit))
    }

    /// The row of `name`, if it may be called now.
    fn callable(&self, name: &str) -> Result<Arc<Row>, Error> {
        let row = self.0.registry.find(name).ok_or_else(|| Error::NotFound {
            name: name.to_owned(),
            near: self.0.registry.nearest(name),
        })?;
        // A public row's phase tells what was seen last; only calling shows what is true now.
        if row.is_virtual() && row.phase() != Phase::Active {
            return Err(Error::Offline {
                name: name.to_owned(),
                why: match row.phase() {
                    Phase::Hibernating => "its provider is asleep".into(),
                    _ => offline_since(row.inactive_since()),
                },
            });
        }
        Ok(row)
    }

    async fn relayed(
        &self,
        row: &Row,
        request: providers::Request,
        deadline: Duration,
    ) -> Result<Begun, Error> {
        let name = row.name();
        let failed = |source| match source {
            relay::Error::Offline => Error::Offline {
                name: name.to_string(),
                why: offline_since(row.inactive_since()),
            },
            source => Error::Relay {
                name: name.to_string(),
                source,
            },
        };
        let session = row.session().ok_or_else(|| failed(relay::Error::Offline))?;
        let call = relay::Call {
            llm: name,
            path: request.path,
            stream: request.stream,
            deadline,
            body: request.body,
        };
        let answer = self.0.relay.dispatch(session, call).await.map_err(failed)?;
        let streams = is_event_stream(answer.content_type.as_ref());
        let source = Source::Relayed(answer.body);
        Ok(Begun {
            status: answer.status,
            content_type: answer.content_type,
            retry_after: answer.retry_after,
            dropped_params: answer.dropped_params,
            beginning: source.begin(name.as_str(), streams).await?,
        })
    }

    async fn called(
        &self,
        worker: &Worker,
        row: &Row,
        request: providers::Request,
    ) -> Result<Begun, Error> {
        let provider = self.0.provider(worker, row).await?;
        let answer = provider.infer(request).await.map_err(|source| {
            let name = row.name().to_string();
            Error::Provider { name, source }
        })?;
        if answer.status.is_informational() {
            return Err(Error::Provider {
                name: row.name().to_string(),
                source: providers::Error::Unreadable(format!("its status {}", answer.status)),
            });
        }
        let streams = is_event_stream(answer.content_type.as_ref());
        let source = Source::Provider(answer.body);
        Ok(Begun {
            status: answer.status,
            content_type: answer.content_type,
            retry_after: answer.retry_after,
            dropped_params: listed(&answer.dropped_params),
            beginning: source.begin(row.name().as_str(), streams).await?,
        })
    }
}

fn is_event_stream(content_type: Option<&http::HeaderValue>) -> bool {
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

/// Names as one header value; `None` where there are none.
fn listed(names: &[String]) -> Option<http::HeaderValue> {
    (!names.is_empty()).then(|| http::HeaderValue::from_str(&names.join(", ")).ok())?
}

/// An answer whose first bytes are there.
struct Begun {
    status: http::StatusCode,
    content_type: Option<http::HeaderValue>,
    retry_after: Option<http::HeaderValue>,
    dropped_params: Option<http::HeaderValue>,
    beginning: Beginning,
}

async fn check(body: &Bytes) -> Result<chat_body::Head, Error> {
    if body.len() <= MAX_INLINE_CHECK_BYTES {
        return Ok(chat_body::read(body)?);
    }
    let body = body.clone();
    let checked = tokio::task::spawn_blocking(move || chat_body::read(&body)).await;
    checked
        .map_err(|_| Error::Internal)?
        .map_err(Error::BadBody)
}
