//! Finds one member of a JSON value that passes in pieces, and keeps its bytes.
//!
//! It understands strings and depth and nothing more: what it reads need not fit anywhere, and of
//! all that passes it keeps the member alone. [`crate::Meter`] uses it for whole answers and for
//! events that are too large to hold.

use memchr::memchr2;

use crate::members::is_key;

/// The longest key that is looked at: `response`, every letter an escape.
const MAX_KEY_BYTES: usize = 48;
/// The largest member that is kept. Usages have some hundred bytes.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Outside strings, what changes the depth or begins a string.
static TURNS: [bool; 256] = {
    let mut table = [false; 256];
    let turns = b"\"{}[]";
    let mut i = 0;
    while i < turns.len() {
        table[turns[i] as usize] = true;
        i += 1;
    }
    table
};

/// Looks for `path`, a key per level of objects; the last one found counts.
#[derive(Debug)]
pub(crate) struct Scanner {
    path: &'static [&'static str],
    /// How many containers are open.
    depth: usize,
    /// How many objects on the path are open. Where all that is open is, this level is watched.
    on_path: usize,
    text: Text,
    /// At the watched level: what comes next is a key.
    key_next: bool,
    key: Vec<u8>,
    /// At the watched level: the value that comes is the path's next step.
    wanted: bool,
    keeping: bool,
    value: Vec<u8>,
    over: bool,
}

/// Where we stand; the flag says that the string is a key of the watched level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Outside,
    String(bool),
    Escape(bool),
}

