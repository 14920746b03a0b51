//! What an Ollama server has: `/api/tags` for the list, `/api/show` once per version of a model.
//!
//! Both only read. Neither loads a model nor keeps one loaded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Ollama, refusal_message};
use crate::{Error, MAX_LISTING_BYTES, Model};

/// Models that are remembered; a row or config entry names one.
const MAX_REMEMBERED: usize = 64;
/// Models that one listing asks about; the next listing goes on.
const MAX_ASKED_PER_LISTING: usize = 16;

/// What `/api/show` told about the models that were asked for.
#[derive(Default)]
pub(super) struct Catalogue(Mutex<HashMap<String, About>>);

/// One model, as far as it concerns us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    /// The context that it was trained for, in tokens.
    pub(super) context_window: Option<u32>,
    /// `PARAMETER num_ctx` of its Modelfile.
    pub(super) modelfile_num_ctx: Option<u32>,
    /// In our words; `None` where the server is too old to tell.
    pub(super) capabilities: Option<Vec<String>>,
    /// The version that this describes.
    pub(super) digest: Option<String>,
}

impl About {
    /// Whether the model can do `what`; an old server's silence counts as yes.
    pub(super) fn can(&self, what: &str) -> bool {
        let Some(capabilities) = &self.capabilities else {
            return true;
        };
        capabilities.iter().any(|capability| capability == what)
    }
}

#[derive(Deserialize)]
struct Tags {
    models: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    digest: Option<String>,
    #[serde(alias = "RemoteHost")]
    remote_host: Option<String>,
}

#[derive(Deserialize)]
struct Show {
    #[serde(default)]
    parameters: String,
    #[serde(default)]
    model_info: Map<String, Value>,
    capabilities: Option<Vec<String>>,
}

/// The models of `server`; a model that runs on another machine is marked as remote.
pub(super) async fn list(server: &Ollama) -> Result<Vec<Model>, Error> {
    let bytes = get(server, Method::GET, "api/tags", None).await?;
    let tags: Tags = serde_json::from_slice(&bytes)
        .map_err(|_| Error::Unreadable("its list of models is not Ollama's".into()))?;
    let catalogue = &server.0.catalogue;
    catalogue.forget_replaced(&tags.models);
    let unknown = |tag: &&Tag| catalogue.recall(&tag.name).is_none();
    for tag in tags
        .models
        .iter()
        .filter(unknown)
        .take(MAX_ASKED_PER_LISTING)
    {
        about(server, &tag.name).await;
    }
    let model = |tag: Tag| {
        let about = catalogue.recall(&tag.name).unwrap_or_default();
        Model {
            context_window: about.context_window,
            capabilities: about.capabilities.unwrap_or_default(),
            remote: tag.remote_host.is_some_and(|host| !host.is_empty()),
            id: tag.name,
        }
    };
    Ok(tags.models.into_iter().map(model).collect())
}

/// What is known of `model`; asks the server where nothing is. Never fails: a model that is not
/// there is reported by the request that needs it.
pub(super) async fn about(server: &Ollama, model: &str) -> About {
    if let Some(about) = server.0.catalogue.recall(model) {
        return about;
    }
    match show(server, model).await {
        Ok(about) => {
            server.0.catalogue.remember(model, about.clone());
            about
        }
        Err(failed) => {
            tracing::debug!(%failed, model, "Ollama does not describe its model");
            About::default()
        }
    }
}

async fn show(server: &Ollama, model: &str) -> Result<About, Error> {
    let ask = serde_json::json!({"model": model}).to_string();
    let bytes = get(server, Method::POST, "api/show", Some(ask)).await?;
    let show: Show = serde_json::from_slice(&bytes)
        .map_err(|_| Error::Unreadable("its description of a model is not Ollama's".into()))?;
    Ok(describe(show))
}

