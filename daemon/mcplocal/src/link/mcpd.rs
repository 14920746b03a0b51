//! The calls to the server, and what their failures mean.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::channel::{Heartbeat, HeartbeatReply, Register, Registered};
use shared::error_body::{ErrorBody, code};
use shared::headers;
use upstream::{Client, Origin, ResponseBody};

use super::machine::Failure;

/// The longest that a call with a short answer may take.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes: the rows of a large offer fit.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Where the control channel lives below the server's URL.
const BASE: &str = "/api/v1/llms/";

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("mcplocal/", env!("CARGO_PKG_VERSION")));

/// A server and the right to publish to it. Cheap to clone.
#[derive(Clone)]
pub struct Mcpd {
    client: Client,
    target: Arc<Target>,
}

/// Where the server is, and what it is told who we are.
struct Target {
    origin: Origin,
    base: String,
    bearer: HeaderValue,
}

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server was not reached, or broke off.
    #[error("the server is away: {0}")]
    Away(#[from] upstream::Error),
    /// It did not answer in time.
    #[error("the server did not answer within 10 s")]
    Late,
    /// It answered something else than agreed.
    #[error("the server's answer can't be read: is {0} an mcpd?")]
    Unreadable(String),
    /// It said no.
    #[error("the server answered {status}{}{message}{}{hint}", if message.is_empty() {""} else {": "}, if hint.is_empty() {""} else {" (try: "})]
    Refused {
        /// Its HTTP status.
        status: StatusCode,
        /// Its stable code; empty where it is not mcpd that answered.
        code: String,
        /// Its words.
        message: String,
        /// Its advice, with the closing bracket.
        hint: String,
    },
}

impl CallError {
    /// Whether to wait for the server, or for its owner.
    pub fn into_failure(self) -> Failure {
        let away = match &self {
            Self::Away(_) | Self::Late => true,
            Self::Unreadable(_) => false,
            Self::Refused { status, code, .. } => {
                // A proxy in front answers for a server that restarts, and says no code of ours.
                let gateway = matches!(status.as_u16(), 502..=504) && code.is_empty();
                gateway || code == code::SHUTTING_DOWN
            }
        };
        if away {
            Failure::Away(self.to_string())
        } else {
            Failure::Refused(self.to_string())
        }
    }

    /// The status, where the server said no.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Away(_) | Self::Late | Self::Unreadable(_) => None,
        }
    }
}

impl Mcpd {
    /// The server at `url`, for the bearer of `token`.
    ///
    /// Errors: a sentence, where URL or token can't be used.
    pub fn new(client: Client, url: &str, token: &SecretString) -> Result<Self, String> {
        let origin = Origin::parse(url).map_err(|why| format!("the server's URL: {why}"))?;
        let bearer = format!("Bearer {}", token.expose_secret().trim());
        let mut bearer = HeaderValue::from_str(&bearer)
            .map_err(|_| "the credential holds characters that no HTTP header can carry")?;
        bearer.set_sensitive(true);
        let base = origin.join(BASE);
        let target = Arc::new(Target {
            origin,
            base,
            bearer,
        });
        Ok(Self { client, target })
    }

    /// Whether this is the server at `url`.
    pub(super) fn is_at(&self, url: &str) -> bool {
        Origin::parse(url).is_ok_and(|origin| origin == self.target.origin)
    }

    /// The same server over other connections.
    pub fn over(&self, client: Client) -> Self {
        let target = self.target.clone();
        Self { client, target }
    }

    /// Says what is offered.
    pub async fn register(&self, offer: &Register) -> Result<Registered, CallError> {
        self.ask("_provider-register", None, offer).await
    }

    /// Gives a sign of life.
    pub async fn heartbeat(
        &self,
        session: &HeaderValue,
        beat: &Heartbeat,
    ) -> Result<HeartbeatReply, CallError> {
        self.ask("_provider-heartbeat", Some(session), beat).await
    }

