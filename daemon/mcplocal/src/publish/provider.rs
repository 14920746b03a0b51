//! Makes an adapter of a config entry.

use kit::clock::SharedClock;
use kit::random::SharedRandom;
use providers::Provider;
use providers::anthropic::Anthropic;
use providers::demo::Demo;
use providers::gemini::Gemini;
use providers::ollama::{self, Ollama};
use providers::openai::OpenAi;
use secrecy::ExposeSecret;
use shared::llm::ProviderType;

use super::health::Failed;
use crate::config::ProviderConfig;

/// What adapters are made with.
#[derive(Clone)]
pub struct Workshop {
    /// Towards the providers; its pool is theirs alone.
    pub client: upstream::Client,
    /// Dates what the demo answers.
    pub clock: SharedClock,
    /// Names answers.
    pub random: SharedRandom,
}

impl Workshop {
    /// The adapter of `config`.
    ///
    /// Errors: where its key can't be had or used.
    pub async fn make(&self, config: &ProviderConfig) -> Result<Provider, Failed> {
        let key = match &config.api_key {
            Some(api_key) => Some(api_key.fetch().await.map_err(|no_key| Failed {
                for_owner: no_key.to_string(),
                ..Failed::said("its publisher has no API key for it")
            })?),
            None => None,
        };
        let key = key.as_ref().map(ExposeSecret::expose_secret);
        let (client, url) = (self.client.clone(), config.url.clone());
        let made = match config.provider_type {
            ProviderType::Demo => {
                let demo = Demo::new(self.clock.clone(), self.random.clone());
                return Ok(Provider::Demo(demo));
            }
            ProviderType::Ollama => {
                let settings = ollama::Settings {
                    num_ctx: config.num_ctx,
                    context_window: config.context_window,
                };
                Ollama::new(client, url, key, settings, self.random.clone()).map(Provider::Ollama)
            }
            ProviderType::Anthropic => Anthropic::new(client, url, key)
                .map(|anthropic| Provider::Anthropic(Box::new(anthropic))),
            ProviderType::Gemini => Gemini::new(client, url, key)
                .map(|gemini| gemini.with(self.random.clone(), self.clock.clone()))
                .map(|gemini| Provider::Gemini(Box::new(gemini))),
            ProviderType::OpenAi | ProviderType::OpenRouter => {
                OpenAi::new(client, url, key).map(|openai| Provider::OpenAi(Box::new(openai)))
            }
        };
        made.map_err(|wrong| Failed::said(wrong.to_string()))
    }
}
