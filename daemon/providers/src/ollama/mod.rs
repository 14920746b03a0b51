//! Ollama by its native API, in OpenAI's shape at our edge.
//!
//! Natively, because only there the context length can be set: Ollama's own OpenAI endpoint runs
//! every model with the server's default and cuts longer prompts without a word.
//!
//! ```text
//! chat/completions ─► request::chat ──► POST /api/chat ─────► stream (NDJSON -> SSE) or response
//! completions ──────► request::text ──► POST /api/generate ─► the same
//! embeddings ───────► embed ──────────► POST /api/embed
//! ```
//! `num_ctx` of a request is, in this order: the configured `numCtx`, the configured context
//! window, the `num_ctx` of the model's own Modelfile, the model's trained context but at most
//! [`DEFAULT_NUM_CTX`] (the memory for it is taken when the model is loaded, so more must be asked
//! for).

mod catalogue;
mod embed;
mod request;
mod response;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::Full;
use kit::random::SharedRandom;
use serde::Deserialize;
use shared::error_body::{ErrorBody, code};
use shared::infer_path::InferPath;
use upstream::{Client, Origin};

use self::catalogue::Catalogue;
use self::response::Answer;
use crate::{Body, Error, Model, Request, Response};

/// The context length asked for where nobody says one, in tokens.
pub const DEFAULT_NUM_CTX: u32 = 8192;
/// The largest answer in one piece, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// The largest error answer that is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// What a row or a config entry says about its model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The context length to ask for, in tokens.
    pub num_ctx: Option<u32>,
    /// The context window that is advertised, in tokens; asked for where `num_ctx` is absent.
    pub context_window: Option<u32>,
}

/// An Ollama server. Cheap to clone; clones share what they know about its models.
#[derive(Clone)]
pub struct Ollama(Arc<Inner>);

struct Inner {
    client: Client,
    origin: Origin,
    authorization: Option<HeaderValue>,
    settings: Settings,
    catalogue: Catalogue,
    random: SharedRandom,
}

impl Ollama {
    /// The server at `origin` (without `/api`); `key` is for one behind a proxy that wants a bearer
    /// token. `random` names answers.
    ///
    /// Errors: [`Error::Unsupported`] where the key holds bytes that no header can carry.
    pub fn new(
        client: Client,
        origin: Origin,
        key: Option<&str>,
        settings: Settings,
        random: SharedRandom,
    ) -> Result<Self, Error> {
        let authorization = key.map(bearer).transpose()?;
        Ok(Self(Arc::new(Inner {
            client,
            origin,
            authorization,
            settings,
            catalogue: Catalogue::default(),
            random,
        })))
    }

    /// Translates the request, sends it, translates the answer.
    ///
    /// Errors: [`Error::Unsupported`] where Ollama has nothing of the kind.
    pub async fn infer(&self, request: Request) -> Result<Response, Error> {
        match request.path {
            InferPath::ChatCompletions => {
                let mapped = self.map(request, request::chat).await?;
                self.answer(mapped, "api/chat", "chatcmpl", true).await
            }
            InferPath::Completions => {
                let mapped = self.map(request, request::text).await?;
                self.answer(mapped, "api/generate", "cmpl", false).await
            }
            InferPath::Embeddings => self.embed(&request.body).await,
            InferPath::Responses | InferPath::Rerank | InferPath::Messages => {
                Err(Error::Unsupported(format!(
                    "Ollama has no `{}`: use chat/completions, completions or embeddings",
                    request.path
                )))
            }
        }
    }

    /// The models that are there (`/api/tags`), with what `/api/show` told about those in use.
    pub async fn models(&self) -> Result<Vec<Model>, Error> {
        catalogue::list(self).await
    }

    async fn map(&self, asked: Request, map: request::Mapper) -> Result<request::Mapped, Error> {
        let mut body = request::Asked::read(&asked.body)?;
        let about = catalogue::about(self, body.model()).await;
        let num_ctx = num_ctx(&self.0.settings, &about);
        map(&mut body, &about, num_ctx, asked.stream)
    }

    async fn answer(
        &self,
        mapped: request::Mapped,
        path: &str,
        prefix: &str,
        chat: bool,
    ) -> Result<Response, Error> {
        let body = serde_json::Value::Object(mapped.body).to_string();
        let answer = self.call(Method::POST, path, Some(body.into())).await?;
        if answer.status() != StatusCode::OK {
            return refused(answer, mapped.dropped).await;
        }
        let maker = Answer::new(self.0.random.clone(), prefix, chat, mapped.include_usage);
        let (content_type, body) = if mapped.stream {
            let body = stream::Translated::new(answer.into_body(), maker);
            ("text/event-stream", Body::made(body))
        } else {
            let bytes = upstream::read_all(answer.into_body(), MAX_ANSWER_BYTES).await?;
            ("application/json", whole(maker.whole(&bytes)?))
        };
        Ok(Response {
            status: StatusCode::OK,
            content_type: Some(HeaderValue::from_static(content_type)),
            retry_after: None,
            dropped_params: mapped.dropped,
            body,
        })
    }

