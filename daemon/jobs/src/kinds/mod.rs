//! What each built-in kind asks of models, and what its result looks like.
//!
//! A payload is read twice: when it is submitted, so that a wrong one is refused with its field, and
//! when it runs. Kinds that are not here wait for an external worker.

mod answer;
mod chat;
mod deferred;
mod ollama;
mod thinking;

use bytes::Bytes;
use serde_json::{Map, Value};
use shared::infer_path::InferPath;
use shared::job::Json;

pub(crate) use answer::{Collected, result_of_chat, result_of_embedding};
pub use deferred::Deferred;

/// A kind that the server's own workers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Gives its payload back.
    Echo,
    /// A conversation with any LLM.
    Chat,
    /// Embeddings of any LLM.
    Embed,
    /// A prompt in Ollama's words.
    OllamaGenerate,
    /// An embedding in Ollama's words.
    OllamaEmbed,
    /// A conversation in OpenAI's words.
    OpenAiChat,
    /// A conversation in OpenRouter's words.
    OpenRouterChat,
    /// A request to the gateway that nobody could take when it came.
    Deferred,
}

impl Kind {
    /// Every built-in kind.
    pub(crate) const ALL: [Self; 8] = [
        Self::Echo,
        Self::Chat,
        Self::Embed,
        Self::OllamaGenerate,
        Self::OllamaEmbed,
        Self::OpenAiChat,
        Self::OpenRouterChat,
        Self::Deferred,
    ];

    /// The kind as it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Chat => "llm.chat",
            Self::Embed => "llm.embed",
            Self::OllamaGenerate => "ollama.generate",
            Self::OllamaEmbed => "ollama.embed",
            Self::OpenAiChat => "openai.chat",
            Self::OpenRouterChat => "openrouter.chat",
            Self::Deferred => "gateway.request",
        }
    }

    /// The built-in kind of that name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What a payload of this kind asks for.
    ///
    /// Errors: [`BadPayload`], with the field.
    pub(crate) fn read(self, payload: &Json) -> Result<Task, BadPayload> {
        if self == Self::Echo {
            return Ok(Task::Echo);
        }
        if self == Self::Deferred {
            return Deferred::read(payload).map(Task::Deferred);
        }
        let fields = Fields::of(self, payload)?;
        let request = match self {
            Self::Chat | Self::OpenAiChat | Self::OpenRouterChat => chat::chat(fields)?,
            Self::Embed => chat::embed(fields)?,
            Self::OllamaGenerate => ollama::generate(fields)?,
            Self::OllamaEmbed => ollama::embed(fields)?,
            Self::Echo | Self::Deferred => unreachable!("read above"),
        };
        Ok(Task::Ask(request))
    }
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Task {
    /// The payload is the result.
    Echo,
    /// A model is asked, and its answer told in a result.
    Ask(Request),
    /// A caller's own request, its answer kept as it comes.
    Deferred(Deferred),
}

impl Task {
    /// The name without which it can't run.
    pub(crate) fn waits_for(&self) -> Option<&str> {
        match self {
            Self::Echo => None,
            Self::Ask(request) => Some(&request.name),
            Self::Deferred(deferred) => Some(&deferred.model),
        }
    }
}

/// A request to a model.
#[derive(Debug)]
pub(crate) struct Request {
    /// The LLM, alias or model id.
    pub(crate) name: String,
    pub(crate) path: InferPath,
    pub(crate) body: Bytes,
}

/// A payload that does not fit its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`payload` does not fit the kind `{kind}`: {why}")]
pub struct BadPayload {
    pub(crate) kind: &'static str,
    pub(crate) why: String,
}

/// The members of a payload, taken out one by one; what is left goes to the model as it is.
pub(crate) struct Fields {
    kind: Kind,
    map: Map<String, Value>,
}

impl Fields {
    fn of(kind: Kind, payload: &Json) -> Result<Self, BadPayload> {
        match serde_json::from_str(payload.as_str()) {
            Ok(Value::Object(map)) => Ok(Self { kind, map }),
            Ok(_) => Err(bad(kind, "it must be a JSON object")),
            Err(why) => Err(bad(kind, why.to_string())),
        }
    }

    /// The text of `name`, if it is there.
    fn text(&mut self, name: &str) -> Result<Option<String>, BadPayload> {
        match self.map.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(bad(
                self.kind,
                format!("`{name}` must be a text, not empty"),
            )),
        }
    }

    /// The model's name under the first of `names` that is there.
    fn model(&mut self, names: &[&str]) -> Result<String, BadPayload> {
        let mut found = None;
        for name in names {
            let text = self.text(name)?;
            found = found.or(text);
        }
        found.ok_or_else(|| {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            bad(self.kind, format!("{} is missing", names.join(" or ")))
        })
    }

    fn required(&mut self, name: &str) -> Result<Value, BadPayload> {
        let value = self.map.shift_remove(name);
        value.ok_or_else(|| bad(self.kind, format!("`{name}` is missing")))
    }
}

fn bad(kind: Kind, why: impl Into<String>) -> BadPayload {
    BadPayload {
        kind: kind.as_str(),
        why: why.into(),
    }
}

fn body(map: Map<String, Value>) -> Bytes {
    Value::Object(map).to_string().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: &str, payload: Value) -> Result<Task, String> {
        let kind = Kind::find(kind).unwrap();
        kind.read(&payload.into()).map_err(|why| why.to_string())
    }

    #[test]
    fn a_conversation_goes_to_the_model_with_everything_that_the_caller_wrote() {
        let task = read(
            "llm.chat",
            json!({"llm": "laptop", "messages": [{"role": "user", "content": "hi"}],
                "temperature": 0, "stream": false}),
        );
        let Ok(Task::Ask(request)) = task else {
            panic!("{task:?}");
        };
        assert_eq!(request.name, "laptop");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            json!({"model": "laptop", "messages": [{"role": "user", "content": "hi"}],
                "temperature": 0, "stream": true, "stream_options": {"include_usage": true}})
        );
    }

    #[test]
    fn ollamas_words_are_put_into_the_gateways() {
        let task = read(
            "ollama.generate",
            json!({"model": "m", "prompt": "p", "system": "s",
                "options": {"temperature": 0.5, "num_predict": 7, "top_k": 3}}),
        );
        let Ok(Task::Ask(request)) = task else {
            panic!("{task:?}");
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            json!({"model": "m", "messages": [{"role": "system", "content": "s"},
                {"role": "user", "content": "p"}], "temperature": 0.5, "max_tokens": 7, "top_k": 3,
                "stream": true, "stream_options": {"include_usage": true}})
        );
    }

    #[test]
    fn a_wrong_payload_is_refused_with_its_field() {
        let why = |kind, payload| read(kind, payload).unwrap_err();
        assert!(why("llm.chat", json!({"messages": []})).contains("`llm` or `model` is missing"));
        assert!(why("llm.chat", json!({"llm": "a"})).contains("`messages` is missing"));
        assert!(
            why("llm.chat", json!({"llm": 7, "messages": [1]})).contains("`llm` must be a text")
        );
        assert!(why("llm.embed", json!({"llm": "a"})).contains("`input` is missing"));
        assert!(why("ollama.generate", json!("p")).contains("object"));
        assert!(read("echo", json!(null)).is_ok());
        assert_eq!(Kind::find("own.kind"), None);
    }
}
