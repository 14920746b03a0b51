//! How deep JSON may nest that is kept and given to others.
//!
//! Parsers stop somewhere: .NET's at 64 levels, serde_json at 128, Python's at about 1,000. What is deeper could be
//! stored, and then not be read: not by its author, and not by a worker that was given it among other jobs.

use serde_json::Value;

/// Arrays and objects inside one another: with what a document puts around them, every parser reads them.
pub const MAX_NESTING: usize = 60;

/// Whether a JSON text nests deeper than [`MAX_NESTING`].
///
/// Shape: `json` is valid; of other texts the answer means nothing.
pub fn is_too_deep(json: &str) -> bool {
    let mut depth = 0_usize;
    let (mut in_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text && depth == MAX_NESTING => return true,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The same of a value.
pub fn is_value_too_deep(value: &Value) -> bool {
    fits_not(value, MAX_NESTING)
}

fn fits_not(value: &Value, levels: usize) -> bool {
    let inside = |value: &Value| levels == 0 || fits_not(value, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(inside),
        Value::Object(fields) => levels == 0 || fields.values().any(inside),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use fuzzing::proptest::prelude::*;

    use super::*;

    fuzzing::targets! {
        fn a_text_is_as_deep_as_what_a_parser_makes_of_it(
            json in fuzzing::mutated(&[r#"{"a":["\"[{",[[{"]":"\\"}]],"}"]}"#]),
            around in 0..80_usize,
        ) {
            let text = format!("{}{json}{}", "[".repeat(around), "]".repeat(around));
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                prop_assert_eq!(is_too_deep(&value.to_string()), is_value_too_deep(&value), "{}", text);
                // Of members that come twice a parser keeps one.
                prop_assert!(is_too_deep(&text) || !is_value_too_deep(&value), "{}", text);
            }
        }
    }

    #[test]
    fn the_limit_is_the_last_that_fits() {
        for (levels, is_deep) in [
            (MAX_NESTING, false),
            (MAX_NESTING + 1, true),
            (20_000, true),
        ] {
            let text = "[".repeat(levels) + &"]".repeat(levels);
            assert_eq!(is_too_deep(&text), is_deep, "{levels}");
        }
        assert!(!is_too_deep(&format!("{:?}", "[".repeat(100))));
        assert!(!is_too_deep(&"[[[]],[]]".repeat(100)));
    }
}
