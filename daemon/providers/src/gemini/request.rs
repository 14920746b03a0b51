//! A chat in OpenAI's words as a `GenerateContentRequest`. Each field's way stands in the module
//! that maps it; what nobody maps is named in `dropped`.

use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::model::ModelName;
use super::{generation, messages, own, tools};
use crate::Error;

/// A request in Gemini's words.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) model: ModelName,
    pub(super) body: Map<String, Value>,
    /// The caller wants a last chunk with the usage.
    pub(super) include_usage: bool,
    /// What could not be carried.
    pub(super) dropped: Vec<String>,
}

/// `chat/completions` as `generateContent` or `streamGenerateContent`.
pub(super) fn chat(asked: &[u8]) -> Result<Mapped, Error> {
    let mut asked = Asked::read(asked)?;
    let model = ModelName::read(asked.take("model"))?;
    let mut body = Map::new();
    messages::map(&mut asked, model.wants_signatures(), &mut body)?;
    tools::map(&mut asked, &mut body)?;
    let mut config = generation::config(&mut asked, &model)?;
    own::map(&mut asked, &mut body, &mut config);
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    asked.take("stream");
    asked.take_where("store", &json!(false));
    let stream_options = asked.take("stream_options").unwrap_or_default();
    Ok(Mapped {
        model,
        body,
        include_usage: stream_options["include_usage"] == json!(true),
        dropped: asked.left(),
    })
}
