//! Names of resources: what a user types, what stands in a URL and in a table cell.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 63;

/// A resource name: 1 to 63 bytes of `a-z A-Z 0-9 - . _ : /`, first and last a letter or digit.
///
/// The punctuation lets a provider's own model id serve as a name (`qwen2.5:7b`, `org/model`).
/// In a URL path the `/` is written `%2F`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

/// Why a text is not a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing was given.
    #[error("a name is empty: give 1 to 63 characters")]
    Empty,
    /// More than [`MAX_NAME_BYTES`].
    #[error("the name is {0} bytes long: at most 63 are allowed")]
    TooLong(usize),
    /// A character outside the allowed set.
    #[error(
        "the name `{name}` has {found:?}: only letters, digits and `-` `.` `_` `:` `/` are allowed"
    )]
    BadCharacter {
        /// The whole name, control characters escaped.
        name: String,
        /// The first character at fault.
        found: char,
    },
    /// Punctuation where a letter or digit must stand.
    #[error("the name `{0}` must begin and end with a letter or a digit")]
    BadEdge(String),
}

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        if text.is_empty() {
            return Err(BadName::Empty);
        }
        if text.len() > MAX_NAME_BYTES {
            return Err(BadName::TooLong(text.len()));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
        if let Some(found) = text.chars().find(|c| !allowed(*c)) {
            let name = text.escape_debug().to_string();
            return Err(BadName::BadCharacter { name, found });
        }
        let edge = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !edge(text.bytes().next()) || !edge(text.bytes().last()) {
            return Err(BadName::BadEdge(text.into()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_ids_serve_as_names() {
        for text in ["demo", "qwen2.5:7b", "Qwen/Qwen2.5-7B-Instruct-AWQ", "a"] {
            assert_eq!(text.parse::<Name>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_bad_name_says_what_is_wrong() {
        let why = |text: &str| text.parse::<Name>().unwrap_err().to_string();
        assert!(why("").contains("empty"));
        assert!(why(&"x".repeat(64)).contains("64 bytes"));
        assert!(why("a b").contains("' '"));
        assert!(why("_provider-stream").contains("begin and end"));
        assert!(why("x\u{1b}[2J").contains("only letters"));
        assert!(!why("x\u{1b}[2J").contains('\u{1b}'));
    }
}
