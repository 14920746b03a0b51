//! Two people's changes of one document, put together field by field.

use serde_json::{Map, Value};

/// Both changes in one document.
pub(super) struct Merged {
    pub(super) document: Value,
    /// The fields that both changed, each in its own way: hers stand in the document.
    pub(super) both: Vec<String>,
}

/// Puts her changes of `base` on top of theirs.
pub(super) fn merge(base: &Value, hers: &Value, theirs: &Value) -> Merged {
    let mut both = Vec::new();
    let document = merged(Some(base), Some(hers), Some(theirs), "", &mut both);
    Merged {
        document: document.unwrap_or_default(),
        both,
    }
}

/// `None` is a field that is not there.
fn merged(
    base: Option<&Value>,
    hers: Option<&Value>,
    theirs: Option<&Value>,
    path: &str,
    both: &mut Vec<String>,
) -> Option<Value> {
    if hers == base {
        return theirs.cloned();
    }
    if theirs == base || theirs == hers {
        return hers.cloned();
    }
    if let (Some(Value::Object(hers)), Some(Value::Object(theirs))) = (hers, theirs) {
        let none = Map::new();
        let base = base.and_then(Value::as_object).unwrap_or(&none);
        let added = hers.keys().filter(|key| !theirs.contains_key(*key));
        let fields = theirs.keys().chain(added).filter_map(|key| {
            let path = match path {
                "" => key.clone(),
                path => format!("{path}.{key}"),
            };
            let value = merged(base.get(key), hers.get(key), theirs.get(key), &path, both);
            value.map(|value| (key.clone(), value))
        });
        return Some(Value::Object(fields.collect()));
    }
    both.push(path.into());
    hers.cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_one_changed_is_taken_and_what_both_changed_is_named() {
        let base = json!({"spec": {"a": 1, "b": 1, "c": 1, "d": 1, "e": {"x": 1, "y": 1}}});
        let hers = json!({"spec": {"a": 2, "b": 1, "c": 2, "e": {"x": 2, "y": 1}, "new": 1}});
        let theirs = json!({"spec": {"a": 1, "b": 3, "c": 3, "d": 1, "e": {"x": 1, "y": 3}}});
        let merged = merge(&base, &hers, &theirs);
        assert_eq!(
            merged.document,
            json!({"spec": {"a": 2, "b": 3, "c": 2, "e": {"x": 2, "y": 3}, "new": 1}})
        );
        assert_eq!(merged.both, ["spec.c"]);
    }
}
