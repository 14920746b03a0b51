//! Google's Gemini by its native API, in OpenAI's shape at our edge.
//!
//! Natively, for what Google's own OpenAI endpoint leaves out: its own tools beside ours, thoughts,
//! pictures in an answer, and why a prompt or an answer was kept back.
//!
//! ```text
//! chat/completions ─► request::chat ──► POST models/M:generateContent ───────► answer
//!        (stream) ──► request::chat ──► POST models/M:streamGenerateContent ─► stream
//! embeddings ───────► embed::request ─► POST models/M:embedContent, :batchEmbedContents
//! models() ─────────► listing ────────► GET models
//! ```
//! The key goes into `x-goog-api-key`, never into a URL. What is mapped to what stands as a table
//! at the head of each module; what has no counterpart is named in `dropped_params`.

mod answer;
mod asked;
mod embed;
mod generation;
mod key;
mod listing;
mod messages;
mod model;
mod own;
mod parts;
mod refusal;
mod request;
mod response;
mod stream;
mod tools;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use http_body_util::Full;
use kit::clock::{SharedClock, SystemClock};
use kit::random::{SharedRandom, SystemRandom};
use shared::infer_path::InferPath;
use upstream::{Client, Origin};

use self::answer::Answer;
use self::key::Key;
use crate::{Body, Error, Model, Request, Response};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("mcpctl/", env!("CARGO_PKG_VERSION")));
/// The version that is called where the URL names none.
const VERSION: &str = "v1beta";
/// The largest answer in one piece, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// The largest answer to a batch of embeddings, in bytes: 100 vectors of 3,072 numbers are 7 MB.
const MAX_EMBEDDINGS_BYTES: usize = 16 * 1024 * 1024;

/// A server that speaks Gemini's API. Cheap to clone.
#[derive(Clone)]
pub struct Gemini {
    client: Client,
    origin: Origin,
    /// What stands before the path of each call: `v1beta/`, or nothing where the URL has it.
    version: &'static str,
    key: Key,
    random: SharedRandom,
    clock: SharedClock,
}

impl Gemini {
    /// The server at `origin`: `https://generativelanguage.googleapis.com`, with or without
    /// `/v1beta`. `key` goes into `x-goog-api-key`.
    ///
    /// Errors: [`Error::Unsupported`] where the key holds bytes that no header can carry, or where
    /// the URL is that of Google's OpenAI endpoint.
    pub fn new(client: Client, origin: Origin, key: Option<&str>) -> Result<Self, Error> {
        let base = origin.join("");
        let last = base.trim_end_matches('/').rsplit('/').next();
        let last = last.unwrap_or_default();
        if last == "openai" {
            return Err(Error::Unsupported(
                "the URL is that of Google's OpenAI endpoint: leave out `/openai`, or name the \
                 provider `openai`"
                    .into(),
            ));
        }
        let digit = last.strip_prefix('v').and_then(|rest| rest.chars().next());
        let versioned = digit.is_some_and(|digit| digit.is_ascii_digit());
        Ok(Self {
            client,
            origin,
            version: if versioned { "" } else { VERSION },
            key: Key::new(key)?,
            random: Arc::new(SystemRandom),
            clock: Arc::new(SystemClock),
        })
    }

    /// The same with other sources of ids and time.
    #[must_use]
    pub fn with(mut self, random: SharedRandom, clock: SharedClock) -> Self {
        self.random = random;
        self.clock = clock;
        self
    }

    /// Translates the request, sends it, translates the answer.
    ///
    /// Errors: [`Error::Unsupported`] where Gemini has nothing of the kind.
    pub async fn infer(&self, request: Request) -> Result<Response, Error> {
        match request.path {
            InferPath::ChatCompletions => self.chat(request).await,
            InferPath::Embeddings => self.embed(&request.body).await,
            InferPath::Completions
            | InferPath::Responses
            | InferPath::Rerank
            | InferPath::Messages => Err(Error::Unsupported(format!(
                "Gemini has no `{}`: use chat/completions or embeddings",
                request.path
            ))),
        }
    }

