//! A publisher whose only way to its server is a proxy, and a server whose only way to a provider is another.

use super::caller::Whole;
use super::mcpd::Mcpd;
use super::mcplocal::{Mcplocal, provider};
use super::scratch::Scratch;
use super::stage::{PUBLIC, VIRTUAL, chat};
use crate::mock::{Behaviour, Mock, Settings};
use crate::proxy::Proxy;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest a publisher may take to be active for the first time.
const PUBLISH_LIMIT: Duration = Duration::from_secs(20);

/// The programs, and what is between them.
#[derive(Debug)]
pub struct Far {
    /// Publishes [`VIRTUAL`]. First, so that it ends first.
    pub local: Mcplocal,
    /// Between the publisher and the server.
    pub to_server: Proxy,
    /// Serves [`PUBLIC`] and [`VIRTUAL`].
    pub mcpd: Mcpd,
    /// Between the server and the provider of [`PUBLIC`].
    pub to_provider: Proxy,
    /// Behind both.
    pub mock: Mock,
}

impl Far {
    /// Starts all; `settings` are mcpd's.
    ///
    /// # Panics
    /// When the virtual row does not become active.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let mock = Mock::start(Settings::default()).expect("a mock can listen on a free port");
        let mcpd = Mcpd::start(settings).await;
        let between = |addr| Proxy::start(addr).expect("a proxy can listen on a free port");
        let (to_server, to_provider) = (between(mcpd.addr), between(mock.addr()));
        let url = format!("{}/v1", to_provider.url());
        mcpd.create_public(PUBLIC, &url, json!({})).await;
        let local = publish_over(&mcpd, &to_server.url(), &mock, json!({})).await;
        Self {
            local,
            to_server,
            mcpd,
            to_provider,
            mock,
        }
    }

    /// A chat completion that asks `behaviour` of the mock, answered to its end.
    pub async fn chat(&self, row: &str, stream: bool, behaviour: &Behaviour) -> Whole {
        let ask = self.mcpd.infer(row, chat(stream, behaviour));
        ask.whole(self.mcpd.addr).await
    }
}

/// Publishes the mock as [`VIRTUAL`] by way of `url`; `more` is merged into the config file.
///
/// # Panics
/// When the row does not become active.
pub async fn publish_over(mcpd: &Mcpd, url: &str, mock: &Mock, more: Value) -> Mcplocal {
    let token = mcpd.token("far", "alice", &["publisher"]).await;
    let providers = json!([provider(VIRTUAL, &mock.base_url(), json!({}))]);
    let mut config = json!({"server": url, "providers": providers});
    if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
        config.extend(more.clone());
    }
    let mut local = Mcplocal::start_with(Scratch::new("far"), &token, &config);
    mcpd.reaches(VIRTUAL, "active", PUBLISH_LIMIT).await;
    local.process.note_what_it_holds();
    local
}
