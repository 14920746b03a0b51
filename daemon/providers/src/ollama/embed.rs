//! Embeddings: `/api/embed`, many texts in one call. As floats the numbers pass as they are
//! written; base64 is made here.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::request::{Asked, Mapped, bad};
use crate::Error;
use crate::encoding::Encoding;

#[derive(Deserialize)]
struct Embedded<'a> {
    #[serde(default)]
    model: String,
    #[serde(borrow)]
    embeddings: Vec<&'a RawValue>,
    #[serde(default)]
    prompt_eval_count: u64,
}

/// OpenAI's request in Ollama's words, and how the caller wants the numbers.
pub(super) fn request(asked: &[u8]) -> Result<(Mapped, Encoding), Error> {
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
    let encoding = Encoding::named(asked.take("encoding_format").as_ref())
        .ok_or_else(|| bad("`encoding_format` must be float or base64"))?;
    let mapped = Mapped {
        body,
        stream: false,
        include_usage: false,
        dropped: asked.left(),
    };
    Ok((mapped, encoding))
}

/// Ollama's answer in OpenAI's words.
pub(super) fn response(bytes: &[u8], encoding: Encoding) -> Result<String, Error> {
    let unreadable = |_| Error::Unreadable("its embeddings are not what Ollama sends".into());
    let embedded: Embedded<'_> = serde_json::from_slice(bytes).map_err(unreadable)?;
    let mut out = String::with_capacity(bytes.len() + 200);
    out.push_str(r#"{"object":"list","data":["#);
    for (index, vector) in embedded.embeddings.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let head = format!(r#"{comma}{{"object":"embedding","index":{index},"embedding":"#);
        out.push_str(&head);
        encoding.write(vector, &mut out).map_err(unreadable)?;
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
            response(theirs, Encoding::Float).unwrap(),
            concat!(
                r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10,-1e-3]},"#,
                r#"{"object":"embedding","index":1,"embedding":[2]}],"model":"e","#,
                r#""usage":{"prompt_tokens":4,"total_tokens":4}}"#
            )
        );
    }

    #[test]
    fn base64_is_given_where_it_is_asked_for() {
        let asked = br#"{"model":"e","input":["a"],"encoding_format":"base64"}"#;
        let (mapped, encoding) = request(asked).unwrap();
        assert!(mapped.dropped.is_empty() && !mapped.body.contains_key("encoding_format"));
        let ours = response(br#"{"model":"e","embeddings":[[1.5],[2]]}"#, encoding).unwrap();
        let ours: Value = serde_json::from_str(&ours).unwrap();
        assert_eq!(ours["data"][0]["embedding"], "AADAPw==");
        assert_eq!(ours["data"][1]["embedding"], "AAAAQA==");
        assert!(response(br#"{"embeddings":[["x"]]}"#, encoding).is_err());
    }

    #[test]
    fn tokens_as_input_and_a_strange_encoding_are_refused() {
        assert!(request(br#"{"model":"e","input":[1,2]}"#).is_err());
        assert!(request(br#"{"model":"e","input":["a"],"encoding_format":"int8"}"#).is_err());
    }
}
