//! Embeddings: `embedContent` for one text, `batchEmbedContents` for many.
//!
//! | OpenAI | Gemini |
//! |---|---|
//! | `input`: a text, or an array of texts | `content`; `requests[].content`, 100 in one call |
//! | `dimensions` | `outputDimensionality` |
//! | `encoding_format` float, base64 | done here |
//! | `taskType`, `title` (Gemini's own, or in snake case) | pass |
//!
//! As floats the numbers pass as they are written. `usage` is told where Gemini tells it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use super::model::ModelName;
use crate::Error;
use crate::encoding::Encoding;

/// Texts in one call: Google's limit.
const MAX_BATCH: usize = 100;
/// Texts in one request: OpenAI's limit.
const MAX_INPUTS: usize = 2048;

/// A request for embeddings, as the calls that it takes.
#[derive(Debug)]
pub(super) struct Embed {
    model: ModelName,
    /// The path and the body of each call, in order.
    pub(super) calls: Vec<(String, Value)>,
    inputs: usize,
    encoding: Encoding,
    /// What could not be carried.
    pub(super) dropped: Vec<String>,
}

/// The vectors that have come.
#[derive(Default)]
pub(super) struct Vectors {
    vectors: Vec<Box<RawValue>>,
    tokens: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Embedded {
    embedding: Option<Vector>,
    #[serde(default)]
    embeddings: Vec<Vector>,
    usage_metadata: Option<Usage>,
}

#[derive(Deserialize)]
struct Vector {
    values: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u64>,
}

/// OpenAI's request in Gemini's words.
pub(super) fn request(asked: &[u8]) -> Result<Embed, Error> {
    let mut asked = Asked::read(asked)?;
    let model = ModelName::read(asked.take("model"))?;
    let texts = match asked.take("input") {
        Some(Value::String(text)) => Texts::One(text),
        Some(Value::Array(texts)) => Texts::Many(texts),
        _ => return Err(not_texts()),
    };
    let encoding = Encoding::named(asked.take("encoding_format").as_ref())
        .ok_or_else(|| bad("`encoding_format` must be float or base64"))?;
    let mut fields = Map::new();
    fields.insert("model".into(), model.resource().into());
    for (theirs, names) in [
        (
            "outputDimensionality",
            ["dimensions", "outputDimensionality"],
        ),
        ("taskType", ["taskType", "task_type"]),
        ("title", ["title", "title"]),
    ] {
        let value = names.iter().find_map(|name| asked.take(name));
        if let Some(value) = value {
            fields.insert(theirs.into(), value);
        }
    }
    let request = |text: &str| {
        let mut fields = fields.clone();
        fields.insert("content".into(), json!({"parts": [{"text": text}]}));
        Value::Object(fields)
    };
    let (inputs, calls) = match texts {
        Texts::One(text) => (1, vec![(model.path("embedContent"), request(&text))]),
        Texts::Many(texts) => {
            let read: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
            let texts = read
                .filter(|texts| !texts.is_empty())
                .ok_or_else(not_texts)?;
            if texts.len() > MAX_INPUTS {
                return Err(bad("`input` may hold 2048 texts: send more requests"));
            }
            let call = |batch: &[&str]| {
                let requests: Vec<Value> = batch.iter().map(|text| request(text)).collect();
                (
                    model.path("batchEmbedContents"),
                    json!({"requests": requests}),
                )
            };
            (texts.len(), texts.chunks(MAX_BATCH).map(call).collect())
        }
    };
    Ok(Embed {
        model,
        calls,
        inputs,
        encoding,
        dropped: asked.left(),
    })
}

enum Texts {
    One(String),
    Many(Vec<Value>),
}

fn not_texts() -> Error {
    bad("`input` must be a text or an array of texts, not of tokens")
}

fn unreadable() -> Error {
    Error::Unreadable("its embeddings are not what Gemini sends".into())
}

impl Vectors {
    /// Takes the answer of one call.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let embedded: Embedded = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
        let vectors = embedded.embedding.into_iter().chain(embedded.embeddings);
        self.vectors.extend(vectors.map(|vector| vector.values));
        let tokens = embedded.usage_metadata.and_then(|u| u.prompt_token_count);
        if let Some(tokens) = tokens {
            self.tokens = Some(self.tokens.unwrap_or_default().saturating_add(tokens));
        }
        Ok(())
    }

    /// OpenAI's answer.
    pub(super) fn answer(self, embed: &Embed) -> Result<String, Error> {
        if self.vectors.len() != embed.inputs {
            return Err(Error::Unreadable(format!(
                "it has {} embeddings for {} texts",
                self.vectors.len(),
                embed.inputs
            )));
        }
        let bytes: usize = self.vectors.iter().map(|vector| vector.get().len()).sum();
        let mut out = String::with_capacity(bytes + 60 * self.vectors.len() + 200);
        out.push_str(r#"{"object":"list","data":["#);
        for (index, vector) in self.vectors.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let head = format!(r#"{comma}{{"object":"embedding","index":{index},"embedding":"#);
            out.push_str(&head);
            let written = embed.encoding.write(vector, &mut out);
            written.map_err(|_| unreadable())?;
            out.push('}');
        }
        out.push_str(&format!(r#"],"model":{}"#, json!(embed.model.bare())));
        if let Some(tokens) = self.tokens {
            let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
            out.push_str(&format!(r#","usage":{usage}"#));
        }
        out.push('}');
        Ok(out)
    }
}
