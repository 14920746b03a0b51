//! The caller's request while it is being put into Gemini's words: what is left of it is what
//! Gemini has no word for.

use serde_json::{Map, Value};

use crate::Error;

/// The fields of the caller's request that nobody has dealt with yet.
#[derive(Debug)]
pub(super) struct Asked {
    fields: Map<String, Value>,
    noted: Vec<String>,
}

impl Asked {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let fields = serde_json::from_slice(body).map_err(|wrong| bad(&wrong.to_string()))?;
        Ok(Self {
            fields,
            noted: Vec::new(),
        })
    }

    /// The field, where it is there and not null; from now on it counts as dealt with.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        // Not `swap_remove`: the order of what is left is the order it is reported in.
        let value = self.fields.shift_remove(name);
        value.filter(|value| !value.is_null())
    }

    /// The field as it stands, still to be dealt with.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// `n: 1` and the like say what is so anyway.
    pub(super) fn take_where(&mut self, name: &str, says_nothing: &Value) {
        if self.fields.get(name) == Some(says_nothing) {
            self.take(name);
        }
    }

    /// Names something inside a field that can't be carried, once.
    pub(super) fn note(&mut self, name: impl Into<String>) {
        let name = name.into();
        if !self.noted.contains(&name) {
            self.noted.push(name);
        }
    }

    /// What nobody took, in the caller's order, then what was noted.
    pub(super) fn left(self) -> Vec<String> {
        let set = self.fields.into_iter().filter(|(_, v)| !v.is_null());
        set.map(|(name, _)| name).chain(self.noted).collect()
    }
}

pub(super) fn bad(why: &str) -> Error {
    Error::Unsupported(format!("the request can't be put to Gemini: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_took_is_named_once_and_in_order() {
        let body = json!({"z": 1, "a": 2, "taken": 3, "null": null, "n": 1});
        let mut asked = Asked::read(body.to_string().as_bytes()).unwrap();
        assert_eq!(asked.take("taken"), Some(json!(3)));
        assert_eq!(asked.take("null"), None);
        asked.take_where("n", &json!(1));
        asked.take_where("a", &json!(1));
        asked.note("image_url.detail");
        asked.note("image_url.detail");
        assert_eq!(asked.left(), ["z", "a", "image_url.detail"]);
    }
}
