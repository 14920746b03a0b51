//! The fields of a request that nobody has dealt with yet.

use serde_json::{Map, Value};

use super::BadRequest;

/// Fields by name; what is taken counts as dealt with.
#[derive(Debug)]
pub(super) struct Asked(Map<String, Value>);

impl Asked {
    /// The whole body.
    pub(super) fn read(body: &[u8]) -> Result<Self, BadRequest> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(BadRequest::new("body", "must be a JSON object")),
            Err(wrong) => Err(BadRequest::new("body", format!("is not JSON: {wrong}"))),
        }
    }

    /// An object inside the body.
    pub(super) fn of(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// The field, where it is there and not null.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        // Not `swap_remove`: the order of what is left is the order it is reported in.
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    /// A field that must be a text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, BadRequest> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(BadRequest::new(name, "must be a text")),
        }
    }

    /// A field that must be a number; as it stands.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<Value>, BadRequest> {
        match self.take(name) {
            Some(value) if !value.is_number() => Err(BadRequest::new(name, "must be a number")),
            value => Ok(value),
        }
    }

    /// A field that must be a whole number, not below zero.
    pub(super) fn count(&mut self, name: &str) -> Result<Option<u64>, BadRequest> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let count = value.as_u64();
        let wrong = || BadRequest::new(name, "must be a whole number, not below zero");
        count.ok_or_else(wrong).map(Some)
    }

    /// A field that must be true or false; false where it is not there.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, BadRequest> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(BadRequest::new(name, "must be true or false")),
        }
    }

    /// A field that must be an object.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, BadRequest> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(BadRequest::new(name, "must be an object")),
        }
    }

    /// The names of what nobody took.
    pub(super) fn left(&self) -> impl Iterator<Item = &str> {
        let set = self.0.iter().filter(|(_, value)| !value.is_null());
        set.map(|(name, _)| name.as_str())
    }
}
