//! The model's name: it stands in the path, so it is checked and encoded; and its version says
//! how the model is told to think.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::asked::bad;
use crate::Error;

/// Everything but RFC 3986's unreserved characters: a name stays one segment of the path.
const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// Where models live; a name without one of these is below the first.
const COLLECTIONS: [&str; 2] = ["models", "tunedModels"];

/// A model's name, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModelName {
    collection: &'static str,
    name: String,
}

/// How a model is told how much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It can't think.
    Never,
    /// By a number of tokens (`thinkingBudget`).
    Budget {
        /// A budget of 0 turns it off.
        can_stop: bool,
    },
    /// By a word (`thinkingLevel`); it never stops thinking wholly.
    Level {
        /// It knows `minimal`.
        minimal: bool,
        /// It knows `medium`.
        medium: bool,
    },
}

impl ModelName {
    /// The request's `model`, with or without `models/`.
    pub(super) fn read(asked: Option<Value>) -> Result<Self, Error> {
        let asked = match &asked {
            Some(Value::String(name)) => name.trim(),
            _ => "",
        };
        let below = COLLECTIONS.iter().find_map(|collection| {
            let name = asked.strip_prefix(collection)?.strip_prefix('/')?;
            Some((*collection, name))
        });
        let (collection, name) = below.unwrap_or((COLLECTIONS[0], asked));
        if name.bytes().all(|byte| byte == b'.') {
            return Err(bad("`model` must name a model, such as gemini-2.5-flash"));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(bad("the name in `model` is too long"));
        }
        Ok(Self {
            collection,
            name: name.into(),
        })
    }

    /// The name alone.
    pub(super) fn bare(&self) -> &str {
        &self.name
    }

    /// The name as Google's bodies write it: `models/...`.
    pub(super) fn resource(&self) -> String {
        format!("{}/{}", self.collection, self.name)
    }

    /// The path of a call of `method`, below the version.
    pub(super) fn path(&self, method: &str) -> String {
        let name = utf8_percent_encode(&self.name, NOT_UNRESERVED);
        format!("{}/{name}:{method}", self.collection)
    }

    /// How this model is told to think.
    ///
    /// Source: ai.google.dev, "OpenAI compatibility" and "Gemini thinking".
    pub(super) fn thinking(&self) -> Thinking {
        let pro = self.name.contains("-pro");
        match self.version() {
            Some(version) if version >= (3, 0) => Thinking::Level {
                minimal: !pro,
                medium: !pro || version > (3, 0),
            },
            Some(version) if version >= (2, 5) => Thinking::Budget { can_stop: !pro },
            // Names such as `gemini-flash-latest`; the newest models take a budget too.
            None if self.name.starts_with("gemini-") => Thinking::Budget { can_stop: !pro },
            _ => Thinking::Never,
        }
    }

    /// Whether the model refuses a function call of its own that has lost its signature.
    pub(super) fn wants_signatures(&self) -> bool {
        self.version().is_some_and(|version| version >= (3, 0))
    }

    /// `(2, 5)` of `gemini-2.5-flash`.
    fn version(&self) -> Option<(u32, u32)> {
        let rest = self.name.strip_prefix("gemini-")?;
        let number = rest.split('-').next()?;
        let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
        Some((major.parse().ok()?, minor.parse().ok()?))
    }
}

/// Encodes a page token for a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NOT_UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn model(name: &str) -> ModelName {
        ModelName::read(Some(json!(name))).unwrap()
    }

    #[test]
    fn the_prefix_may_be_there_or_not() {
        for name in ["gemini-2.5-flash", "models/gemini-2.5-flash"] {
            assert_eq!(model(name).bare(), "gemini-2.5-flash");
            assert_eq!(model(name).path("x"), "models/gemini-2.5-flash:x");
            assert_eq!(model(name).resource(), "models/gemini-2.5-flash");
        }
        assert_eq!(
            model("tunedModels/mine-1").path("x"),
            "tunedModels/mine-1:x"
        );
    }

    #[test]
    fn a_name_never_leaves_its_segment() {
        let path = |name: &str| model(name).path("m");
        assert_eq!(path("../files"), "models/..%2Ffiles:m");
        assert_eq!(path("a?key=b#c"), "models/a%3Fkey%3Db%23c:m");
        assert_eq!(path("a:deleteAll"), "models/a%3AdeleteAll:m");
        assert_eq!(path("a\r\nHost: b"), "models/a%0D%0AHost%3A%20b:m");
        assert_eq!(path("%2e%2e"), "models/%252e%252e:m");
        assert_eq!(path("grün"), "models/gr%C3%BCn:m");
        for none in [json!(""), json!(".."), json!("models/"), json!(7)] {
            assert!(ModelName::read(Some(none)).is_err());
        }
        assert!(ModelName::read(None).is_err());
        assert!(ModelName::read(Some(json!("x".repeat(257)))).is_err());
    }

    #[test]
    fn the_version_says_how_a_model_thinks() {
        let thinking = |name| model(name).thinking();
        let level = |minimal, medium| Thinking::Level { minimal, medium };
        let budget = |can_stop| Thinking::Budget { can_stop };
        assert_eq!(thinking("gemini-3-pro-preview"), level(false, false));
        assert_eq!(thinking("gemini-3.1-pro-preview"), level(false, true));
        assert_eq!(thinking("gemini-3-flash-preview"), level(true, true));
        assert_eq!(thinking("gemini-2.5-flash-lite"), budget(true));
        assert_eq!(thinking("gemini-2.5-pro"), budget(false));
        assert_eq!(thinking("gemini-flash-latest"), budget(true));
        assert_eq!(thinking("gemini-2.0-flash"), Thinking::Never);
        assert_eq!(thinking("gemma-3-27b-it"), Thinking::Never);
        assert!(model("gemini-3-pro-preview").wants_signatures());
        assert!(!model("gemini-2.5-pro").wants_signatures());
    }
}
