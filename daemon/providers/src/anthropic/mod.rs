//! Anthropic by its Messages API, in OpenAI's shape at our edge.
//!
//! ```text
//! messages ─────────► POST v1/messages, bytes untouched both ways
//! chat/completions ─► request::chat ──► POST v1/messages ──► stream (events -> chunks) or response
//! ```
//! The base URL may end in `/v1` or not: both are meant the same way.

mod asked;
mod catalogue;
mod chunks;
mod model;
mod parts;
mod refusal;
mod request;
mod response;
mod schema;
mod stream;
mod thinking;
mod thoughts;
mod tools;
mod turns;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use kit::clock::{Clock, SystemClock};
use shared::infer_path::InferPath;
use upstream::{Client, Origin};

use crate::{Body, Error, Model, Request, Response};

/// The largest answer in one piece, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("mcpctl/", env!("CARGO_PKG_VERSION")));
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const API_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// The version of the API that this module speaks.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// Anthropic, or somebody who speaks its API.
#[derive(Clone)]
pub struct Anthropic {
    client: Client,
    origin: Origin,
    key: Option<HeaderValue>,
    /// What stands between the base URL and `messages`.
    prefix: &'static str,
}

impl Anthropic {
    /// The server at `origin`, with or without `/v1` at its end; `key` goes into `x-api-key`.
    ///
    /// Errors: [`Error::Unsupported`] where the key holds bytes that no header can carry.
    pub fn new(client: Client, origin: Origin, key: Option<&str>) -> Result<Self, Error> {
        let key = key.map(api_key).transpose()?;
        let has_version = origin.join("messages").ends_with("/v1/messages");
        Ok(Self {
            client,
            origin,
            key,
            prefix: if has_version { "" } else { "v1/" },
        })
    }

    /// Sends the request on: as it is where it is in Anthropic's shape, else translated.
    ///
    /// Errors: [`Error::Unsupported`] where Anthropic has nothing of the kind.
    pub async fn infer(&self, request: Request) -> Result<Response, Error> {
        match request.path {
            InferPath::Messages => self.pass(request.body).await,
            InferPath::ChatCompletions => self.chat(request).await,
            InferPath::Completions
            | InferPath::Embeddings
            | InferPath::Responses
            | InferPath::Rerank => Err(Error::Unsupported(format!(
                "Anthropic has no `{}`: use chat/completions or messages",
                request.path
            ))),
        }
    }

    /// What the key may use: `GET v1/models`.
    pub async fn models(&self) -> Result<Vec<Model>, Error> {
        catalogue::list(self).await
    }

    async fn pass(&self, body: Bytes) -> Result<Response, Error> {
        let answer = self.send(body).await?;
        let (mut head, body) = answer.into_parts();
        Ok(Response {
            status: head.status,
            content_type: head.headers.remove(CONTENT_TYPE),
            retry_after: head.headers.remove(RETRY_AFTER),
            dropped_params: Vec::new(),
            body: Body::Upstream(body),
        })
    }

    async fn chat(&self, asked: Request) -> Result<Response, Error> {
        let mapped = request::chat(&asked.body, asked.stream)?;
        let body = serde_json::Value::Object(mapped.body).to_string();
        let answer = self.send(body.into()).await?;
        if answer.status() != StatusCode::OK {
            return refusal::answer(answer, mapped.dropped).await;
        }
        // Anthropic does not say when; the answer has just begun.
        let created = SystemClock.now().as_millis() / 1000;
        let (content_type, body) = if asked.stream {
            let chunks = chunks::Chunks::new(created, mapped.include_usage);
            let body = stream::Translated::new(answer.into_body(), chunks);
            (EVENTS, Body::made(body))
        } else {
            let bytes = upstream::read_all(answer.into_body(), MAX_ANSWER_BYTES).await?;
            let body = full(response::whole(&bytes, created)?);
            (JSON, Body::made(body))
        };
        Ok(Response {
            status: StatusCode::OK,
            content_type: Some(content_type),
            retry_after: None,
            dropped_params: mapped.dropped,
            body,
        })
    }

    async fn send(&self, body: Bytes) -> Result<http::Response<upstream::ResponseBody>, Error> {
        let body = upstream::Body::full(body);
        self.call(Method::POST, "messages", body).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: upstream::Body,
    ) -> Result<http::Response<upstream::ResponseBody>, Error> {
        let path = [self.prefix, path].concat();
        let unusable = |_| Error::Unreadable(format!("its path `{path}`"));
        let uri = self.origin.join(&path).parse().map_err(unusable)?;
        let mut call = http::Request::new(body);
        *call.method_mut() = method;
        *call.uri_mut() = uri;
        let headers = call.headers_mut();
        headers.insert(USER_AGENT, AGENT);
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(API_VERSION, VERSION);
        if let Some(key) = &self.key {
            headers.insert(API_KEY, key.clone());
        }
        Ok(self.client.send(&self.origin, call).await?)
    }
}

fn api_key(key: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(key.trim()).map_err(|_| {
        Error::Unsupported("the API key holds characters that no HTTP header can carry".into())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn full(
    bytes: impl Into<Bytes>,
) -> impl http_body::Body<Data = Bytes, Error = Error> + Send + 'static {
    let never = |never: std::convert::Infallible| match never {};
    Full::new(bytes.into()).map_err(never)
}

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod stream_tests;
