//! The client of mcpd's HTTP API: one method per kind of call, answers as JSON values.
//!
//! Values and not structs, so that fields of a newer server reach the user unchanged. What can go
//! wrong on the way is told apart in [`mod@unreachable`], what the server says in [`answer`].

use std::borrow::Cow;
use std::time::Duration;

use home::ServerUrl;
use home::credentials::Source;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Response;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use shared::name::Name;

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::resource::Resource;

mod answer;
mod gateway;
mod jobs;
mod models;
pub(crate) mod proxy;
mod transcript;
pub(crate) mod transport;
pub(crate) mod unreachable;
mod worker;

pub(crate) use answer::from_detail as failure_from_detail;
pub(crate) use jobs::MAX_LOOKUP;
pub(crate) use models::Target;
pub(crate) use worker::{ClaimedJob, Refused};

/// How long a call on a resource may take.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is held in memory: a long list of LLMs has a few hundred KiB.
const MAX_ANSWER_BYTES: usize = 64 << 20;

const EVENT_STREAM: &str = "text/event-stream";

/// A request that is about to be sent.
struct Outgoing<'a> {
    method: Method,
    path: &'a str,
    body: Body<'a>,
    accept: &'static str,
    /// One header beside those of every request.
    header: Option<(&'static str, &'a str)>,
    timeout: Option<Duration>,
}

impl<'a> Outgoing<'a> {
    fn new(method: Method, path: &'a str) -> Self {
        Self {
            method,
            path,
            body: Body::Empty,
            accept: "application/json",
            header: None,
            timeout: None,
        }
    }
}

enum Body<'a> {
    Empty,
    Json(&'a Value),
    /// JSON that its author wrote and that must arrive byte for byte.
    Written(&'a str),
}

impl<'a> Body<'a> {
    /// The body as a value, to be shown.
    fn value(&self) -> Option<Cow<'a, Value>> {
        match self {
            Self::Empty => None,
            Self::Json(value) => Some(Cow::Borrowed(value)),
            Self::Written(text) => serde_json::from_str(text).ok().map(Cow::Owned),
        }
    }
}

/// A connection to one server, with one token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    server: ServerUrl,
    token: Option<SecretString>,
    /// Where the token was found, where it was looked for.
    token_from: Option<Source>,
    /// What the user asked for; some calls have no limit of their own.
    timeout: Option<Duration>,
    output: Output,
}

impl Client {
    pub(crate) fn new(
        server: ServerUrl,
        token: Option<SecretString>,
        timeout: Option<Duration>,
        output: &Output,
    ) -> Result<Self> {
        Ok(Self {
            http: transport::build(&server)?,
            server,
            token,
            token_from: None,
            timeout,
            output: output.clone(),
        })
    }

    /// The same, whose failures tell where its token is from.
    pub(crate) fn with_token_from(self, source: Source) -> Self {
        let token_from = Some(source);
        Self { token_from, ..self }
    }

    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    pub(crate) fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// Whom the server takes the token's bearer for.
    pub(crate) async fn whoami(&self) -> Result<Value> {
        self.call(Method::GET, "/api/v1/whoami", None).await
    }

    /// All resources of a type, as the server's list object.
    pub(crate) async fn list(&self, resource: Resource) -> Result<Value> {
        let path = format!("/api/v1/{}", resource.plural());
        let list = self.call(Method::GET, &path, None).await?;
        // An empty table would say that there is nothing.
        match list.get("items").is_some_and(Value::is_array) {
            true => Ok(list),
            false => Err(answer::other_version(Failure::failed(format!(
                "the server's list of {} can't be read: it has no `items`",
                resource.plural()
            )))),
        }
    }

