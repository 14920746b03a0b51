//! Who answers, and with which models: from what was said, and nothing else.

use home::ServerUrl;
use serde_json::Value;

use super::http::Answer;
use super::{Answers, Found, Kind, Model};

/// `None` where it is no model server, such as somebody's web page on a usual port.
pub(super) fn judge(base: ServerUrl, said: &Answers) -> Option<Found> {
    let (kind, version) = who(&base, said)?;
    let models = match kind {
        _ if said.models.status == 401 => None,
        Kind::Ollama => Some(ollama_models(said.tags.as_ref()?)?),
        Kind::LmStudio => Some(lm_studio_models(said.lm_studio.as_ref()?)?),
        _ => Some(openai_models(&said.models)?),
    };
    Some(Found {
        kind,
        base,
        version,
        models,
    })
}

fn who(base: &ServerUrl, said: &Answers) -> Option<(Kind, Option<String>)> {
    // llama.cpp answers Ollama's questions too, but not under its name.
    let header = said.models.server.as_deref().unwrap_or_default();
    if header.starts_with("llama.cpp") {
        return Some((Kind::LlamaCpp, None));
    }
    let version = |answer: &Option<Answer>| {
        let answer = answer.as_ref().filter(|answer| answer.status == 200)?;
        answer.body.get("version")?.as_str().map(String::from)
    };
    let lists_tags = said.tags.as_ref().and_then(ollama_models).is_some();
    let owner = owner(&said.models);
    if owner != Some("llamacpp")
        && lists_tags
        && let Some(version) = version(&said.ollama)
    {
        return Some((Kind::Ollama, Some(version)));
    }
    if said.lm_studio.as_ref().and_then(lm_studio_models).is_some() {
        return Some((Kind::LmStudio, None));
    }
    let by_owner = match owner.unwrap_or_default() {
        "vllm" => Some(Kind::Vllm),
        "llamacpp" => Some(Kind::LlamaCpp),
        "sglang" => Some(Kind::Sglang),
        "tabbyAPI" => Some(Kind::TabbyApi),
        "koboldcpp" => Some(Kind::KoboldCpp),
        "humanity" => Some(Kind::Gpt4All),
        _ => None,
    };
    if let Some(kind) = by_owner {
        let version = version(&said.version).filter(|_| kind == Kind::Vllm);
        return Some((kind, version));
    }
    if let Some(version) = version(&said.version) {
        return Some((Kind::Vllm, Some(version)));
    }
    let is_ours = match said.models.status {
        401 => said.models.body.is_object(),
        _ => openai_models(&said.models).is_some(),
    };
    let by_port = match base.authority().rsplit_once(':') {
        Some((_, "5000")) => Kind::TextGenerationWebUi,
        Some((_, "4891")) => Kind::Gpt4All,
        Some((_, "1337")) => Kind::Jan,
        _ => Kind::OpenAi,
    };
    is_ours.then_some((by_port, None))
}

/// The `owned_by` of the first model.
fn owner(models: &Answer) -> Option<&str> {
    models.body.pointer("/data/0/owned_by")?.as_str()
}

/// Ollama's list, without models that run in its cloud: they are not this machine's to publish.
fn ollama_models(tags: &Answer) -> Option<Vec<Model>> {
    let listed = list(tags, "models")?;
    let here = listed.iter().filter(|model| {
        let host = model.get("remote_host").and_then(Value::as_str);
        host.is_none_or(str::is_empty)
    });
    let models = here.filter_map(|model| {
        let id = model.get("name")?.as_str()?;
        Some(Model {
            id: id.into(),
            embeds: embeds_by_capabilities(model).unwrap_or_else(|| {
                has(model.pointer("/details/families"), &["bert", "nomic-bert"])
                    || sounds_like_embeddings(id)
            }),
        })
    });
    Some(models.collect())
}

/// Newer versions of Ollama tell what a model can do.
fn embeds_by_capabilities(model: &Value) -> Option<bool> {
    let capabilities = model.get("capabilities").filter(|list| list.is_array())?;
    Some(has(Some(capabilities), &["embedding"]) && !has(Some(capabilities), &["completion"]))
}

fn lm_studio_models(listed: &Answer) -> Option<Vec<Model>> {
    // It answers 200 to questions that it does not know, too.
    let models = list(listed, "data")?.iter().map(|model| {
        Some(Model {
            id: model.get("id")?.as_str()?.into(),
            embeds: model.get("type")?.as_str()? == "embeddings",
        })
    });
    models.collect()
}

fn openai_models(listed: &Answer) -> Option<Vec<Model>> {
    let ids = list(listed, "data")?.iter();
    let models = ids.map(|model| {
        let id = model.get("id")?.as_str()?;
        Some(Model {
            id: id.into(),
            embeds: sounds_like_embeddings(id),
        })
    });
    models.collect()
}

fn list<'a>(answer: &'a Answer, field: &str) -> Option<&'a Vec<Value>> {
    let body = Some(&answer.body).filter(|_| answer.status == 200)?;
    body.get(field)?.as_array()
}

fn has(list: Option<&Value>, wanted: &[&str]) -> bool {
    let words = list.and_then(Value::as_array).into_iter().flatten();
    let mut words = words.filter_map(Value::as_str);
    words.any(|word| wanted.contains(&word))
}

/// Whether an id is one of a model that makes embeddings or ranks, where nothing else tells.
pub(super) fn sounds_like_embeddings(id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    let parts = ["embed", "bge-", "minilm", "rerank", "gte-", "e5-"];
    parts.iter().any(|part| id.contains(part))
}