    async fn embed(&self, asked: &[u8]) -> Result<Response, Error> {
        let (mapped, encoding) = embed::request(asked)?;
        let body = serde_json::Value::Object(mapped.body).to_string();
        let body = Some(body.into());
        let answer = self.call(Method::POST, "api/embed", body).await?;
        if answer.status() != StatusCode::OK {
            return refused(answer, mapped.dropped).await;
        }
        let bytes = upstream::read_all(answer.into_body(), MAX_ANSWER_BYTES).await?;
        Ok(Response {
            status: StatusCode::OK,
            content_type: Some(HeaderValue::from_static("application/json")),
            retry_after: None,
            dropped_params: mapped.dropped,
            body: whole(embed::response(&bytes, encoding)?),
        })
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<http::Response<upstream::ResponseBody>, Error> {
        let unusable = |_| Error::Unreadable(format!("its path `{path}`"));
        let uri = self.0.origin.join(path).parse().map_err(unusable)?;
        let body = body.map_or_else(upstream::Body::empty, upstream::Body::full);
        let mut call = http::Request::new(body);
        *call.method_mut() = method;
        *call.uri_mut() = uri;
        let json = HeaderValue::from_static("application/json");
        call.headers_mut().insert(CONTENT_TYPE, json);
        if let Some(authorization) = &self.0.authorization {
            call.headers_mut()
                .insert(AUTHORIZATION, authorization.clone());
        }
        Ok(self.0.client.send(&self.0.origin, call).await?)
    }
}

fn num_ctx(settings: &Settings, about: &catalogue::About) -> u32 {
    let trained = about.context_window.unwrap_or(DEFAULT_NUM_CTX);
    settings
        .num_ctx
        .or(settings.context_window)
        .or(about.modelfile_num_ctx)
        .unwrap_or(trained.min(DEFAULT_NUM_CTX))
}

fn bearer(key: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim())).map_err(|_| {
        Error::Unsupported("the API key holds characters that no HTTP header can carry".into())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    let never = |never: std::convert::Infallible| match never {};
    let body = http_body_util::BodyExt::map_err(Full::new(bytes.into()), never);
    Body::made(body)
}

/// Ollama's refusal, in OpenAI's shape, with Ollama's status and words.
async fn refused(
    answer: http::Response<upstream::ResponseBody>,
    dropped: Vec<String>,
) -> Result<Response, Error> {
    let status = answer.status();
    let bytes = upstream::read_all(answer.into_body(), MAX_ERROR_BYTES).await?;
    let message = refusal_message(&bytes);
    let code = match status {
        StatusCode::NOT_FOUND => code::MODEL_NOT_FOUND,
        _ => code::PROVIDER_ERROR,
    };
    let body = ErrorBody::new(status.as_u16(), code, format!("Ollama: {message}"));
    Ok(Response {
        status,
        content_type: Some(HeaderValue::from_static("application/json")),
        retry_after: None,
        dropped_params: dropped,
        body: whole(body.to_json()),
    })
}

/// The text of `{"error": "..."}`.
fn refusal_message(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let said = serde_json::from_slice::<Refusal>(bytes).map(|refusal| refusal.error);
    let said = said.unwrap_or_else(|_| "it gave no explanation".into());
    said.chars().take(500).collect()
}

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod server_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_length_is_the_most_specific_one_that_somebody_named() {
        let about = catalogue::About {
            context_window: Some(131_072),
            ..catalogue::About::default()
        };
        let mut settings = Settings::default();
        assert_eq!(num_ctx(&settings, &catalogue::About::default()), 8192);
        assert_eq!(num_ctx(&settings, &about), 8192);
        let small = catalogue::About {
            context_window: Some(2048),
            ..catalogue::About::default()
        };
        assert_eq!(num_ctx(&settings, &small), 2048);
        let modelfile = catalogue::About {
            modelfile_num_ctx: Some(65_536),
            ..about
        };
        assert_eq!(num_ctx(&settings, &modelfile), 65_536);
        settings.context_window = Some(32_768);
        assert_eq!(num_ctx(&settings, &modelfile), 32_768);
        settings.num_ctx = Some(4096);
        assert_eq!(num_ctx(&settings, &modelfile), 4096);
    }
}