    /// What the server serves, page by page.
    pub async fn models(&self) -> Result<Vec<Model>, Error> {
        listing::list(self).await
    }

    async fn chat(&self, asked: Request) -> Result<Response, Error> {
        let mapped = request::chat(&asked.body)?;
        let path = if asked.stream {
            mapped.model.path("streamGenerateContent") + "?alt=sse"
        } else {
            mapped.model.path("generateContent")
        };
        let body = serde_json::Value::Object(mapped.body).to_string();
        let answer = self.call(Method::POST, &path, Some(body.into())).await?;
        if answer.status() != StatusCode::OK {
            return refusal::answer(answer, &self.key, mapped.dropped).await;
        }
        let maker = Answer::new(
            self.random.clone(),
            self.key.clone(),
            self.clock.now().as_millis() / 1000,
            mapped.model.bare(),
            mapped.include_usage,
        );
        let (content_type, body) = if asked.stream {
            is_event_stream(&answer)?;
            let body = stream::Translated::new(answer.into_body(), maker);
            (EVENT_STREAM, Body::made(body))
        } else {
            let bytes = upstream::read_all(answer.into_body(), MAX_ANSWER_BYTES).await?;
            (JSON, whole(maker.whole(&bytes)?))
        };
        Ok(Response {
            status: StatusCode::OK,
            content_type: Some(content_type),
            retry_after: None,
            dropped_params: mapped.dropped,
            body,
        })
    }

    async fn embed(&self, asked: &[u8]) -> Result<Response, Error> {
        let mut embed = embed::request(asked)?;
        let mut vectors = embed::Vectors::default();
        for (path, body) in std::mem::take(&mut embed.calls) {
            let body = Some(body.to_string().into());
            let answer = self.call(Method::POST, &path, body).await?;
            if answer.status() != StatusCode::OK {
                return refusal::answer(answer, &self.key, embed.dropped).await;
            }
            let bytes = upstream::read_all(answer.into_body(), MAX_EMBEDDINGS_BYTES).await?;
            vectors.read(&bytes)?;
        }
        let body = whole(vectors.answer(&embed)?);
        Ok(Response {
            status: StatusCode::OK,
            content_type: Some(JSON),
            retry_after: None,
            dropped_params: embed.dropped,
            body,
        })
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<http::Response<upstream::ResponseBody>, Error> {
        let below = match self.version {
            "" => path.into(),
            version => format!("{version}/{path}"),
        };
        let unusable = |_| Error::Unreadable(format!("its path `{path}`"));
        let uri = self.origin.join(&below).parse().map_err(unusable)?;
        let (body, has_body) = match body {
            Some(body) => (upstream::Body::full(body), true),
            None => (upstream::Body::empty(), false),
        };
        let mut call = http::Request::new(body);
        *call.method_mut() = method;
        *call.uri_mut() = uri;
        let headers = call.headers_mut();
        headers.insert(USER_AGENT, AGENT);
        if has_body {
            headers.insert(CONTENT_TYPE, JSON);
        } else {
            headers.insert(ACCEPT, JSON);
        }
        if let Some(key) = self.key.header() {
            headers.insert(key::HEADER, key);
        }
        Ok(self.client.send(&self.origin, call).await?)
    }
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    let never = |never: std::convert::Infallible| match never {};
    let body = http_body_util::BodyExt::map_err(Full::new(bytes.into()), never);
    Body::made(body)
}

/// A server that ignores `alt=sse` would be read as an answer without content.
fn is_event_stream<B>(answer: &http::Response<B>) -> Result<(), Error> {
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/event-stream") {
        return Ok(());
    }
    let kind: String = kind.chars().take(100).collect();
    Err(Error::Unreadable(format!(
        "it was asked for a stream of events and sent `{kind}`"
    )))
}

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod golden_answers;
#[cfg(test)]
mod golden_requests;
#[cfg(test)]
mod server_tests;
