//! `ollama.generate`, `ollama.embed`: Ollama's words, put into the gateway's.
//!
//! | Ollama | gateway |
//! |---|---|
//! | `prompt`, `system`, `images` | `messages` |
//! | `options.num_predict` | `max_tokens` |
//! | `options.*` | the same name |
//! | `format` | `response_format` |
//! | `think` | `think` |

use serde_json::{Map, Value, json};
use shared::infer_path::InferPath;

use super::chat::streamed;
use super::{BadPayload, Fields, Request, bad, body};

/// Said of a model and not of a request: it holds for whoever loads it.
const NOT_OURS: [&str; 3] = ["num_ctx", "num_gpu", "num_thread"];

pub(super) fn generate(mut fields: Fields) -> Result<Request, BadPayload> {
    let name = fields.model(&["model", "llm"])?;
    let prompt = fields.required("prompt")?;
    let Value::String(prompt) = prompt else {
        return Err(bad(fields.kind, "`prompt` must be a text"));
    };
    let mut messages = Vec::new();
    if let Some(system) = fields.text("system")? {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": content(&mut fields, prompt)}));
    fields.map.insert("messages".into(), messages.into());
    options(&mut fields)?;
    format(&mut fields);
    // What only Ollama's own API has.
    for name in ["keep_alive", "raw", "template", "context", "suffix"] {
        fields.map.shift_remove(name);
    }
    Ok(streamed(name, fields))
}

pub(super) fn embed(mut fields: Fields) -> Result<Request, BadPayload> {
    let name = fields.model(&["model", "llm"])?;
    let input = match fields.map.shift_remove("input") {
        Some(input) => input,
        None => fields.required("prompt")?,
    };
    let mut whole = Map::new();
    whole.insert("model".into(), name.as_str().into());
    whole.insert("input".into(), input);
    Ok(Request {
        name,
        path: InferPath::Embeddings,
        body: body(whole),
    })
}

/// The prompt, with its images where it has some.
fn content(fields: &mut Fields, prompt: String) -> Value {
    let images = match fields.map.shift_remove("images") {
        Some(Value::Array(images)) if !images.is_empty() => images,
        _ => return prompt.into(),
    };
    let mut parts = vec![json!({"type": "text", "text": prompt})];
    for image in images {
        let data = image.as_str().unwrap_or_default();
        let url = format!("data:image/png;base64,{data}");
        parts.push(json!({"type": "image_url", "image_url": {"url": url}}));
    }
    parts.into()
}

fn options(fields: &mut Fields) -> Result<(), BadPayload> {
    let options = match fields.map.shift_remove("options") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(options)) => options,
        Some(_) => return Err(bad(fields.kind, "`options` must be an object")),
    };
    for (name, value) in options {
        let name = match name.as_str() {
            "num_predict" => "max_tokens".to_owned(),
            skipped if NOT_OURS.contains(&skipped) => continue,
            _ => name,
        };
        fields.map.insert(name, value);
    }
    Ok(())
}

fn format(fields: &mut Fields) {
    let format = match fields.map.shift_remove("format") {
        Some(Value::String(json)) if json == "json" => json!({"type": "json_object"}),
        Some(schema @ Value::Object(_)) => {
            json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}})
        }
        _ => return,
    };
    fields.map.insert("response_format".into(), format);
}