async fn get(
    server: &Ollama,
    method: Method,
    path: &str,
    body: Option<String>,
) -> Result<bytes::Bytes, Error> {
    let answer = server.call(method, path, body.map(Into::into)).await?;
    let status = answer.status();
    let bytes = upstream::read_all(answer.into_body(), MAX_LISTING_BYTES).await?;
    if status != StatusCode::OK {
        return Err(Error::Refused {
            status: status.as_u16(),
            message: refusal_message(&bytes),
        });
    }
    Ok(bytes)
}

fn describe(show: Show) -> About {
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let trained = show.model_info.iter();
    let mut trained = trained.filter(|(name, _)| name.ends_with(".context_length"));
    let mut parameters = show.parameters.lines().map(str::split_whitespace);
    let modelfile_num_ctx = parameters.find_map(|mut words| {
        (words.next() == Some("num_ctx")).then(|| words.next()?.parse().ok())
    });
    About {
        context_window: trained.find_map(|(_, value)| number(value)),
        modelfile_num_ctx: modelfile_num_ctx.flatten(),
        capabilities: show.capabilities.map(|theirs| in_our_words(&theirs)),
        digest: None,
    }
}

fn in_our_words(theirs: &[String]) -> Vec<String> {
    let ours = |theirs: &String| -> &[&str] {
        match &**theirs {
            "completion" => &["chat", "stream"],
            "tools" => &["tools"],
            "vision" => &["vision"],
            "embedding" => &["embeddings"],
            "thinking" => &["reasoning"],
            _ => &[],
        }
    };
    let ours = theirs.iter().flat_map(ours);
    ours.copied().map(String::from).collect()
}

/// Ollama completes a name without a tag by `:latest`.
pub(crate) fn is_same_model(listed: &str, asked: &str) -> bool {
    listed == asked || listed.strip_suffix(":latest") == Some(asked)
}

impl Catalogue {
    fn recall(&self, model: &str) -> Option<About> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let exact = known.get(model);
        let same = || known.iter().find(|(name, _)| is_same_model(model, name));
        exact.or_else(|| same().map(|(_, about)| about)).cloned()
    }

    fn remember(&self, model: &str, about: About) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_REMEMBERED {
            known.insert(model.into(), about);
        }
    }

    /// A model that was pulled anew or removed is asked about again.
    fn forget_replaced(&self, tags: &[Tag]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, about| {
            let Some(tag) = tags.iter().find(|tag| is_same_model(&tag.name, name)) else {
                return false;
            };
            if about.digest.is_none() {
                about.digest.clone_from(&tag.digest);
            }
            about.digest == tag.digest
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_model_is_described_in_our_words() {
        let show = json!({
            "parameters": "stop    \"<|end|>\"\nnum_ctx                        16384",
            "model_info": {"general.architecture": "llama", "llama.context_length": 131_072},
            "capabilities": ["completion", "tools", "thinking", "insert"],
        });
        let about = describe(serde_json::from_value(show).unwrap());
        assert_eq!(about.context_window, Some(131_072));
        assert_eq!(about.modelfile_num_ctx, Some(16_384));
        assert_eq!(
            about.capabilities.as_deref().unwrap(),
            ["chat", "stream", "tools", "reasoning"]
        );
        assert!(about.can("tools") && !about.can("vision"));
        assert!(About::default().can("vision"));
    }

    #[test]
    fn a_model_that_was_pulled_anew_is_asked_about_again() {
        let catalogue = Catalogue::default();
        catalogue.remember("llama3.2", About::default());
        let tags = |digest: &str| {
            let tags = json!({"models": [{"name": "llama3.2:latest", "digest": digest}]});
            serde_json::from_value::<Tags>(tags).unwrap().models
        };
        catalogue.forget_replaced(&tags("a"));
        catalogue.forget_replaced(&tags("a"));
        assert!(catalogue.recall("llama3.2:latest").is_some());
        catalogue.forget_replaced(&tags("b"));
        assert!(catalogue.recall("llama3.2:latest").is_none());
    }
}
