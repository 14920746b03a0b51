//! One question to a model server: straight, never by a proxy, as mcplocal asks.

use std::time::Duration;

use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use crate::client::transport;
use crate::failure::{Failure, Result};

/// The longest answer that is read: a list of very many models.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// Asks, and gives up early.
pub(in crate::commands) struct Http {
    client: reqwest::Client,
    limit: Duration,
}

/// What a server said.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::commands) struct Answer {
    pub(in crate::commands) status: u16,
    /// Its `Server` header.
    pub(in crate::commands) server: Option<String>,
    /// `Null` where it is no JSON.
    pub(in crate::commands) body: Value,
    /// From the question to the end of the answer.
    pub(in crate::commands) took: Duration,
}

impl Http {
    /// Units: `limit` is for the whole of a question.
    pub(in crate::commands) fn new(is_https: bool, limit: Duration) -> Result<Self> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("mcpctl/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy();
        let client = transport::with_tls(builder, is_https)?.build();
        let client =
            client.map_err(|why| Failure::failed("no provider can be asked").caused_by(&why))?;
        Ok(Self { client, limit })
    }

    /// Errors: no answer, or one that is too long or broke off.
    pub(in crate::commands) async fn get(
        &self,
        url: &str,
        key: Option<&SecretString>,
    ) -> Result<Answer, reqwest::Error> {
        let began = Instant::now();
        let mut request = self.client.get(url).timeout(self.limit);
        if let Some(key) = key {
            request = request.bearer_auth(key.expose_secret());
        }
        let mut response = request.send().await?;
        let server = response.headers().get(http::header::SERVER);
        let server = server.and_then(|server| server.to_str().ok());
        let (status, server) = (response.status().as_u16(), server.map(Into::into));
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            body.extend_from_slice(&piece);
            // What is longer is no list of models: it is not read as JSON.
            if body.len() > MAX_ANSWER_BYTES {
                body.clear();
                break;
            }
        }
        Ok(Answer {
            status,
            server,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            took: began.elapsed(),
        })
    }
}
