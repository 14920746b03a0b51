//! What the health polls say of a provider: when it is offered, when it is taken back.
//!
//! ```text
//! unknown ──ok──► ready ◄──ok── shaky          offered: ready, shaky
//!    │              └──failed──►  │
//!    └──failed──► down ◄──failed──┘            down ──ok──► ready
//! ```
//! One failed poll of a provider that was ready is a hiccup; two are an outage. A provider that
//! was never seen ready is not offered.

use std::sync::Arc;
use std::time::Duration;

use providers::{Error, Model};
use shared::llm::ProviderType;

use crate::config::ProviderConfig;

/// What is known of a provider's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It was not polled yet.
    Unknown,
    /// The last poll succeeded.
    Ready(Seen),
    /// The last poll failed, the one before did not.
    Shaky(Seen, Failed),
    /// It failed twice, or from the start.
    Down(Failed),
}

/// What a poll saw of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The provider's id of the model.
    pub model: Arc<str>,
    /// Its context window, in tokens.
    pub context_window: Option<u32>,
    /// What it can do, where the provider tells.
    pub capabilities: Vec<String>,
}

/// Why a poll failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// It only took too long: a provider that works on a request may be busy, and is not judged.
    pub too_slow: bool,
    /// No answer came, or one of something that stands in front of the provider: it may sleep.
    pub may_sleep: bool,
    /// For the machine's owner; may name the local URL.
    pub for_owner: String,
    /// For the server; never names it.
    pub for_server: String,
}

impl Failed {
    /// A failure whose words may be read by anybody.
    pub fn said(why: impl Into<String>) -> Self {
        let why = why.into();
        Self {
            for_owner: why.clone(),
            for_server: why,
            too_slow: false,
            may_sleep: false,
        }
    }

    /// No answer within `limit`.
    pub fn too_slow(limit: Duration) -> Self {
        Self {
            too_slow: true,
            may_sleep: true,
            ..Self::said(format!("it did not answer a health poll within {limit:?}"))
        }
    }
}

impl Health {
    /// The health after another poll.
    #[must_use]
    pub fn after(self, poll: Result<Seen, Failed>) -> Self {
        match (self, poll) {
            (_, Ok(seen)) => Self::Ready(seen),
            (Self::Ready(seen), Err(failed)) => Self::Shaky(seen, failed),
            (Self::Unknown | Self::Shaky(..) | Self::Down(_), Err(failed)) => Self::Down(failed),
        }
    }

    /// What is offered, if the provider is to be offered.
    pub fn offered(&self) -> Option<&Seen> {
        match self {
            Self::Ready(seen) | Self::Shaky(seen, _) => Some(seen),
            Self::Unknown | Self::Down(_) => None,
        }
    }

    /// Whether the last poll succeeded; `None` before the first.
    pub fn is_ready(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Ready(_) => Some(true),
            Self::Shaky(..) | Self::Down(_) => Some(false),
        }
    }

    /// Why it is not ready.
    pub fn failed(&self) -> Option<&Failed> {
        match self {
            Self::Unknown | Self::Ready(_) => None,
            Self::Shaky(_, failed) | Self::Down(failed) => Some(failed),
        }
    }
}

/// What a poll of `config` means.
pub(super) fn judge(
    config: &ProviderConfig,
    poll: Result<Vec<Model>, Error>,
) -> Result<Seen, Failed> {
    let listed = match poll {
        Ok(listed) => listed,
        // It answers, so it is there; it just has no list.
        Err(Error::Refused {
            status: 404 | 405 | 501,
            ..
        }) if config.provider_type != ProviderType::Ollama => Vec::new(),
        Err(error) => {
            return Err(Failed {
                for_owner: error.to_string(),
                for_server: for_server(&error),
                too_slow: false,
                may_sleep: may_sleep(&error),
            });
        }
    };
    let Some(wanted) = &config.model else {
        return only(config, listed);
    };
    let latest = format!("{wanted}:latest");
    let found = listed
        .into_iter()
        .find(|m| m.id == *wanted || m.id == latest);
    match found {
        Some(model) => local(config, model),
        None if config.provider_type == ProviderType::Ollama => Err(Failed::said(format!(
            "Ollama has no model `{wanted}`: run `ollama pull {wanted}`"
        ))),
        // Servers answer to names that they do not list.
        None => Ok(Seen {
            model: wanted.as_str().into(),
            context_window: None,
            capabilities: Vec::new(),
        }),
    }
}

/// The one model, where the config names none.
fn only(config: &ProviderConfig, mut listed: Vec<Model>) -> Result<Seen, Failed> {
    match (listed.len(), listed.pop()) {
        (1, Some(model)) => local(config, model),
        (0, _) => Err(Failed::said(
            "it lists no model: name one in the field `model`",
        )),
        (many, _) => Err(Failed::said(format!(
            "it lists {many} models: name one in the field `model`"
        ))),
    }
}

