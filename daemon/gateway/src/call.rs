//! One call of one LLM, up to the first byte of its answer.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use meter::Dialect;
use registry::Row;
use shared::chat_body::Head;
use shared::infer_path::InferPath;
use shared::llm::ProviderType;
use shared::timestamp::Timestamp;

use crate::answer::{Beginning, Source};
use crate::error::Error;
use crate::infer::{Asked, Gateway};
use crate::public::Worker;

/// An answer whose first bytes are there.
pub(crate) struct Begun {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) retry_after: Option<HeaderValue>,
    pub(crate) dropped_params: Option<HeaderValue>,
    pub(crate) beginning: Beginning,
    pub(crate) reading: Reading,
}

impl Begun {
    /// Whether its bytes may be what they are to be read as: a page of a proxy, say, shall be told of
    /// before the caller has a status.
    fn is_readable(&self, name: &str) -> Result<(), Error> {
        let is_json_wanted = self.reading.translate
            && self.status.is_success()
            && !is_event_stream(self.content_type.as_ref());
        let mut bytes = self.beginning.early.iter().flatten().flatten();
        match bytes.find(|byte| !byte.is_ascii_whitespace()) {
            Some(first) if is_json_wanted && *first != b'{' => Err(Error::Provider {
                name: name.to_owned(),
                source: providers::Error::Unreadable("its body is no JSON object".into()),
            }),
            _ => Ok(()),
        }
    }
}

/// How an answer is to be read, which its request decides.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    /// The shape of the bytes that come.
    pub(crate) dialect: Dialect,
    /// Usage was asked for by us alone.
    pub(crate) strip: bool,
    /// The caller speaks Anthropic's dialect, the LLM OpenAI's.
    pub(crate) translate: bool,
}

/// A request as one LLM gets it.
struct Prepared {
    request: providers::Request,
    reading: Reading,
    dropped: Vec<String>,
}

impl Gateway {
    /// Calls the LLM of `row`.
    ///
    /// Errors: whatever kept an answer from beginning; a provider's error status is an answer, but
    /// for one that refuses our own key.
    pub(crate) async fn call(
        &self,
        worker: &Worker,
        row: &Row,
        asked: &Asked,
        left: Duration,
    ) -> Result<Begun, Error> {
        let Prepared {
            request,
            reading,
            dropped,
        } = prepare(row, asked)?;
        let begun = match row.is_virtual() {
            true => self.relayed(row, request, reading, left).await,
            false => self.called(worker, row, request, reading).await,
        };
        // What it says of the key is about ours, and may repeat a part of it.
        let status = match &begun {
            Ok(begun) => begun.status.as_u16(),
            Err(error) => error.status(),
        };
        if status == StatusCode::UNAUTHORIZED {
            return Err(Error::KeyRefused {
                name: row.name().to_string(),
                is_virtual: row.is_virtual(),
            });
        }
        let mut begun = begun?;
        begun.is_readable(row.name().as_str())?;
        if !dropped.is_empty() {
            begun.dropped_params = with(begun.dropped_params, &dropped);
        }
        Ok(begun)
    }

    async fn relayed(
        &self,
        row: &Row,
        request: providers::Request,
        reading: Reading,
        deadline: Duration,
    ) -> Result<Begun, Error> {
        let name = row.name();
        let failed = |source| match source {
            relay::Error::Offline => Error::offline(row),
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
        let answer = self.inner().relay.dispatch(session, call).await;
        let answer = answer.map_err(failed)?;
        let streams = is_event_stream(answer.content_type.as_ref());
        let source = Source::Relayed(answer.body);
        Ok(Begun {
            status: answer.status,
            content_type: answer.content_type,
            retry_after: answer.retry_after,
            dropped_params: answer.dropped_params,
            beginning: source.begin(name.as_str(), streams).await?,
            reading,
        })
    }

    async fn called(
        &self,
        worker: &Worker,
        row: &Row,
        request: providers::Request,
        reading: Reading,
    ) -> Result<Begun, Error> {
        let provider = self.inner().provider(worker, row).await?;
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
            reading,
        })
    }
}

/// The request in the words of the LLM of `row`, with its model's id.
fn prepare(row: &Row, asked: &Asked) -> Result<Prepared, Error> {
    let spec = row.spec();
    let native = spec.provider_type == ProviderType::Anthropic;
    if asked.path == InferPath::Messages && !native {
        return translated(row, asked);
    }
    let head = &asked.head;
    let dialect = Dialect::from(asked.path);
    let ask_usage = head.stream && dialect == Dialect::Chat && spec.stream_usage != Some(false);
    Ok(Prepared {
        request: providers::Request {
            path: asked.path,
            stream: head.stream,
            body: rewritten(head, &asked.body, &spec.model, ask_usage),
        },
        reading: Reading {
            dialect,
            strip: ask_usage && !head.include_usage,
            translate: false,
        },
        dropped: Vec::new(),
    })
}

/// The same for a caller who speaks Anthropic's dialect and an LLM that does not.
fn translated(row: &Row, asked: &Asked) -> Result<Prepared, Error> {
    let chat = messages::request::to_chat(&asked.body).map_err(Error::BadMessages)?;
    let head = shared::chat_body::read(&chat.body)?;
    Ok(Prepared {
        request: providers::Request {
            path: InferPath::ChatCompletions,
            stream: chat.stream,
            body: rewritten(&head, &chat.body, &row.spec().model, false),
        },
        reading: Reading {
            dialect: Dialect::Chat,
            strip: false,
            translate: true,
        },
        dropped: chat.dropped,
    })
}

fn rewritten(head: &Head, body: &Bytes, model: &str, ask_usage: bool) -> Bytes {
    match head.for_provider(body, model, ask_usage) {
        Some(rewritten) => rewritten.into(),
        None => body.clone(),
    }
}

pub(crate) fn is_event_stream(content_type: Option<&HeaderValue>) -> bool {
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

/// Names as one header value; `None` where there are none.
fn listed<T: std::borrow::Borrow<str>>(names: &[T]) -> Option<HeaderValue> {
    (!names.is_empty()).then(|| HeaderValue::from_str(&names.join(", ")).ok())?
}

/// More names behind those that are there.
fn with(names: Option<HeaderValue>, more: &[String]) -> Option<HeaderValue> {
    let Some(names) = names else {
        return listed(more);
    };
    let known = names.to_str().unwrap_or_default();
    HeaderValue::from_str(&format!("{known}, {}", more.join(", "))).ok()
}

/// What `Retry-After` asks for at `now`: a number of seconds, or a date.
pub(crate) fn asked_pause(retry_after: Option<&HeaderValue>, now: Timestamp) -> Option<Duration> {
    let text = retry_after?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    let millis = i64::try_from(since.as_millis()).ok()?;
    Some(Timestamp::from_millis(millis).since(now))
}