    /// Opens the channel; yields its bytes.
    pub async fn open(&self, session: &HeaderValue) -> Result<ResponseBody, CallError> {
        let empty = upstream::Body::empty();
        let mut call = self.call(Method::GET, "_provider-stream", empty)?;
        let headers = call.headers_mut();
        headers.insert(ACCEPT, EVENTS);
        headers.insert(headers::PROVIDER_SESSION, session.clone());
        let answer = tokio::time::timeout(CALL_TIMEOUT, self.send(call));
        let answer = answer.await.map_err(|_| CallError::Late)??;
        let content_type = answer.headers().get(CONTENT_TYPE);
        let events = content_type.is_some_and(|ct| ct.as_bytes().starts_with(EVENTS.as_bytes()));
        match answer.status() {
            StatusCode::OK if events => Ok(answer.into_body()),
            StatusCode::OK => Err(self.unreadable()),
            _ => Err(refused(answer).await),
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        session: Option<&HeaderValue>,
        body: &impl Serialize,
    ) -> Result<T, CallError> {
        let body = serde_json::to_vec(body).map_err(|_| self.unreadable())?;
        let mut call = self.call(Method::POST, path, upstream::Body::full(body))?;
        call.headers_mut().insert(CONTENT_TYPE, JSON);
        if let Some(session) = session {
            let name = headers::PROVIDER_SESSION;
            call.headers_mut().insert(name, session.clone());
        }
        let exchange = async {
            let answer = self.send(call).await?;
            if !answer.status().is_success() {
                return Err(refused(answer).await);
            }
            let bytes = upstream::read_all(answer.into_body(), MAX_ANSWER_BYTES).await?;
            serde_json::from_slice(&bytes).map_err(|_| self.unreadable())
        };
        let late = |_| CallError::Late;
        tokio::time::timeout(CALL_TIMEOUT, exchange)
            .await
            .map_err(late)?
    }

    /// A request to `path` below the control channel's base, with the credential.
    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        body: upstream::Body,
    ) -> Result<http::Request<upstream::Body>, CallError> {
        let uri = [&self.target.base, path].concat();
        let mut call = http::Request::new(body);
        *call.method_mut() = method;
        *call.uri_mut() = uri.parse().map_err(|_| self.unreadable())?;
        let headers = call.headers_mut();
        headers.insert(AUTHORIZATION, self.target.bearer.clone());
        headers.insert(USER_AGENT, AGENT);
        Ok(call)
    }

    pub(crate) async fn send(
        &self,
        call: http::Request<upstream::Body>,
    ) -> Result<http::Response<ResponseBody>, upstream::Error> {
        self.client.send(&self.target.origin, call).await
    }

    fn unreadable(&self) -> CallError {
        CallError::Unreadable(self.target.origin.label().into())
    }
}

async fn refused(answer: http::Response<ResponseBody>) -> CallError {
    let status = answer.status();
    let bytes = upstream::read_all(answer.into_body(), MAX_ANSWER_BYTES).await;
    let said = bytes
        .ok()
        .and_then(|b| serde_json::from_slice::<ErrorBody>(&b).ok());
    let said = said.map(|body| body.error).unwrap_or_default();
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect();
    CallError::Refused {
        status,
        code: said.code.unwrap_or_default(),
        message: clean(&said.message),
        hint: said.hint.map(|hint| clean(&hint) + ")").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: &str) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        let (code, message, hint) = (code.into(), "no".into(), "log in)".into());
        CallError::Refused {
            status,
            code,
            message,
            hint,
        }
        .into_failure()
    }

    #[test]
    fn a_server_that_restarts_is_away_and_one_that_says_no_refuses() {
        let away = |failure| matches!(failure, Failure::Away(_));
        assert!(away(refusal(503, code::SHUTTING_DOWN)));
        assert!(away(refusal(502, "")));
        assert!(!away(refusal(503, code::UNAVAILABLE)));
        assert!(!away(refusal(500, "")));
        let no = refusal(401, code::INVALID_API_KEY);
        let expected = "the server answered 401 Unauthorized: no (try: log in)";
        assert_eq!(no, Failure::Refused(expected.into()));
    }
}