/// A model that runs elsewhere must not pass for one that runs here.
fn local(config: &ProviderConfig, model: Model) -> Result<Seen, Failed> {
    if model.remote {
        return Err(Failed::said(format!(
            "`{}` runs in the cloud, not on this machine, so it is not published",
            model.id
        )));
    }
    let named = config.model.as_deref().unwrap_or(&model.id);
    Ok(Seen {
        model: named.into(),
        context_window: model.context_window,
        capabilities: model.capabilities,
    })
}

fn may_sleep(error: &Error) -> bool {
    match error {
        Error::Upstream(_) | Error::CutShort => true,
        Error::Refused { status, .. } => *status >= 500,
        Error::Unreadable(_) | Error::Unsupported(_) => false,
    }
}

/// The failure in words that name no address of this machine.
pub fn for_server(error: &Error) -> String {
    match error {
        Error::Upstream(upstream) if upstream.is_connect() => {
            "the provider can't be reached on its publisher's machine".into()
        }
        Error::Upstream(_) => "the provider broke the connection".into(),
        Error::Unreadable(_) | Error::CutShort | Error::Unsupported(_) | Error::Refused { .. } => {
            error.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(fields: &str) -> ProviderConfig {
        let text = format!(r#"{{"providers": [{{"name": "p", "publish": true, {fields}}}]}}"#);
        let path = std::env::temp_dir().join(format!("mcplocal-health-{:p}", &text));
        std::fs::write(&path, text).unwrap();
        let mut config = crate::config::load(&path, None).unwrap();
        std::fs::remove_file(&path).unwrap();
        config.providers.remove(0)
    }

    fn model(id: &str, remote: bool) -> Model {
        Model {
            id: id.into(),
            context_window: Some(4096),
            remote,
            capabilities: vec!["chat".into()],
        }
    }

    fn seen() -> Seen {
        judge(&config(r#""type": "demo""#), Ok(vec![model("m", false)])).unwrap()
    }

    #[test]
    fn one_failed_poll_is_a_hiccup_two_take_it_back_one_success_brings_it_back() {
        let failed = || Err(Failed::said("gone"));
        let health = Health::Unknown.after(Ok(seen())).after(failed());
        assert!(health.offered().is_some());
        assert_eq!(health.is_ready(), Some(false));
        let health = health.after(failed());
        assert!(health.offered().is_none());
        assert!(health.after(Ok(seen())).offered().is_some());
        assert!(Health::Unknown.after(failed()).offered().is_none());
    }

    #[test]
    fn the_model_may_be_left_out_where_there_is_exactly_one() {
        let config = config(r#""type": "openai""#);
        assert_eq!(
            &*judge(&config, Ok(vec![model("m", false)])).unwrap().model,
            "m"
        );
        let two = judge(&config, Ok(vec![model("a", false), model("b", false)]));
        assert!(two.unwrap_err().for_owner.contains("2 models"));
        assert!(judge(&config, Ok(vec![])).is_err());
    }

    #[test]
    fn a_cloud_stub_is_never_published_as_local() {
        for fields in [
            r#""type": "ollama", "model": "gpt-oss:120b-cloud""#,
            r#""type": "ollama""#,
        ] {
            let poll = Ok(vec![model("gpt-oss:120b-cloud", true)]);
            let failed = judge(&config(fields), poll).unwrap_err();
            assert!(failed.for_owner.contains("cloud"), "{}", failed.for_owner);
        }
    }

    #[test]
    fn ollama_must_have_the_model_and_completes_its_tag() {
        let config = config(r#""type": "ollama", "model": "llama3.2""#);
        let seen = judge(&config, Ok(vec![model("llama3.2:latest", false)])).unwrap();
        assert_eq!(
            (&*seen.model, seen.context_window),
            ("llama3.2", Some(4096))
        );
        let none = judge(&config, Ok(vec![model("llama3.2:1b", false)])).unwrap_err();
        assert!(none.for_owner.contains("ollama pull llama3.2"));
    }

    #[test]
    fn a_server_without_a_list_is_ready_where_the_model_is_named() {
        let no_list = || {
            Err(Error::Refused {
                status: 404,
                message: "no".into(),
            })
        };
        assert!(judge(&config(r#""type": "openai", "model": "m""#), no_list()).is_ok());
        assert!(judge(&config(r#""type": "openai""#), no_list()).is_err());
        assert!(judge(&config(r#""type": "ollama", "model": "m""#), no_list()).is_err());
    }
}
