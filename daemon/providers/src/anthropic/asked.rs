//! The caller's request while it is being mapped: what is left of it, and what could not be carried.

use serde_json::{Map, Value};

use crate::Error;

/// The fields that nobody has dealt with yet, and the names of those that were given up.
#[derive(Debug)]
pub(super) struct Asked {
    fields: Map<String, Value>,
    dropped: Vec<String>,
}

impl Asked {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let fields = serde_json::from_slice(body).map_err(|wrong| bad(&wrong.to_string()))?;
        let dropped = Vec::new();
        Ok(Self { fields, dropped })
    }

    /// The field, where it is there and not null; from now on it counts as dealt with.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        // Not `swap_remove`: the order of what is left is the order it is reported in.
        self.fields
            .shift_remove(name)
            .filter(|value| !value.is_null())
    }

    /// `n: 1` and the like say what is so anyway.
    pub(super) fn take_where(&mut self, name: &str, says_nothing: &Value) {
        if self.fields.get(name) == Some(says_nothing) {
            self.take(name);
        }
    }

    /// `name` could not be carried as it is. A name is reported once.
    pub(super) fn give_up(&mut self, name: &str) {
        if !self.dropped.iter().any(|known| known == name) {
            self.dropped.push(name.into());
        }
    }

    /// What was given up, and then what nobody took.
    pub(super) fn dropped(mut self) -> Vec<String> {
        for (name, value) in std::mem::take(&mut self.fields) {
            if !value.is_null() {
                self.give_up(&name);
            }
        }
        self.dropped
    }
}

/// The request can't be put to Anthropic.
pub(super) fn bad(why: &str) -> Error {
    Error::Unsupported(format!("the request can't be put to Anthropic: {why}"))
}
