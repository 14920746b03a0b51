//! A JSON tree that can hold what parsers lose: duplicate keys, numbers as written, any order.

use std::fmt::{Display, Formatter, Result, Write};

use serde_json::Value;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`, `true`, `false`, a number: as written.
    Bare(String),
    /// A text, without quotes and escapes.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object; keys may come twice.
    Object(Vec<(String, Json)>),
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Without spaces.
    #[default]
    Compact,
    /// Spaces of all kinds wherever they are allowed.
    Spaced,
    /// Every character of keys and texts as `\u....`.
    Escaped,
}

impl Json {
    /// Reads a text that is JSON.
    pub fn parse(text: &str) -> Option<Self> {
        Some(serde_json::from_str::<Value>(text).ok()?.into())
    }

    /// The value as a parser gives it; `None` where it is nested too deep for it.
    pub fn value(&self) -> Option<Value> {
        serde_json::from_str(&self.to_string()).ok()
    }

    /// The value as text.
    pub fn written(&self, style: Style) -> String {
        let mut out = String::new();
        // Writing to a `String` does not fail.
        let _ = self.write(style, &mut out);
        out
    }

    /// The values below, in order.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Json> {
        match self {
            Self::List(items) => items.iter_mut().collect(),
            Self::Object(members) => members.iter_mut().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        }
    }

    /// All values of the tree, itself first.
    pub(crate) fn walk<'a>(&'a self, all: &mut Vec<&'a Json>) {
        all.push(self);
        match self {
            Self::List(items) => items.iter().for_each(|item| item.walk(all)),
            Self::Object(members) => members.iter().for_each(|(_, value)| value.walk(all)),
            _ => {}
        }
    }

    fn write(&self, style: Style, out: &mut impl Write) -> Result {
        let space = if style == Style::Spaced {
            " \r\n\t"
        } else {
            ""
        };
        match self {
            Self::Bare(text) => out.write_str(text),
            Self::Text(text) => write_text(text, style, out),
            Self::List(items) => {
                write!(out, "[{space}")?;
                for (n, item) in items.iter().enumerate() {
                    out.write_str(if n == 0 { "" } else { "," })?;
                    item.write(style, out)?;
                    out.write_str(space)?;
                }
                out.write_char(']')
            }
            Self::Object(members) => {
                write!(out, "{{{space}")?;
                for (n, (key, value)) in members.iter().enumerate() {
                    out.write_str(if n == 0 { "" } else { "," })?;
                    write_text(key, style, out)?;
                    write!(out, "{space}:{space}")?;
                    value.write(style, out)?;
                    out.write_str(space)?;
                }
                out.write_char('}')
            }
        }
    }
}

fn write_text(text: &str, style: Style, out: &mut impl Write) -> Result {
    if style != Style::Escaped {
        return write!(out, "{}", Value::from(text));
    }
    out.write_char('"')?;
    for unit in text.encode_utf16() {
        write!(out, "\\u{unit:04x}")?;
    }
    out.write_char('"')
}

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.write(Style::Compact, f)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                let members = members.into_iter();
                Self::Object(members.map(|(key, value)| (key, value.into())).collect())
            }
            bare => Self::Bare(bare.to_string()),
        }
    }
}
