//! JSON that passes through untouched.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::nesting;

/// One JSON value as its author wrote it, byte for byte. `Debug` tells its size alone: prompts and
/// answers belong in no log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// `text`, where it is one JSON value.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Whether it nests deeper than others can read ([`MAX_NESTING`](crate::nesting::MAX_NESTING)).
    pub fn is_too_deep(&self) -> bool {
        nesting::is_too_deep(self.as_str())
    }

    /// `null`.
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        // A value's text is JSON, whatever the value.
        Self::parse(value.to_string()).unwrap_or_else(|_| Self::null())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.as_str().len())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}
