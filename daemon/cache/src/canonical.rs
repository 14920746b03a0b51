//! A JSON text in its one canonical way of being written: members sorted, no spaces, strings with
//! the fewest escapes, numbers as they came.
//!
//! Numbers are kept as written on purpose: `1` and `1.0` may mean the same, but reading them as
//! floats would make two large seeds one.

use std::borrow::Cow;

/// Deeper than this is no request that anybody sends; it has no canonical form.
const MAX_DEPTH: usize = 128;

/// The members of an object, keys decoded, in their order; `None` where `json` is no object.
pub(crate) fn members(json: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut rest = json.trim_ascii().strip_prefix('{')?.trim_ascii_start();
    let mut members = Vec::new();
    while let Some(key) = rest
        .get(..string_len(rest).unwrap_or(0))
        .filter(|k| !k.is_empty())
    {
        let behind = rest[key.len()..].trim_ascii_start().strip_prefix(':')?;
        let behind = behind.trim_ascii_start();
        let value = &behind[..value_len(behind)?];
        members.push((decoded(key), value));
        rest = behind[value.len()..].trim_ascii_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_ascii_start(),
            None => break,
        }
    }
    rest.starts_with('}').then_some(members)
}

fn write_at(json: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    match json.as_bytes().first()? {
        b'"' => write_string(json, out),
        b'[' => {
            out.push(b'[');
            let mut rest = json[1..].trim_ascii_start();
            while !rest.starts_with(']') {
                let len = value_len(rest)?;
                write_at(&rest[..len], depth + 1, out)?;
                rest = rest[len..].trim_ascii_start();
                if let Some(next) = rest.strip_prefix(',') {
                    out.push(b',');
                    rest = next.trim_ascii_start();
                }
            }
            out.push(b']');
        }
        b'{' => write_object(members(json)?, depth, out)?,
        _ => out.extend_from_slice(json.as_bytes()),
    }
    Some(())
}

/// Writes members, which a parser has found to be JSON, as an object, sorted by their keys; those
/// of the same key stay in order. `None` where one is nested too deep.
pub(crate) fn write_members(members: Vec<(Cow<'_, str>, &str)>, out: &mut Vec<u8>) -> Option<()> {
    write_object(members, 0, out)
}

fn write_object(
    mut members: Vec<(Cow<'_, str>, &str)>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    out.push(b'{');
    for (i, (key, value)) in members.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(serde_json::Value::from(key.as_ref()).to_string().as_bytes());
        out.push(b':');
        write_at(value, depth + 1, out)?;
    }
    out.push(b'}');
    Some(())
}

fn write_string(quoted: &str, out: &mut Vec<u8>) {
    // Without an escape there is one way to write it.
    if quoted.contains('\\')
        && let Ok(text) = serde_json::from_str::<String>(quoted)
    {
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    } else {
        out.extend_from_slice(quoted.as_bytes());
    }
}

fn decoded(quoted: &str) -> Cow<'_, str> {
    let inside = &quoted[1..quoted.len() - 1];
    if inside.contains('\\') {
        // Half a surrogate is JSON but no text; as written it is a name too.
        serde_json::from_str::<String>(quoted).map_or(Cow::Borrowed(inside), Cow::Owned)
    } else {
        Cow::Borrowed(inside)
    }
}

/// How long the string is that `json` begins with, quotes included.
fn string_len(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// How long the value is that `json` begins with.
fn value_len(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at += string_len(&json[at..])?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth == 0 {
                    return (at > 0).then_some(at);
                }
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return (at > 0).then_some(at),
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn canonical(json: &str) -> String {
        let mut out = Vec::new();
        write_at(json.trim_ascii(), 0, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn order_spaces_and_escapes_vanish_and_numbers_stay() {
        assert_eq!(
            canonical(r#" { "b" : [ 1.00 , {} , [ ] , null ] , "\u0061" : "\u00e9\/\n" } "#),
            r#"{"a":"é/\n","b":[1.00,{},[],null]}"#
        );
        assert_eq!(
            canonical(r#"{"seed":18446744073709551617}"#),
            r#"{"seed":18446744073709551617}"#
        );
        assert_eq!(canonical(r#"["\ud800"]"#), r#"["\ud800"]"#);
    }

    #[test]
    fn what_is_nested_without_end_has_no_form() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(write_at(&deep, 0, &mut Vec::new()), None);
    }

    fuzzing::targets! {
        fn it_means_what_was_written_however_it_was_spaced(
            pairs in prop::collection::vec((r#"[a-c"\\é\n]{0,3}"#, r#"[a"\\{}\[\],:é]{0,5}"#), 0..5),
            numbers in prop::collection::vec(any::<i64>(), 0..4),
        ) {
            let members = pairs.into_iter().map(|(key, text)| (key, Value::from(text)));
            let mut value = Value::Object(members.collect());
            value["n"] = numbers.into();
            let text = canonical(&value.to_string());
            prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &value);
            prop_assert_eq!(&canonical(&format!("{value:#}")), &text);
            prop_assert_eq!(&canonical(&text), &text);
        }

        fn a_body_has_one_form_however_it_is_written(body in fuzzing::mutated(&fuzzing::corpus::requests(""))) {
            let form = |style| {
                let (text, mut out) = (body.written(style), Vec::new());
                write_at(&text, 0, &mut out).map(|()| out)
            };
            let compact = form(fuzzing::Style::Compact);
            prop_assert_eq!(&form(fuzzing::Style::Spaced), &compact);
            prop_assert_eq!(&form(fuzzing::Style::Escaped), &compact);
            if let Some(compact) = compact {
                let text = String::from_utf8(compact).unwrap();
                // Some forms are nested deeper than a parser likes.
                if let Some(means) = body.value() {
                    prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(means));
                }
                prop_assert_eq!(canonical(&text), text);
            }
        }

        fn whatever_comes_it_does_not_panic(json in r#"[{}\[\]",:\\ é1]{0,40}"#) {
            let _ = members(&json);
        }
    }
}
