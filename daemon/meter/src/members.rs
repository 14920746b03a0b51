//! Walks the members of a JSON object that lies in one piece, without parsing it.
//!
//! For [`crate::event`]: it finds where a member stands, to read it or to cut it out. Whatever is
//! no JSON yields no members, or fewer; it never panics.

use std::ops::Range;

use memchr::memchr2;

/// Where one member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The key without its quotes, as written.
    pub(crate) key: Range<usize>,
    /// The value.
    pub(crate) value: Range<usize>,
    /// The comma before it, where there is one.
    comma_before: Option<usize>,
    /// The comma behind it, where there is one.
    comma_after: Option<usize>,
}

impl Member {
    /// The bytes to cut so that the object stays one: the member and one comma.
    pub(crate) fn with_comma(&self) -> Range<usize> {
        match (self.comma_before, self.comma_after) {
            (Some(comma), _) => comma..self.value.end,
            (None, Some(comma)) => self.key.start - 1..comma + 1,
            (None, None) => self.key.start - 1..self.value.end,
        }
    }
}

/// The members of the object that `json` begins with, spaces aside.
pub(crate) struct Members<'a> {
    json: &'a [u8],
    at: usize,
    comma: Option<usize>,
    over: bool,
}

/// Walks `json`; positions are those in `json`.
pub(crate) fn members(json: &[u8]) -> Members<'_> {
    let open = skip_spaces(json, 0);
    Members {
        json,
        at: open + 1,
        comma: None,
        over: json.get(open) != Some(&b'{'),
    }
}

/// The value of the last member called `key`, as the JSON says that the last one counts.
pub(crate) fn find<'a>(json: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let member = members(json)
        .filter(|member| is_key(&json[member.key.clone()], key))
        .last()?;
    Some(&json[member.value])
}

/// Whether a key, as written, means `key`: it may be written with escapes.
pub(crate) fn is_key(written: &[u8], key: &str) -> bool {
    if written == key.as_bytes() {
        return true;
    }
    // The longest way to write a letter has six bytes.
    if !written.contains(&b'\\') || written.len() > 6 * key.len() {
        return false;
    }
    let quoted = [b"\"", written, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).is_ok_and(|read| read == key)
}

impl Iterator for Members<'_> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        let json = self.json;
        let quote = skip_spaces(json, self.at);
        if json.get(quote) != Some(&b'"') {
            return None;
        }
        let key_end = skip_string(json, quote)?;
        let colon = skip_spaces(json, key_end);
        if json.get(colon) != Some(&b':') {
            return None;
        }
        let start = skip_spaces(json, colon + 1);
        let end = skip_value(json, start)?;
        let behind = skip_spaces(json, end);
        let comma_after = (json.get(behind) == Some(&b',')).then_some(behind);
        let member = Member {
            key: quote + 1..key_end - 1,
            value: start..end,
            comma_before: self.comma,
            comma_after,
        };
        self.at = behind + 1;
        self.comma = comma_after;
        self.over = comma_after.is_none();
        Some(member)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

pub(crate) fn skip_spaces(json: &[u8], mut at: usize) -> usize {
    while json.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

/// From a string's first quote to behind its last one.
fn skip_string(json: &[u8], quote: usize) -> Option<usize> {
    let mut at = quote + 1;
    loop {
        at += memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// From a value's first byte to behind its last one.
fn skip_value(json: &[u8], start: usize) -> Option<usize> {
    match json.get(start)? {
        b'"' => skip_string(json, start),
        b'{' | b'[' => skip_nest(json, start),
        _ => {
            let rest = &json[start..];
            let ends = |byte: &u8| is_space(*byte) || matches!(byte, b',' | b'}' | b']');
            let len = rest.iter().position(ends).unwrap_or(rest.len());
            (len > 0).then_some(start + len)
        }
    }
}

fn skip_nest(json: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = open;
    loop {
        match json.get(at)? {
            b'"' => {
                at = skip_string(json, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn without(json: &str, key: &str) -> String {
        let member = members(json.as_bytes())
            .find(|member| is_key(&json.as_bytes()[member.key.clone()], key))
            .unwrap();
        let cut = member.with_comma();
        format!("{}{}", &json[..cut.start], &json[cut.end..])
    }

    #[test]
    fn a_member_is_cut_with_one_comma() {
        assert_eq!(without(r#"{"a":1,"u":null}"#, "u"), r#"{"a":1}"#);
        assert_eq!(without(r#"{"u":null,"a":1}"#, "u"), r#"{"a":1}"#);
        assert_eq!(without(r#"{ "u" : null }"#, "u"), "{  }");
        assert_eq!(
            without(r#"{"a":1 , "u": null, "b":2}"#, "u"),
            r#"{"a":1 , "b":2}"#
        );
    }

    #[test]
    fn a_key_inside_a_string_or_an_inner_object_is_not_found() {
        let json = br#"{"a":"\"u\":1","b":{"u":2},"c":["u",{"u":3}],"\u0075":4}"#;
        assert_eq!(find(json, "u"), Some(&b"4"[..]));
        assert_eq!(find(&json[..40], "u"), None);
    }

    fuzzing::targets! {
        fn whatever_comes_it_does_not_panic(json in r#"[{}\[\]",:\\ u1]{0,40}"#) {
            for member in members(json.as_bytes()) {
                prop_assert!(member.with_comma().end <= json.len());
            }
        }
    }
}