impl Scanner {
    pub(crate) fn new(path: &'static [&'static str]) -> Self {
        Self {
            path,
            depth: 0,
            on_path: 0,
            text: Text::Outside,
            key_next: false,
            key: Vec::new(),
            wanted: false,
            keeping: false,
            value: Vec::new(),
            over: false,
        }
    }

    /// The outermost object or array is closed.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// What was found, as written; `None` where nothing was, or it was too large.
    pub(crate) fn found(&self) -> Option<&[u8]> {
        let is_whole = !self.keeping && (1..=MAX_VALUE_BYTES).contains(&self.value.len());
        is_whole.then_some(&self.value)
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let mut at = 0;
        let mut kept_from = 0;
        while at < bytes.len() && !self.over {
            let rest = &bytes[at..];
            at += match self.text {
                Text::String(is_key) => self.read_string(rest, is_key),
                Text::Escape(is_key) => {
                    self.take_key(is_key, &rest[..1]);
                    self.text = Text::String(is_key);
                    1
                }
                Text::Outside if self.depth > 0 && self.depth == self.on_path => {
                    let was_keeping = self.keeping;
                    self.read_watched(rest[0]);
                    if was_keeping && !self.keeping {
                        self.keep(&bytes[kept_from..at]);
                    } else if self.keeping && !was_keeping {
                        kept_from = at + 1;
                    }
                    1
                }
                Text::Outside => self.read_unwatched(rest),
            };
        }
        if self.keeping {
            self.keep(&bytes[kept_from..at]);
        }
    }

    fn read_string(&mut self, rest: &[u8], is_key: bool) -> usize {
        let Some(end) = memchr2(b'"', b'\\', rest) else {
            self.take_key(is_key, rest);
            return rest.len();
        };
        if rest[end] == b'"' {
            self.take_key(is_key, &rest[..end]);
            self.text = Text::Outside;
        } else {
            self.take_key(is_key, &rest[..=end]);
            self.text = Text::Escape(is_key);
        }
        end + 1
    }

    fn read_watched(&mut self, byte: u8) {
        let is_last = self.on_path == self.path.len();
        match byte {
            b'"' => {
                let is_key = std::mem::take(&mut self.key_next);
                if is_key {
                    self.key.clear();
                }
                self.text = Text::String(is_key);
            }
            b':' => {
                self.wanted = is_key(&self.key, self.path[self.on_path - 1]);
                if self.wanted {
                    self.value.clear();
                    self.keeping = is_last;
                }
            }
            b',' => {
                self.keeping = false;
                self.wanted = false;
                self.key_next = true;
            }
            b'{' | b'[' => {
                self.depth += 1;
                if byte == b'{' && self.wanted && !is_last {
                    self.on_path += 1;
                    self.key_next = true;
                }
                self.wanted = false;
            }
            b'}' | b']' => {
                self.keeping = false;
                self.on_path -= 1;
                self.close();
            }
            _ => {}
        }
    }

    /// Outside the watched level only depth and strings matter.
    fn read_unwatched(&mut self, rest: &[u8]) -> usize {
        let Some(turn) = rest.iter().position(|byte| TURNS[usize::from(*byte)]) else {
            return rest.len();
        };
        match rest[turn] {
            b'"' => self.text = Text::String(false),
            b'{' if self.depth == 0 => {
                (self.depth, self.on_path, self.key_next) = (1, 1, true);
            }
            b'{' | b'[' => self.depth += 1,
            _ => self.close(),
        }
        turn + 1
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.over = self.depth == 0;
    }

    fn take_key(&mut self, is_key: bool, part: &[u8]) {
        if is_key {
            let room = (MAX_KEY_BYTES + 1).saturating_sub(self.key.len());
            self.key.extend_from_slice(&part[..part.len().min(room)]);
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = (MAX_VALUE_BYTES + 1).saturating_sub(self.value.len());
        self.value.extend_from_slice(&part[..part.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn scan(path: &'static [&'static str], pieces: &[&[u8]]) -> Option<Value> {
        let mut scanner = Scanner::new(path);
        for piece in pieces {
            scanner.feed(piece);
        }
        assert!(scanner.is_over());
        Some(serde_json::from_slice(scanner.found()?).unwrap())
    }

    #[test]
    fn text_and_inner_objects_are_no_member() {
        let body = br#"{"a":"\"usage\":{}","b":{"usage":1},"c":[{"usage":2}],
            "usage" : {"x":[{"y":"}"}]} , "d":"usage"}"#;
        assert_eq!(scan(&["usage"], &[body]), Some(json!({"x":[{"y":"}"}]})));
        assert_eq!(scan(&["usage"], &[br#"[{"usage":1}]"#]), None);
        assert_eq!(
            scan(
                &["r", "usage"],
                &[br#"{"usage":1,"r":{"usage":2},"x":{"usage":3}}"#]
            ),
            Some(json!(2))
        );
        assert_eq!(
            scan(&["usage"], &[br#"{"usage":1,"us\u0061ge":2}"#]),
            Some(json!(2))
        );
    }

    #[test]
    fn a_member_too_large_to_keep_is_none() {
        let body = format!(r#"{{"usage":"{}"}}"#, "x".repeat(MAX_VALUE_BYTES));
        assert_eq!(scan(&["usage"], &[body.as_bytes()]), None);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            r#"[a-c"\\{}\[\],:é]{0,6}"#.prop_map(Value::from),
            Just(Value::from("usage")),
            Just(Value::from(r#"","usage":{"#)),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let key = prop::sample::select(vec!["usage", "response", "a", "\"usage", "u\\"]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..5).prop_map(|members| {
                    let members = members.into_iter().map(|(key, value)| (key.into(), value));
                    Value::Object(members.collect())
                }),
            ]
        })
    }

    fuzzing::targets! {
        #![cases(400)]
        fn it_finds_what_a_parser_finds_however_it_is_cut(
            members in prop::collection::vec(
                (prop::sample::select(vec!["usage", "response", "a"]), value()), 0..5),
            pretty in any::<bool>(),
            cuts in fuzzing::cuts(),
        ) {
            // Written by hand, so that a key may come twice.
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| match pretty {
                    true => format!("\n \"{key}\" : {value:#}"),
                    false => format!("\"{key}\":{value}"),
                })
                .collect();
            let text = format!("{{{}}}", members.join(","));
            let parsed: Value = serde_json::from_str(&text).unwrap();
            let pieces = cuts.of(text.as_bytes());
            prop_assert_eq!(scan(&["usage"], &pieces), parsed.get("usage").cloned());
            prop_assert_eq!(
                scan(&["response", "usage"], &pieces),
                parsed.pointer("/response").filter(|v| v.is_object()).and_then(|v| v.get("usage")).cloned()
            );
        }

        fn whatever_comes_it_does_not_panic(json in r#"[{}\[\]",:\\ usage1]{0,60}"#) {
            let mut scanner = Scanner::new(&["u", "s"]);
            scanner.feed(json.as_bytes());
        }
    }
}
