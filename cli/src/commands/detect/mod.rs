//! Model servers on this machine: which kind each is, and which models it lists.
//!
//! ```text
//! ports ─► http: one question each, all at once ─► judge: pure, from the answers ─► Found
//! ```
//!
//! Only lists are asked for: nothing here loads or wakes a model.

use std::time::Duration;

use home::ServerUrl;
use tokio::task::JoinSet;

pub(super) mod http;
mod judge;
pub(super) mod ports;
#[cfg(test)]
mod recorded;

use http::{Answer, Http};

/// How long one question to a port may take.
const QUESTION_LIMIT: Duration = Duration::from_millis(900);

/// A model server that answers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// Its address, without `/v1`.
    pub(super) base: ServerUrl,
    /// Its version, where it tells.
    pub(super) version: Option<String>,
    /// What it lists; `None` where it wants a key first.
    pub(super) models: Option<Vec<Model>>,
}

/// A model that a server lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    /// The server's own id of it.
    pub(super) id: String,
    /// It makes embeddings or ranks, and does not chat.
    pub(super) embeds: bool,
}

/// Which program a model server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ollama,
    Vllm,
    LlamaCpp,
    LmStudio,
    TextGenerationWebUi,
    Gpt4All,
    Jan,
    Sglang,
    TabbyApi,
    KoboldCpp,
    /// It speaks OpenAI's API, and does not tell who it is.
    OpenAi,
}

impl Kind {
    /// What its makers call it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Ollama => "Ollama",
            Self::Vllm => "vLLM",
            Self::LlamaCpp => "llama.cpp",
            Self::LmStudio => "LM Studio",
            Self::TextGenerationWebUi => "text-generation-webui",
            Self::Gpt4All => "GPT4All",
            Self::Jan => "Jan",
            Self::Sglang => "SGLang",
            Self::TabbyApi => "TabbyAPI",
            Self::KoboldCpp => "KoboldCpp",
            Self::OpenAi => "OpenAI-compatible",
        }
    }

    /// The `type` of its entry in config.json.
    pub(super) const fn provider_type(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            _ => "openai",
        }
    }
}

impl Found {
    /// The `url` of its entries in config.json.
    pub(super) fn url(&self) -> String {
        match self.kind {
            Kind::Ollama => self.base.to_string(),
            _ => format!("{}/v1", self.base),
        }
    }

    /// Kind and version, for a person.
    pub(super) fn label(&self) -> String {
        let label = self.kind.label();
        match &self.version {
            Some(version) => format!("{label} {version}"),
            None => label.into(),
        }
    }
}

/// Asks all of them at once. Shape: in the order of `bases`; those where no model server answers are
/// left out.
pub(super) async fn all(bases: Vec<ServerUrl>) -> Vec<Found> {
    let mut looks = JoinSet::new();
    for (at, base) in bases.into_iter().enumerate() {
        looks.spawn(async move { (at, look(base).await) });
    }
    let mut found = looks.join_all().await;
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().filter_map(|(_, found)| found).collect()
}

/// Asks what is at `base`; `None` where nothing answers that we know. Ends within two questions' time.
pub(super) async fn look(base: ServerUrl) -> Option<Found> {
    let http = Http::new(base.is_https(), QUESTION_LIMIT).ok()?;
    let get = async |path: &str| http.get(&format!("{base}{path}"), None).await.ok();
    // One question first: most ports are closed, and who is no model server is not pestered.
    let models = get("/v1/models").await?;
    let (tags, ollama, lm_studio, version) = tokio::join!(
        get("/api/tags"),
        get("/api/version"),
        get("/api/v0/models"),
        get("/version"),
    );
    judge::judge(
        base.clone(),
        &Answers {
            models,
            tags,
            ollama,
            lm_studio,
            version,
        },
    )
}

/// What a server said to each question; `None` where it did not answer.
struct Answers {
    /// `/v1/models`: OpenAI's list.
    models: Answer,
    /// `/api/tags`: Ollama's list.
    tags: Option<Answer>,
    /// `/api/version`: Ollama's version.
    ollama: Option<Answer>,
    /// `/api/v0/models`: LM Studio's list, with types.
    lm_studio: Option<Answer>,
    /// `/version`: vLLM's version, open also where a key is wanted.
    version: Option<Answer>,
}
