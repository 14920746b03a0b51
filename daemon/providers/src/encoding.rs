//! How a caller of embeddings wants the numbers: as JSON, or packed in base64. Used by the
//! providers that answer in a shape of their own.
//!
//! OpenAI's SDKs ask for base64 unasked, and the one for Node takes numbers for it without a word.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::value::RawValue;

/// OpenAI's `encoding_format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// An array of numbers.
    #[default]
    Float,
    /// 32-bit floats, little endian, in base64.
    Base64,
}

impl Encoding {
    /// What `encoding_format` asks for; `None` where it is neither.
    pub(crate) fn named(format: Option<&Value>) -> Option<Self> {
        match format {
            None | Some(Value::Null) => Some(Self::Float),
            Some(Value::String(format)) if format == "float" => Some(Self::Float),
            Some(Value::String(format)) if format == "base64" => Some(Self::Base64),
            Some(_) => None,
        }
    }

    /// Appends `vector` to an answer. As floats the numbers pass as they are written.
    ///
    /// Errors: `vector` is no array of numbers.
    pub(crate) fn write(self, vector: &RawValue, out: &mut String) -> serde_json::Result<()> {
        match self {
            Self::Float if is_array_of_numbers(vector.get()) => out.push_str(vector.get()),
            Self::Float => {
                return Err(serde::de::Error::custom("an array of numbers was expected"));
            }
            Self::Base64 => {
                let numbers: Vec<f32> = serde_json::from_str(vector.get())?;
                out.push('"');
                out.push_str(&packed(numbers));
                out.push('"');
            }
        }
        Ok(())
    }
}

/// Of JSON: no other value is written with these characters alone.
fn is_array_of_numbers(json: &str) -> bool {
    let inner = json
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let fits = |byte: u8| {
        matches!(
            byte,
            b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' | b',' | b' ' | b'\t' | b'\r' | b'\n'
        )
    };
    inner.is_some_and(|numbers| numbers.bytes().all(fits))
}

/// The numbers as OpenAI's base64 has them.
pub(crate) fn packed(numbers: impl IntoIterator<Item = f32>) -> String {
    let bytes = numbers.into_iter().flat_map(f32::to_le_bytes);
    STANDARD.encode(bytes.collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_pass_as_written_or_become_little_endian_floats() {
        let vector: &RawValue = serde_json::from_str("[0.10,-1e0,2]").unwrap();
        let written = |encoding: Encoding| {
            let mut out = String::new();
            encoding.write(vector, &mut out).unwrap();
            out
        };
        assert_eq!(written(Encoding::Float), "[0.10,-1e0,2]");
        let text: String = serde_json::from_str(&written(Encoding::Base64)).unwrap();
        let bytes = STANDARD.decode(text).unwrap();
        let (numbers, rest) = bytes.as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().copied().map(f32::from_le_bytes).collect();
        assert_eq!((numbers, rest), (vec![0.1, -1.0, 2.0], &[][..]));
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused_in_either_form() {
        for json in [r#"{"a":1}"#, r#"["x"]"#, "[[1]]", "null", "[null]"] {
            let vector: Box<RawValue> = serde_json::from_str(json).unwrap();
            for form in [Encoding::Float, Encoding::Base64] {
                assert!(form.write(&vector, &mut String::new()).is_err(), "{json}");
            }
        }
    }

    #[test]
    fn only_the_two_of_openai_are_known() {
        let named = |format: Value| Encoding::named(Some(&format));
        assert_eq!(Encoding::named(None), Some(Encoding::Float));
        assert_eq!(named(json!("float")), Some(Encoding::Float));
        assert_eq!(named(json!("base64")), Some(Encoding::Base64));
        assert_eq!(named(json!("int8")), None);
    }
}
