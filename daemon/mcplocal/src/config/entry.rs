//! One entry of `providers`.

use std::fmt::Display;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::llm::ProviderType;
use shared::name::Name;
use upstream::Origin;

use super::api_key::ApiKey;
use super::fields::Fields;
use super::wake::{self, WakePlan};
use super::{File, Problem};

/// A provider as its owner wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderConfig {
    /// The LLM's name to be.
    pub name: Name,
    /// Its dialect.
    pub provider_type: ProviderType,
    /// Its base URL. Never leaves this machine. Means nothing for `demo`.
    pub url: Origin,
    /// Its model; may be absent where the provider lists exactly one.
    pub model: Option<String>,
    /// Whether it shall be offered.
    pub publish: bool,
    /// Where its key is.
    pub api_key: Option<ApiKey>,
    /// A routing hint.
    pub tier: Option<String>,
    /// What the model can do, where its owner knows better than the provider.
    pub capabilities: Vec<String>,
    /// The context window, in tokens.
    pub context_window: Option<u32>,
    /// Ollama's `num_ctx`, in tokens.
    pub num_ctx: Option<u32>,
    /// Requests that may run at once.
    pub max_concurrency: Option<u32>,
    /// Requests that may wait for a slot.
    pub max_queue: Option<u32>,
    /// `false` where it refuses `stream_options`.
    pub stream_usage: Option<bool>,
    /// How it is woken, where it may sleep.
    pub wake: Option<WakePlan>,
}

impl ProviderConfig {
    /// Whether `other` reaches the same thing in the same way: what is known of its health holds.
    pub fn reaches_the_same(&self, other: &Self) -> bool {
        let way = |p: &Self| {
            let (url, key) = (p.url.clone(), p.api_key.clone());
            (p.provider_type, url, key, p.num_ctx, p.context_window)
        };
        self.name == other.name && self.model == other.model && way(self) == way(other)
    }
}

/// An entry half read.
#[derive(Default)]
struct Draft {
    name: Option<Name>,
    provider_type: Option<ProviderType>,
    url: Option<String>,
    model: Option<String>,
    publish: bool,
    api_key: Option<ApiKey>,
    tier: Option<String>,
    capabilities: Vec<String>,
    context_window: Option<u32>,
    num_ctx: Option<u32>,
    max_concurrency: Option<u32>,
    max_queue: Option<u32>,
    stream_usage: Option<bool>,
    wake: wake::Draft,
    /// Fields inside of recipes that mean nothing, since the last look.
    unknown: Vec<String>,
}

/// Reads the entry `raw`, the `index`th of its array. `None`, and a problem for each fault, where
/// it can't be used.
pub(super) fn read(
    file: File<'_>,
    index: usize,
    raw: &RawValue,
    problems: &mut Vec<Problem>,
) -> Option<ProviderConfig> {
    let unnamed = format!("number {}", index + 1);
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(raw.get()) else {
        let why = "write an object, `{ ... }`".into();
        let mut problem = file.problem(Some(unnamed), "", raw.get(), why);
        problem.field = None;
        problems.push(problem);
        return None;
    };
    let called = fields.0.iter().find(|(field, _)| field == "name");
    let called = called.and_then(|(_, raw)| serde_json::from_str::<Name>(raw.get()).ok());
    let called = called.map_or(unnamed, |name| name.to_string());
    let complain = |field: &str, at: &str, why| file.problem(Some(called.clone()), field, at, why);

    let (mut draft, mut faults) = (Draft::default(), 0);
    for (field, value) in &fields.0 {
        match draft.set(field, value.get()) {
            Ok(true) => {}
            Ok(false) => {
                let why = "there is no such field; it means nothing".into();
                problems.push(complain(field, value.get(), why));
            }
            Err(why) => {
                faults += 1;
                problems.push(complain(field, value.get(), why));
            }
        }
        for inner in draft.unknown.drain(..) {
            let why = format!("there is no `{inner}` in it; it means nothing");
            problems.push(complain(field, value.get(), why));
        }
    }
    if faults > 0 {
        return None;
    }
    let field_at = |field: &str| {
        let found = fields.0.iter().find(|(name, _)| name == field);
        found.map_or(raw.get(), |(_, value)| value.get())
    };
    match draft.finish() {
        Ok(provider) => Some(provider),
        Err((field, why)) => {
            problems.push(complain(field, field_at(field), why));
            None
        }
    }
}

