//! Documents as they are read: their names, and their text for the pane.

use serde_json::{Map, Value};

/// The longest text of a document that is shown, in characters, and the most items of a list:
/// a prompt of a megabyte is looked at elsewhere.
const MAX_CHARS: usize = 8000;
const MAX_ITEMS: usize = 200;

/// A document's name; empty where it has none.
pub(crate) fn name_of(document: &Value) -> &str {
    let name = document.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default()
}

/// A text field; empty where it is none.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// All fields of a document, as YAML.
pub(crate) fn yaml(document: &Value) -> String {
    // Any JSON value can be written as YAML; the other form is for a library that changes its mind.
    let bounded = bounded(document);
    let text = serde_saphyr::to_string(&bounded).unwrap_or_else(|_| format!("{bounded:#}"));
    text.trim_end().to_owned()
}

fn bounded(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(MAX_CHARS) {
            Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()).into(),
            None => text.as_str().into(),
        },
        Value::Array(items) => {
            let mut kept: Vec<_> = items.iter().take(MAX_ITEMS).map(bounded).collect();
            if items.len() > MAX_ITEMS {
                kept.push(format!("… ({} items)", items.len()).into());
            }
            kept.into()
        }
        Value::Object(fields) => {
            let each = fields
                .iter()
                .map(|(key, value)| (key.clone(), bounded(value)));
            each.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_reads_as_yaml_and_is_bounded() {
        let text = yaml(&json!({"metadata": {"name": "x", "size": 3}, "list": ["a", null]}));
        assert_eq!(text, "metadata:\n  name: x\n  size: 3\nlist:\n- a\n- null");
        let long = yaml(&json!({"payload": "x".repeat(1 << 20), "list": vec![1; 9999]}));
        assert!(long.len() < 12_000, "{}", long.len());
        assert!(long.contains("(1048576 bytes)") && long.contains("(9999 items)"));
    }
}
