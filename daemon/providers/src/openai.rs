//! Any OpenAI-compatible server: the caller's bytes go there, the server's bytes come back.
//!
//! Nothing is parsed on the way but what was parsed before (the `model`). Of the answer's headers
//! only the content type and `Retry-After` pass.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{Method, StatusCode};
use serde::Deserialize;
use shared::infer_path::InferPath;
use upstream::{Client, Origin};

use crate::body::Body;
use crate::error::Error;
use crate::{MAX_LISTING_BYTES, Model, Request, Response};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("mcpctl/", env!("CARGO_PKG_VERSION")));

/// A server at a base URL, with the key it wants.
#[derive(Clone)]
pub struct OpenAi {
    client: Client,
    origin: Origin,
    authorization: Option<HeaderValue>,
    paths: Paths,
}

/// The request targets, joined once.
#[derive(Clone)]
struct Paths([http::Uri; InferPath::ALL.len()]);

impl Paths {
    fn below(origin: &Origin) -> Self {
        let uri = |path: InferPath| {
            let joined = origin.join(path.as_str());
            joined
                .parse()
                .unwrap_or_else(|_| http::Uri::from_static("/"))
        };
        Self(InferPath::ALL.map(uri))
    }

    fn of(&self, path: InferPath) -> http::Uri {
        self.0[path as usize].clone()
    }
}

impl OpenAi {
    /// The server at `origin`; `key` goes into `Authorization: Bearer`.
    ///
    /// Errors: [`Error::Unsupported`] where the key holds bytes that no header can carry.
    pub fn new(client: Client, origin: Origin, key: Option<&str>) -> Result<Self, Error> {
        let authorization = key.map(bearer).transpose()?;
        let paths = Paths::below(&origin);
        Ok(Self {
            client,
            origin,
            authorization,
            paths,
        })
    }

    /// Sends the request on.
    pub async fn infer(&self, request: Request) -> Result<Response, Error> {
        let uri = self.paths.of(request.path);
        let mut call = self.call(Method::POST, uri, upstream::Body::full(request.body));
        call.headers_mut().insert(CONTENT_TYPE, JSON);
        let answer = self.client.send(&self.origin, call).await?;
        let (mut head, body) = answer.into_parts();
        Ok(Response {
            status: head.status,
            content_type: head.headers.remove(CONTENT_TYPE),
            retry_after: head.headers.remove(RETRY_AFTER),
            dropped_params: Vec::new(),
            body: Body::Upstream(body),
        })
    }

    /// What the server serves: `GET models`.
    pub async fn models(&self) -> Result<Vec<Model>, Error> {
        let target = self.origin.join("models");
        let uri = target.parse().map_err(|_| unreadable("its path"))?;
        let mut call = self.call(Method::GET, uri, upstream::Body::empty());
        call.headers_mut().insert(ACCEPT, JSON);
        let answer = self.client.send(&self.origin, call).await?;
        let status = answer.status();
        let bytes = upstream::read_all(answer.into_body(), MAX_LISTING_BYTES).await?;
        if status != StatusCode::OK {
            return Err(refused(status, &bytes));
        }
        let listing: Listing =
            serde_json::from_slice(&bytes).map_err(|_| unreadable("its list of models"))?;
        Ok(listing.data.into_iter().map(Model::from).collect())
    }

    fn call(
        &self,
        method: Method,
        uri: http::Uri,
        body: upstream::Body,
    ) -> http::Request<upstream::Body> {
        let mut call = http::Request::new(body);
        *call.method_mut() = method;
        *call.uri_mut() = uri;
        let headers = call.headers_mut();
        headers.insert(USER_AGENT, AGENT);
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        call
    }
}

fn bearer(key: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim())).map_err(|_| {
        Error::Unsupported("the API key holds characters that no HTTP header can carry".into())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn unreadable(what: &str) -> Error {
    Error::Unreadable(format!(
        "{what} is not what an OpenAI-compatible server sends"
    ))
}

fn refused(status: StatusCode, body: &Bytes) -> Error {
    #[derive(Deserialize)]
    struct Refusal {
        error: Message,
    }
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let message = serde_json::from_slice::<Refusal>(body)
        .map(|refusal| refusal.error.message)
        .unwrap_or_else(|_| "without an explanation".into());
    Error::Refused {
        status: status.as_u16(),
        message: message.chars().take(300).collect(),
    }
}

#[derive(Deserialize)]
struct Listing {
    data: Vec<Listed>,
}

/// One model, with the extra fields by which vLLM, llama.cpp and OpenRouter tell the context.
#[derive(Deserialize)]
struct Listed {
    id: String,
    max_model_len: Option<u32>,
    context_length: Option<u32>,
    meta: Option<LlamaCppMeta>,
}

#[derive(Deserialize)]
struct LlamaCppMeta {
    n_ctx_train: Option<u32>,
}

impl From<Listed> for Model {
    fn from(listed: Listed) -> Self {
        let trained = listed.meta.and_then(|meta| meta.n_ctx_train);
        Self {
            id: listed.id,
            context_window: listed.max_model_len.or(listed.context_length).or(trained),
            remote: false,
            capabilities: Vec::new(),
        }
    }
}
