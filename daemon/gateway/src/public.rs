//! How the server calls a public row: which adapter, which URL, which key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kit::clock::SystemClock;
use kit::random::SystemRandom;
use providers::Provider;
use providers::anthropic::Anthropic;
use providers::demo::Demo;
use providers::gemini::Gemini;
use providers::ollama::{self, Ollama};
use providers::openai::OpenAi;
use registry::Row;
use secrecy::ExposeSecret;
use shared::llm::{LlmSpec, ProviderType};
use upstream::{AddressPolicy, Client, Config, Origin};

use crate::error::Error;
use crate::infer::Inner;

/// What one serving thread keeps for itself: connections and adapters that no other thread
/// touches, so that the hot path shares nothing.
pub struct Worker {
    /// Its number among the threads.
    number: usize,
    client: Client,
    adapters: Mutex<Adapters>,
}

#[derive(Default)]
struct Adapters {
    /// The registry's generation that they were made at.
    generation: u64,
    by_name: HashMap<String, Arc<Provider>>,
}

impl Worker {
    /// The worker of thread `number`, without connections.
    pub fn new(number: usize) -> Self {
        Self {
            number,
            client: Client::new(Config {
                addresses: AddressPolicy::NoLinkLocal,
                ..Config::default()
            }),
            adapters: Mutex::default(),
        }
    }

    pub(crate) fn shard(&self) -> usize {
        self.number
    }

    fn find(&self, name: &str, generation: u64) -> Option<Arc<Provider>> {
        let mut adapters = self.adapters.lock().unwrap_or_else(PoisonError::into_inner);
        if adapters.generation != generation {
            adapters.by_name.clear();
            adapters.generation = generation;
        }
        adapters.by_name.get(name).cloned()
    }

    fn keep(&self, name: &str, generation: u64, provider: &Arc<Provider>) {
        let mut adapters = self.adapters.lock().unwrap_or_else(PoisonError::into_inner);
        if adapters.generation == generation {
            adapters.by_name.insert(name.to_owned(), provider.clone());
        }
    }
}

impl Inner {
    /// The adapter of a public row; made again after any change of a row or a secret.
    pub(crate) async fn provider(
        &self,
        worker: &Worker,
        row: &Row,
    ) -> Result<Arc<Provider>, Error> {
        let name = row.name().as_str();
        let generation = self.planner.registry.generation();
        if let Some(provider) = worker.find(name, generation) {
            return Ok(provider);
        }
        let provider = Arc::new(self.adapter(worker, row).await?);
        worker.keep(name, generation, &provider);
        Ok(provider)
    }

    async fn adapter(&self, worker: &Worker, row: &Row) -> Result<Provider, Error> {
        let spec = row.spec();
        let key = match &spec.key {
            Some(reference) => {
                let field = self.secrets.get_field(&reference.name, &reference.field);
                Some(field.await.map_err(|error| missing_key(row, error))?)
            }
            None => None,
        };
        let key = key.as_ref().map(|key| key.expose_secret());
        build(worker.client.clone(), spec, key).map_err(|why| Error::Misconfigured {
            name: row.name().to_string(),
            why,
        })
    }
}

fn missing_key(row: &Row, error: store::StoreError) -> Error {
    match error {
        store::StoreError::NotFound { .. } => Error::Misconfigured {
            name: row.name().to_string(),
            why: "the secret that its `key` names does not exist".into(),
        },
        other => Error::Store(other),
    }
}

/// The adapter of a row; otherwise why it can have none, in words.
fn build(client: Client, spec: &LlmSpec, key: Option<&str>) -> Result<Provider, String> {
    let origin = || {
        let url = spec.url.as_deref().unwrap_or_default();
        Origin::parse(url).map_err(|error| format!("its `url`: {error}"))
    };
    let because = |error: providers::Error| error.to_string();
    match spec.provider_type {
        ProviderType::OpenAi | ProviderType::OpenRouter => {
            let openai = OpenAi::new(client, origin()?, key).map_err(because)?;
            Ok(Provider::OpenAi(Box::new(openai)))
        }
        ProviderType::Ollama => {
            let settings = ollama::Settings {
                context_window: spec.context_window,
                ..ollama::Settings::default()
            };
            let random = Arc::new(SystemRandom);
            let ollama = Ollama::new(client, origin()?, key, settings, random).map_err(because)?;
            Ok(Provider::Ollama(ollama))
        }
        ProviderType::Demo => Ok(Provider::Demo(Demo::new(
            Arc::new(SystemClock),
            Arc::new(SystemRandom),
        ))),
        ProviderType::Anthropic => {
            let anthropic = Anthropic::new(client, origin()?, key).map_err(because)?;
            Ok(Provider::Anthropic(Box::new(anthropic)))
        }
        ProviderType::Gemini => {
            let gemini = Gemini::new(client, origin()?, key).map_err(because)?;
            Ok(Provider::Gemini(Box::new(gemini)))
        }
    }
}

/// Whether this server can call a public row of this spec; if not, why, in words.
pub fn check_public(spec: &LlmSpec) -> Result<(), String> {
    build(Client::new(Config::default()), spec, None).map(drop)
}
