//! What several checks need to know, asked once and only where it is needed.

use std::time::{Duration, UNIX_EPOCH};

use home::config::Config;
use home::credentials::{Credentials, Source};
use home::{Home, ServerUrl};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use shared::local_control::Status;
use shared::timestamp::Timestamp;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::finding::Finding;
use crate::client::{Client, transport, unreachable};
use crate::clock::now;
use crate::commands::mcplocal;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::resource::Resource;
use crate::session::Session;

/// How long the server may take.
const SERVER_LIMIT: Duration = Duration::from_secs(5);
/// How long the daemon may take.
const DAEMON_LIMIT: Duration = Duration::from_secs(3);
/// The longest answer to `whoami` that is read.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// What is looked at.
pub(super) struct Look {
    pub(super) home: Home,
    pub(super) config: Result<Config>,
    output: Output,
    server: Result<ServerUrl>,
    timeout: Option<Duration>,
    token: OnceCell<Result<Option<(SecretString, Source)>>>,
    hello: OnceCell<Result<Hello>>,
    daemon: OnceCell<Result<Status>>,
}

/// What the server says to whoever asks who they are.
#[derive(Debug)]
pub(super) struct Hello {
    pub(super) status: u16,
    /// `Null` where it is no JSON.
    pub(super) body: Value,
    /// The server's clock, to the second.
    pub(super) date: Option<Timestamp>,
    /// Our clock when the answer was there.
    pub(super) at: Timestamp,
    pub(super) took: Duration,
}

impl Look {
    pub(super) fn new(session: &Session<'_>) -> Self {
        Self {
            home: session.home.clone(),
            config: Config::load(&session.home).map_err(Failure::from),
            output: session.output.clone(),
            server: session.server(),
            timeout: session.global.timeout(),
            token: OnceCell::new(),
            hello: OnceCell::new(),
            daemon: OnceCell::new(),
        }
    }

    /// The server that commands would talk to.
    ///
    /// Errors: what to say where there is none.
    pub(super) fn server(&self) -> Result<&ServerUrl, Finding> {
        self.server.as_ref().map_err(Finding::failed)
    }

    /// The token for the server.
    ///
    /// Errors: one that is stored and can't be had.
    pub(super) async fn token(&self) -> &Result<Option<(SecretString, Source)>> {
        let find = || async {
            let Ok(server) = &self.server else {
                return Ok(None);
            };
            let (home, server) = (self.home.clone(), server.clone());
            let find = move || Credentials::of(&home).lookup(&server);
            let found = tokio::task::spawn_blocking(find).await;
            match found {
                Ok(found) => Ok(found?),
                Err(_) => Ok(None),
            }
        };
        self.token.get_or_init(find).await
    }

    /// What the server says of the token's bearer.
    pub(super) async fn hello(&self) -> Result<&Result<Hello>, Finding> {
        let server = self.server()?;
        Ok(self.hello.get_or_init(|| self.ask(server)).await)
    }

    /// What the server says, where it is an mcpd that knows the token.
    pub(super) async fn welcome(&self) -> Option<&Hello> {
        let hello = self.hello().await.ok()?.as_ref().ok()?;
        (hello.status == 200 && hello.is_mcpd()).then_some(hello)
    }

    async fn ask(&self, server: &ServerUrl) -> Result<Hello> {
        let token = self.token().await.as_ref().ok().and_then(Option::as_ref);
        let url = format!("{server}/api/v1/whoami");
        let limit = self.timeout.unwrap_or(SERVER_LIMIT).min(SERVER_LIMIT);
        let mut request = transport::build(server)?.get(url).timeout(limit);
        if let Some((token, _)) = token {
            request = request.bearer_auth(token.expose_secret());
        }
        let broken = |why: reqwest::Error| unreachable::explain(server, &why);
        let began = Instant::now();
        let mut response = request.send().await.map_err(broken)?;
        let (at, took) = (now(), began.elapsed());
        let date = response.headers().get(http::header::DATE);
        let date = date.and_then(|date| read_date(date.to_str().ok()?));
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ANSWER_BYTES {
                break;
            }
        }
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Hello {
            status,
            body,
            date,
            at,
            took,
        })
    }

    /// The state of this machine's mcplocal.
    pub(super) async fn daemon(&self) -> &Result<Status> {
        let ask = || async {
            let home = self.home.clone();
            let asked = tokio::task::spawn_blocking(move || mcplocal::status(&home, DAEMON_LIMIT));
            asked
                .await
                .unwrap_or_else(|_| Err(Failure::failed("mcplocal could not be asked")))
        };
        self.daemon.get_or_init(ask).await
    }

    /// The server's list of LLMs.
    pub(super) async fn rows(&self) -> Result<Value> {
        let token = self.token().await.as_ref().ok().and_then(Option::as_ref);
        let server = self
            .server()
            .map_err(|finding| Failure::failed(finding.detail))?;
        let token = token.map(|(token, _)| token.clone());
        let client = Client::new(server.clone(), token, Some(SERVER_LIMIT), &self.output)?;
        client.list(Resource::Llm).await
    }

    /// The names of the providers that are to be published.
    pub(super) fn published(&self) -> Vec<String> {
        let providers = self
            .config
            .as_ref()
            .map(Config::providers)
            .unwrap_or_default();
        let published = providers.into_iter().filter(|provider| provider.publish);
        published.map(|provider| provider.name).collect()
    }
}

/// A date of HTTP.
fn read_date(text: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(text).ok()?;
    let millis = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(Timestamp::from_millis(i64::try_from(millis).ok()?))
}

impl Hello {
    /// Whether an mcpd said it: it tells its version, or refuses in its own shape.
    pub(super) fn is_mcpd(&self) -> bool {
        let has = |path: &str| self.body.pointer(path).is_some_and(Value::is_string);
        match self.status {
            200 => has("/serverVersion"),
            _ => has("/error/message") && has("/error/requestId"),
        }
    }
}
