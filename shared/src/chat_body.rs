//! The few fields of a request body that we need, read without touching the rest.
//!
//! A body goes to its provider byte for byte; only the value of `model` is replaced. So the body
//! is checked to be JSON, its `model` is found as a range of bytes, and nothing is rebuilt.

use std::ops::Range;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What we read of a request body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Where the value of `model` stands in the body, quotes included.
    model: Option<Range<usize>>,
    /// The caller asked for a stream.
    pub stream: bool,
    /// Where the first field begins (behind the `{`), and whether there is one.
    fields_at: usize,
    has_fields: bool,
}

/// Why a body can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadBody {
    /// Nothing was sent.
    #[error("the request has no body: send a JSON object")]
    Empty,
    /// JSON, but no object.
    #[error("the request body is not a JSON object: it must begin with `{{`")]
    NotAnObject,
    /// Not text.
    #[error("the request body is not UTF-8: the byte at position {0} is not part of any text")]
    NotUtf8(usize),
    /// Not JSON, or a field that we need has the wrong type.
    #[error("the request body can't be read: {0}")]
    Syntax(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "as_it_stands")]
    model: Option<&'a RawValue>,
    #[serde(default)]
    stream: Option<bool>,
}

/// Keeps a `null` too: it must be found to be replaced.
fn as_it_stands<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Checks that `body` is a JSON object and finds what we need in it.
///
/// Errors: [`BadBody`], with line and column where the JSON is broken.
pub fn read(body: &[u8]) -> Result<Head, BadBody> {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    let open = body
        .iter()
        .position(|b| !is_space(b))
        .ok_or(BadBody::Empty)?;
    if body[open] != b'{' {
        return Err(BadBody::NotAnObject);
    }
    let text = str::from_utf8(body).map_err(|wrong| BadBody::NotUtf8(wrong.valid_up_to()))?;
    let fields: Fields<'_> = serde_json::from_str(text)?;
    if let Some(model) = fields.model {
        // A model of another type is the caller's mistake; say so here rather than overwrite it.
        serde_json::from_str::<Option<std::borrow::Cow<'_, str>>>(model.get())?;
    }
    let model = fields.model.map(|raw| {
        let at = raw.get().as_ptr() as usize - body.as_ptr() as usize;
        at..at + raw.get().len()
    });
    let fields_at = open + 1;
    let first = body[fields_at..].iter().find(|b| !is_space(b));
    Ok(Head {
        model,
        stream: fields.stream.unwrap_or(false),
        fields_at,
        has_fields: first != Some(&b'}'),
    })
}

impl Head {
    /// The model that `body` asks for; `None` where it names none.
    pub fn model(&self, body: &[u8]) -> Option<String> {
        serde_json::from_slice(body.get(self.model.clone()?)?).ok()?
    }

    /// The body with `model` as its model; `None` where it says so already.
    pub fn with_model(&self, body: &[u8], model: &str) -> Option<Vec<u8>> {
        let quoted = serde_json::Value::from(model).to_string();
        let (before, insert, after) = match &self.model {
            Some(at) if body.get(at.clone()) == Some(quoted.as_bytes()) => return None,
            Some(at) => (&body[..at.start], quoted, &body[at.end..]),
            None => {
                let comma = if self.has_fields { "," } else { "" };
                let field = format!(r#""model":{quoted}{comma}"#);
                (&body[..self.fields_at], field, &body[self.fields_at..])
            }
        };
        Some([before, insert.as_bytes(), after].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(body: &str) -> String {
        let head = read(body.as_bytes()).unwrap();
        let bytes = head.with_model(body.as_bytes(), "m\"1");
        String::from_utf8(bytes.unwrap_or_else(|| body.into())).unwrap()
    }

    #[test]
    fn only_the_model_is_replaced() {
        assert_eq!(
            rewritten(r#" {"x" : 1.00, "model":  "old" ,"y":[ ]} "#),
            r#" {"x" : 1.00, "model":  "m\"1" ,"y":[ ]} "#
        );
        assert_eq!(rewritten(r#"{"model":"m\"1"}"#), r#"{"model":"m\"1"}"#);
        assert_eq!(rewritten(r#"{"model":null}"#), r#"{"model":"m\"1"}"#);
    }

    #[test]
    fn a_missing_model_is_put_first() {
        assert_eq!(rewritten("{ }"), r#"{"model":"m\"1" }"#);
        assert_eq!(
            rewritten(r#"{"a":{"model":"x"}}"#),
            r#"{"model":"m\"1","a":{"model":"x"}}"#
        );
    }

    #[test]
    fn bad_bodies_say_what_is_wrong() {
        let why = |body: &str| read(body.as_bytes()).unwrap_err().to_string();
        assert!(why("").contains("no body"));
        assert!(
            read(b"{\"a\":\"\xff\"}")
                .unwrap_err()
                .to_string()
                .contains("position 6")
        );
        assert!(why("[1]").contains("begin with `{`"));
        assert!(why("{\"a\":1,}").contains("line 1 column 8"));
        assert!(why(r#"{"model":5}"#).contains("expected a string"));
        assert!(why(r#"{"stream":"yes"}"#).contains("expected a boolean"));
        assert!(why(r#"{"model":"a","model":"b"}"#).contains("duplicate field"));
        assert!(why(&format!("{{\"a\":{}1", "[".repeat(100_000))).contains("EOF"));
    }

    #[test]
    fn the_stream_flag_and_the_model_are_read() {
        let body = br#"{"model":"a\u00e9","stream":true}"#;
        let head = read(body).unwrap();
        assert!(head.stream);
        assert_eq!(head.model(body).as_deref(), Some("aé"));
        assert!(!read(br#"{"stream":null}"#).unwrap().stream);
    }
}
