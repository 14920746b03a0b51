//! What most tests need: a mock provider behind a public row and behind a virtual one.

use super::caller::{Ask, Whole};
use super::canary;
use super::mcpd::Mcpd;
use super::mcplocal::{Mcplocal, provider};
use super::wait::{LOOKING, until};
use crate::clock::monotonic_ns;
use crate::mock::{Behaviour, Mock, Settings};
use serde_json::{Value, json};
use std::time::Duration;

/// The row that mcpd calls itself.
pub const PUBLIC: &str = "cloud";
/// The row that mcplocal publishes.
pub const VIRTUAL: &str = "laptop";
/// Both.
pub const ROWS: [&str; 2] = [PUBLIC, VIRTUAL];

/// Longest a publisher may take to be active for the first time.
const PUBLISH_LIMIT: Duration = Duration::from_secs(20);

/// A provider, a server, a publisher.
#[derive(Debug)]
pub struct Stage {
    /// Publishes [`VIRTUAL`]. First, so that it ends first.
    pub local: Mcplocal,
    /// Serves [`PUBLIC`] and [`VIRTUAL`].
    pub mcpd: Mcpd,
    /// Behind both.
    pub mock: Mock,
}

impl Stage {
    /// Starts all with default settings.
    pub async fn start() -> Self {
        Self::with(&[], json!({}), Settings::default()).await
    }

    /// Starts all; `settings` are mcpd's, `more` is merged into both rows.
    pub async fn with(settings: &[(&str, &str)], more: Value, mock: Settings) -> Self {
        let mcpd = Mcpd::start(settings).await;
        Self::around(mcpd, more, mock).await
    }

    /// Starts the others around a server that runs.
    ///
    /// # Panics
    /// When the virtual row does not become active.
    pub async fn around(mcpd: Mcpd, more: Value, mock: Settings) -> Self {
        let mock = Mock::start(mock).expect("a mock can listen on a free port");
        mcpd.create_public(PUBLIC, &mock.base_url(), more.clone())
            .await;
        let token = mcpd.token("box", "alice", &["publisher"]).await;
        let providers = json!([provider(VIRTUAL, &mock.base_url(), more)]);
        let mut local = Mcplocal::start(&mcpd.url(), &token, &providers);
        mcpd.reaches(VIRTUAL, "active", PUBLISH_LIMIT).await;
        local.process.note_what_it_holds();
        Self { local, mcpd, mock }
    }

    /// A chat completion that asks `behaviour` of the mock, answered to its end.
    pub async fn chat(&self, row: &str, stream: bool, behaviour: &Behaviour) -> Whole {
        let ask = self.mcpd.infer(row, chat(stream, behaviour));
        ask.whole(self.mcpd.addr).await
    }

    /// The same, whose answer is being read.
    #[must_use]
    pub fn ask(&self, row: &str, stream: bool, behaviour: &Behaviour) -> Ask {
        self.mcpd.infer(row, chat(stream, behaviour))
    }

    /// Waits until the mock has seen `count` of its clients hang up, the last of them within `limit` of this call: by
    /// its own account, however late this one looks.
    ///
    /// # Panics
    /// When it has not.
    pub async fn aborted(&self, count: u64, limit: Duration) {
        let began_ns = monotonic_ns();
        let patience = limit + LOOKING;
        let stats = until("the provider to see its client go", patience, async || {
            let stats = self.mock.stats();
            match stats.aborted >= count {
                true => Ok(stats),
                false => Err(format!("{stats:?}")),
            }
        })
        .await;
        let later = usize::try_from(stats.aborted - count).unwrap_or(usize::MAX);
        // The newest are remembered: where one is not, all of them came before.
        if let Some(last) = stats.aborts.iter().rev().nth(later) {
            let took = Duration::from_nanos(last.at_ns.saturating_sub(began_ns));
            assert!(
                took < limit,
                "the provider saw its client go after {took:?}"
            );
        }
    }

    /// Waits until the mock is answering `count` completions at once.
    ///
    /// # Panics
    /// When it is not within some seconds.
    pub async fn serving(&self, count: u64) {
        let limit = Duration::from_secs(10);
        until("the provider to be asked", limit, async || {
            let stats = self.mock.stats();
            if stats.in_flight == count {
                return Ok(());
            }
            Err(format!("{stats:?}"))
        })
        .await;
    }
}

/// The body of a chat completion that asks `behaviour` of the mock. A stream is asked for with its usage, so that
/// nothing is taken out of it on its way.
#[must_use]
pub fn chat(stream: bool, behaviour: &Behaviour) -> Value {
    let mut body = json!({
        "model": "whatever", "stream": stream,
        "messages": [{"role": "user", "content": canary::PROMPT}],
        "mock": behaviour,
    });
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}
