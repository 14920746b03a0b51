//! Takes control sequences out of everything that the server says, before the console has it.

use serde_json::{Map, Value};

use crate::output::sanitise::sanitise;

/// The value with every text in it cleaned, names of fields too.
pub(super) fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => match sanitise(&text) {
            std::borrow::Cow::Borrowed(_) => Value::String(text),
            std::borrow::Cow::Owned(cleaned) => Value::String(cleaned),
        },
        Value::Array(items) => items.into_iter().map(clean).collect(),
        Value::Object(fields) => {
            let each = fields.into_iter();
            let each = each.map(|(key, value)| (sanitise(&key).into_owned(), clean(value)));
            Value::Object(each.collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_a_server_moves_the_cursor() {
        let dirty = json!({"a\u{1b}[2J": ["x\u{1b}]0;t\u{7}y", {"b": "\u{202e}z"}], "n": 1.5});
        assert_eq!(clean(dirty), json!({"a": ["xy", {"b": "z"}], "n": 1.5}));
    }
}
