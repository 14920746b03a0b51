//! YAML as people write it today: `no` and `n` are words, and not `false`.

use serde_json::Value;

/// One document.
pub(crate) fn one(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str_with_options(text, options()).map_err(in_words)
}

/// All documents of a text; empty ones are passed over.
pub(crate) fn all(text: &str) -> Result<Vec<Value>, String> {
    serde_saphyr::from_multiple_with_options(text, options()).map_err(in_words)
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true }
}

fn in_words(why: serde_saphyr::Error) -> String {
    let why = why.to_string();
    why.strip_prefix("error: ").unwrap_or(&why).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_is_no_boolean() {
        let value = json!({"a": "n", "b": "no", "c": true, "d": "on", "e": 1, "f": null});
        assert_eq!(
            one("{a: n, b: no, c: true, d: on, e: 1, f: null}").unwrap(),
            value
        );
        assert_eq!(all("a: y\n---\n---\nb: 2\n").unwrap().len(), 2);
        assert!(one("a: [").unwrap_err().starts_with("line 1"));
    }
}