    /// One resource.
    pub(crate) async fn get(&self, resource: Resource, name: &Name) -> Result<Value> {
        let answer = self.call(Method::GET, &path_of(resource, name), None).await;
        match answer {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.with_near_miss(failure, resource, name).await),
        }
    }

    /// Stores a new resource.
    pub(crate) async fn create(&self, resource: Resource, body: &Value) -> Result<Value> {
        let path = format!("/api/v1/{}", resource.plural());
        self.call(Method::POST, &path, Some(body)).await
    }

    /// Stores a resource in place of the one of its name, or as a new one.
    pub(crate) async fn put(&self, resource: Resource, name: &Name, body: &Value) -> Result<Value> {
        let path = path_of(resource, name);
        self.call(Method::PUT, &path, Some(body)).await
    }

    /// Deletes a resource.
    pub(crate) async fn delete(&self, resource: Resource, name: &Name) -> Result<Value> {
        let answer = self
            .call(Method::DELETE, &path_of(resource, name), None)
            .await;
        match answer {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.with_near_miss(failure, resource, name).await),
        }
    }

    /// The stream of changes of the LLMs. Ends with the connection; has no time limit.
    pub(crate) async fn watch_llms(&self) -> Result<Response> {
        let request = Outgoing {
            accept: EVENT_STREAM,
            ..Outgoing::new(Method::GET, "/api/v1/llms?watch=true")
        };
        self.send(request).await
    }

    /// Asks an LLM, an alias or a model id. The answer's body is still to be read; without `--timeout` it has no limit,
    /// since a model may take its time.
    pub(crate) async fn infer(&self, name: &Name, body: &Value) -> Result<Response> {
        let path = format!("{}/infer", path_of(Resource::Llm, name));
        let request = Outgoing {
            body: Body::Json(body),
            accept: "text/event-stream, application/json",
            timeout: self.timeout,
            ..Outgoing::new(Method::POST, &path)
        };
        match self.send(request).await {
            Ok(response) => Ok(response),
            Err(failure) => Err(self.with_near_model(failure, name.as_str()).await),
        }
    }

    /// Reads an answer that must be JSON to its end.
    pub(crate) async fn read_json(&self, response: Response) -> Result<Value> {
        let status = response.status();
        let (headers, body) = self.read(response).await?;
        answer::json(&self.server, status, &headers, &body)
    }

    /// Says what broke a body that was being read.
    pub(crate) fn broken(&self, why: &reqwest::Error) -> Failure {
        unreachable::explain(&self.server, why)
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map_or(Body::Empty, Body::Json);
        let request = Outgoing {
            body,
            ..Outgoing::new(method, path)
        };
        self.call_with(request).await
    }

    /// Sends a request that is answered at once, and by JSON.
    async fn call_with(&self, request: Outgoing<'_>) -> Result<Value> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let answered = async {
            let request = Outgoing {
                timeout: Some(timeout),
                ..request
            };
            self.read_json(self.send(request).await?).await
        };
        let waited_for = || format!("waiting for {}", self.server);
        let value = self.output.wait(waited_for, answered).await?;
        self.output.trace(|| transcript::body(&value));
        Ok(value)
    }

    /// Sends a request; an answer that is no success becomes a failure.
    async fn send(&self, out: Outgoing<'_>) -> Result<Response> {
        let url = format!("{}{}", self.server, out.path);
        self.output.trace(|| {
            let token = self.token.as_ref().map(ExposeSecret::expose_secret);
            transcript::request(&out.method, &url, token, out.body.value().as_deref())
        });
        let mut request = self
            .http
            .request(out.method, &url)
            .header(header::ACCEPT, out.accept);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(timeout) = out.timeout {
            request = request.timeout(timeout);
        }
        if let Some((name, value)) = out.header {
            request = request.header(name, value);
        }
        request = match out.body {
            Body::Empty => request,
            Body::Json(body) => request.json(body),
            Body::Written(text) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(text.to_owned()),
        };
        let response = request.send().await.map_err(|why| self.broken(&why))?;
        self.output
            .trace(|| transcript::response(response.status(), response.headers()));
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let (headers, body) = self.read(response).await?;
        let failure = answer::failure(&self.server, status, &headers, &body);
        let Some(source) = &self.token_from else {
            return Err(failure);
        };
        if status != StatusCode::UNAUTHORIZED {
            return Err(failure);
        }
        let failure = failure.cause(format!("the token comes from {source}"));
        Err(match source {
            // It would go before any that is stored.
            Source::Environment => failure.hint("unset MCPCTL_TOKEN, or set it to another"),
            _ => failure,
        })
    }

    async fn read(&self, mut response: Response) -> Result<(HeaderMap, Vec<u8>)> {
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|why| self.broken(&why))? {
            if body.len() + piece.len() > MAX_ANSWER_BYTES {
                return Err(Failure::failed("the server's answer is larger than 64 MiB"));
            }
            body.extend_from_slice(&piece);
        }
        Ok((headers, body))
    }

    /// Adds the nearest name to a not-found failure, where the server did not hint itself.
    async fn with_near_miss(&self, failure: Failure, resource: Resource, name: &Name) -> Failure {
        if failure.exit() != crate::exit_code::Exit::NotFound || failure.has_hint() {
            return failure;
        }
        let list = Box::pin(self.list(resource)).await.unwrap_or(json!({}));
        let names = names_in(&list);
        match crate::near_miss::nearest(name.as_str(), names.iter().copied()) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint(format!(
                "`mcpctl get {}` lists what there is",
                resource.singular()
            )),
        }
    }
}

/// The names in a list answer.
pub(crate) fn names_in(list: &Value) -> Vec<&str> {
    let items = list.get("items").and_then(Value::as_array);
    let names = items.into_iter().flatten().map(name_of);
    names.collect()
}

/// A document's name; empty where it has none.
pub(crate) fn name_of(document: &Value) -> &str {
    let name = document.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default()
}

/// The path of one resource. Of what a name may hold only `/` means something in a path.
fn path_of(resource: Resource, name: &Name) -> String {
    let name = name.as_str().replace('/', "%2F");
    format!("/api/v1/{}/{name}", resource.plural())
}