impl Draft {
    /// Takes one field; `false` where there is none of this name.
    fn set(&mut self, field: &str, raw: &str) -> Result<bool, String> {
        match field {
            "name" => self.name = Some(value(raw)?),
            "type" => self.provider_type = Some(text(raw)?),
            "url" => self.url = value(raw)?,
            "model" => self.model = non_empty(value(raw)?)?,
            "publish" => self.publish = value(raw)?,
            "apiKey" => self.api_key = ApiKey::read(raw)?,
            "tier" => self.tier = non_empty(value(raw)?)?,
            "capabilities" => self.capabilities = value(raw)?,
            "contextWindow" => self.context_window = at_least_one(raw)?,
            "numCtx" => self.num_ctx = at_least_one(raw)?,
            "maxConcurrency" => self.max_concurrency = at_least_one(raw)?,
            "maxQueue" => self.max_queue = value(raw)?,
            "streamUsage" => self.stream_usage = value(raw)?,
            "wake" => self.wake.wake = wake::recipe(raw, &mut self.unknown)?,
            "sleep" => self.wake.sleep = wake::recipe(raw, &mut self.unknown)?,
            "wakeTimeout" => self.wake.wake_timeout = wake::time(raw)?,
            "idleTimeout" => self.wake.idle_timeout = wake::time(raw)?,
            other => return Ok(other.starts_with("x-")),
        }
        Ok(true)
    }

    /// Checks what no field can say alone. Errors name the field.
    fn finish(self) -> Result<ProviderConfig, (&'static str, String)> {
        let missing = |field: &'static str| (field, String::from("it is missing"));
        let provider_type = self.provider_type.ok_or_else(|| missing("type"))?;
        let default_url = match provider_type {
            // What is published from here is a server of one's own: vLLM listens there.
            ProviderType::OpenAi => "http://127.0.0.1:8000/v1",
            // Never called.
            ProviderType::Demo => "http://127.0.0.1",
            other => other.default_url().unwrap_or_default(),
        };
        let url = self.url.as_deref().unwrap_or(default_url);
        let url = Origin::parse(url).map_err(|why| ("url", why.to_string()))?;
        let wake = self.wake.finish()?;
        if wake.is_some() && provider_type == ProviderType::Demo {
            return Err(("wake", "the demo never sleeps: remove it".into()));
        }
        if wake.is_some() && self.model.is_none() {
            let why = "it is missing: a provider that sleeps can't be asked which models it has";
            return Err(("model", why.into()));
        }
        Ok(ProviderConfig {
            name: self.name.ok_or_else(|| missing("name"))?,
            provider_type,
            url,
            model: self.model,
            publish: self.publish,
            api_key: self.api_key,
            tier: self.tier,
            capabilities: self.capabilities,
            context_window: self.context_window,
            num_ctx: self.num_ctx,
            max_concurrency: self.max_concurrency,
            max_queue: self.max_queue,
            stream_usage: self.stream_usage,
            wake,
        })
    }
}

fn value<'a, T: Deserialize<'a>>(raw: &'a str) -> Result<T, String> {
    serde_json::from_str(raw).map_err(|wrong| {
        // The position is the value's own, which would mislead.
        let wrong = wrong.to_string();
        wrong.split(" at line ").next().unwrap_or(&wrong).to_owned()
    })
}

fn text<T: std::str::FromStr<Err: Display>>(raw: &str) -> Result<T, String> {
    let text: String = value(raw)?;
    text.parse().map_err(|why: T::Err| why.to_string())
}

fn non_empty(text: Option<String>) -> Result<Option<String>, String> {
    match text {
        Some(text) if text.trim().is_empty() => Err("it is empty".into()),
        Some(text) if text.len() > 256 => Err("it is longer than 256 bytes".into()),
        other => Ok(other),
    }
}

fn at_least_one(raw: &str) -> Result<Option<u32>, String> {
    match value(raw)? {
        Some(0) => Err("it must be at least 1".into()),
        other => Ok(other),
    }
}
