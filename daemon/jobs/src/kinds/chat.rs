//! `llm.chat`, `llm.embed`, `openai.chat`, `openrouter.chat`: OpenAI's bodies, the model named by
//! `llm` or `model`.

use serde_json::{Value, json};
use shared::infer_path::InferPath;

use super::{BadPayload, Fields, Request, bad, body};

/// A conversation. It is asked for as a stream, whatever the payload says, so that who watches sees
/// the answer grow and a cancel stops the model at once.
pub(super) fn chat(mut fields: Fields) -> Result<Request, BadPayload> {
    let name = fields.model(&["llm", "model"])?;
    match fields.map.get("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => {}
        Some(_) => return Err(bad(fields.kind, "`messages` must be an array, not empty")),
        None => return Err(bad(fields.kind, "`messages` is missing")),
    }
    Ok(streamed(name, fields))
}

/// The body of a chat completion that streams; `fields` has its messages.
pub(super) fn streamed(name: String, mut fields: Fields) -> Request {
    fields.map.shift_remove("stream");
    fields.map.shift_remove("stream_options");
    let mut whole = serde_json::Map::new();
    whole.insert("model".into(), name.as_str().into());
    whole.append(&mut fields.map);
    whole.insert("stream".into(), true.into());
    whole.insert("stream_options".into(), json!({"include_usage": true}));
    Request {
        name,
        path: InferPath::ChatCompletions,
        body: body(whole),
    }
}

/// Embeddings.
pub(super) fn embed(mut fields: Fields) -> Result<Request, BadPayload> {
    let name = fields.model(&["llm", "model"])?;
    if !fields.map.contains_key("input") {
        return Err(bad(fields.kind, "`input` is missing"));
    }
    fields.map.insert("model".into(), name.as_str().into());
    Ok(Request {
        name,
        path: InferPath::Embeddings,
        body: body(fields.map),
    })
}
