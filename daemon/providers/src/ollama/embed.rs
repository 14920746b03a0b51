//! Embeddings: `/api/embed`, many texts in one call. The numbers pass as they are written.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::request::{Asked, Mapped, bad};
use crate::Error;

#[derive(Deserialize)]
struct Embedded<'a> {
    #[serde(default)]
    model: String,
    #[serde(borrow)]
    embeddings: Vec<&'a RawValue>,
    #[serde(default)]
    prompt_eval_count: u64,
}

/// OpenAI's request in Ollama's words.
pub(super) fn request(asked: &[u8]) -> Result<Mapped, Error> {
    let mut asked = Asked::read(asked)?;
    let mut body = Map::new();
    body.insert("model".into(), asked.take("model").unwrap_or_default());
    let input = asked.take("input").unwrap_or_default();
    let texts = |many: &Vec<Value>| many.iter().all(Value::is_string);
    if !(input.is_string() || input.as_array().is_some_and(texts)) {
        return Err(bad(
            "`input` must be a text or an array of texts, not of tokens",
        ));
    }
    body.insert("input".into(), input);
    if let Some(dimensions) = asked.take("dimensions") {
        body.insert("dimensions".into(), dimensions);
    }
    asked.take_where("encoding_format", &json!("float"));
    Ok(Mapped {
        body,
        stream: false,
        include_usage: false,
        dropped: asked.left(),
    })
}

/// Ollama's answer in OpenAI's words.
pub(super) fn response(bytes: &[u8]) -> Result<String, Error> {
    let embedded: Embedded<'_> = serde_json::from_slice(bytes)
        .map_err(|_| Error::Unreadable("its embeddings are not what Ollama sends".into()))?;
    let mut out = String::with_capacity(bytes.len() + 200);
    out.push_str(r#"{"object":"list","data":["#);
    for (index, vector) in embedded.embeddings.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let head = format!(r#"{comma}{{"object":"embedding","index":{index},"embedding":"#);
        out.push_str(&head);
        out.push_str(vector.get());
        out.push('}');
    }
    let tokens = embedded.prompt_eval_count;
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let model = Value::from(embedded.model);
    out.push_str(&format!(r#"],"model":{model},"usage":{usage}}}"#));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_passed_on_as_they_are_written() {
        let theirs = br#"{"model":"e","embeddings":[[0.10,-1e-3],[2]],"prompt_eval_count":4}"#;
        assert_eq!(
            response(theirs).unwrap(),
            concat!(
                r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10,-1e-3]},"#,
                r#"{"object":"embedding","index":1,"embedding":[2]}],"model":"e","#,
                r#""usage":{"prompt_tokens":4,"total_tokens":4}}"#
            )
        );
    }

    #[test]
    fn tokens_as_input_are_refused_and_another_encoding_is_named() {
        assert!(request(br#"{"model":"e","input":[1,2]}"#).is_err());
        let mapped = request(br#"{"model":"e","input":["a"],"encoding_format":"base64"}"#).unwrap();
        assert_eq!(mapped.dropped, ["encoding_format"]);
    }
}
