//! A caller: plain HTTP with nothing done behind the test's back.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use upstream::{Body, Client, Config, Origin, ResponseBody};

/// What no step of a test may take longer than.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody with a token, or without.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    origin: Origin,
    token: Option<String>,
    patience: Duration,
}

impl Caller {
    pub(crate) fn new(origin: Origin, token: Option<&str>) -> Self {
        Self {
            client: Client::new(Config::default()),
            origin,
            token: token.map(Into::into),
            patience: PATIENCE,
        }
    }

    /// One whose calls may take as long as this: they wait for many others.
    pub(crate) fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self::new(self.origin.clone(), Some(token))
    }

    pub(crate) fn without_token(&self) -> Self {
        Self::new(self.origin.clone(), None)
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, "").await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        self.open(method, path, &[], body).await.whole().await
    }

    /// The head of the answer, with its body still to come.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
    ) -> Coming {
        let what = format!("{method} {path}");
        let body = body.into();
        let mut request = Request::new(match body.is_empty() {
            true => Body::empty(),
            false => Body::full(body),
        });
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        let sent = self.client.send(&self.origin, request);
        let answer = tokio::time::timeout(self.patience, sent).await;
        let answer = answer.unwrap_or_else(|_| panic!("{what} is not answered"));
        let (head, body) = answer
            .unwrap_or_else(|why| panic!("{what}: {why}"))
            .into_parts();
        Coming {
            what,
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            text: Vec::new(),
            patience: self.patience,
        }
    }
}

/// An answer whose body is still to come.
pub(crate) struct Coming {
    what: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: ResponseBody,
    /// What has come so far.
    text: Vec<u8>,
    patience: Duration,
}

impl Coming {
    /// The next bytes; `None` at the end.
    async fn piece(&mut self) -> Option<Result<Bytes, upstream::Error>> {
        let next = tokio::time::timeout(self.patience, self.body.frame()).await;
        let next = next.unwrap_or_else(|_| {
            let (what, text) = (&self.what, String::from_utf8_lossy(&self.text));
            panic!("{what} stays silent after {text:?}")
        });
        next.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default()))
    }

    /// Reads on until `wanted` has come.
    pub(crate) async fn until(&mut self, wanted: &str) {
        self.until_times(wanted, 1).await;
    }

    /// Reads on until `wanted` has come so many times.
    pub(crate) async fn until_times(&mut self, wanted: &str, times: usize) {
        while String::from_utf8_lossy(&self.text).matches(wanted).count() < times {
            let text = String::from_utf8_lossy(&self.text).into_owned();
            let piece = self.piece().await;
            let piece = piece.unwrap_or_else(|| panic!("the end instead of {wanted:?}: {text}"));
            self.text.extend_from_slice(&piece.unwrap());
        }
    }

    /// Everything, and whether it ended well.
    pub(crate) async fn rest(mut self) -> (Vec<u8>, Result<(), upstream::Error>) {
        loop {
            match self.piece().await {
                None => return (self.text, Ok(())),
                Some(Ok(piece)) => self.text.extend_from_slice(&piece),
                Some(Err(error)) => return (self.text, Err(error)),
            }
        }
    }

    pub(crate) async fn whole(self) -> Answer {
        let (what, status, headers) = (self.what.clone(), self.status, self.headers.clone());
        let (body, end) = self.rest().await;
        end.unwrap_or_else(|why| panic!("{what}: {why}"));
        assert!(headers.contains_key("x-request-id"), "{what}: {headers:?}");
        Answer {
            what,
            status,
            headers,
            body: body.into(),
        }
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    what: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        let value = serde_json::from_slice(&self.body);
        value.unwrap_or_else(|why| panic!("{}: {why} in {}", self.what, self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        self
    }

    /// An error of ours: this status, this code, the one shape. Answers its `error`.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{}: {error}", self.what);
        let body = self.json();
        // Anthropic's shape has the id beside the error, and words of its own for some statuses.
        let id = match body["type"] == "error" {
            true => &body["request_id"],
            false => &error["requestId"],
        };
        let what = &self.what;
        assert_eq!(id.as_str(), self.header("x-request-id"), "{what}: {error}");
        if body["type"] != "error" {
            assert_eq!(error["type"], shared::error_body::family_of(status));
        }
        assert_eq!(self.header("content-type"), Some("application/json"));
        error
    }

    /// The same for a code whose type is its own.
    #[track_caller]
    pub(crate) fn refused_as(&self, status: u16, code: &str) {
        let error = &self.json()["error"];
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        assert_eq!(
            (&error["code"], &error["type"]),
            (&code.into(), &code.into())
        );
    }

    /// The same with what its message must contain.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, code: &str, words: &str) {
        let error = self.refused(status, code);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{}: {message}", self.what);
    }
}
