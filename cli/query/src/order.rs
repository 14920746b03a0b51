//! In which order values stand: `--sort-by PATH`.

use std::cmp::Ordering;

use serde_json::Value;

use crate::path::Path;

/// Sorts values by what the path leads to in each: numbers as numbers, text as text, and what is
/// absent or null last. Equal ones keep their order.
pub fn sort_by(values: &mut [Value], path: &Path) {
    values.sort_by(|one, other| compare(path.first(one), path.first(other)));
}

fn compare(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one.unwrap_or(&Value::Null), other.unwrap_or(&Value::Null)) {
        (Value::Number(one), Value::Number(other)) => {
            let order = one.as_f64().partial_cmp(&other.as_f64());
            order.unwrap_or(Ordering::Equal)
        }
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (one, other) => rank(one).cmp(&rank(other)),
    }
}

/// Where the types stand among each other.
const fn rank(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Array(_) | Value::Object(_) => 3,
        Value::Null => 4,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_numbers_and_what_is_missing_is_last() {
        let mut values = vec![
            json!({"n": 10, "a": 1}),
            json!({"a": 2}),
            json!({"n": "x"}),
            json!({"n": 9.5}),
            json!({"n": null, "a": 3}),
            json!({"n": "b"}),
        ];
        sort_by(&mut values, &".n".parse().unwrap());
        let expected = json!([{"n": 9.5}, {"n": 10, "a": 1}, {"n": "b"}, {"n": "x"}, {"a": 2},
            {"n": null, "a": 3}]);
        assert_eq!(Value::from(values), expected);
    }
}
