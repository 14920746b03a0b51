//! The API key: it travels in `x-goog-api-key` alone, and in no text of ours.
//!
//! Google writes the key into some of its refusals (`Consumer 'api_key:...' has been suspended`),
//! so every text of Google's passes through [`Key::redact`].

use http::header::{HeaderName, HeaderValue};

use crate::Error;

/// Google's header for the key.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");
/// A shorter key is no key of Google's, and taking it out of a text would garble that.
const MIN_REDACTED_BYTES: usize = 8;

/// A key, or none for a server that wants none.
#[derive(Clone, Debug, Default)]
pub(super) struct Key(Option<HeaderValue>);

impl Key {
    /// Errors: [`Error::Unsupported`] where the key holds bytes that no header can carry.
    pub(super) fn new(key: Option<&str>) -> Result<Self, Error> {
        let Some(key) = key.map(str::trim).filter(|key| !key.is_empty()) else {
            return Ok(Self(None));
        };
        let mut value = HeaderValue::from_str(key).map_err(|_| {
            Error::Unsupported("the API key holds characters that no HTTP header can carry".into())
        })?;
        value.set_sensitive(true);
        Ok(Self(Some(value)))
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        self.0.clone()
    }

    /// `text` without the key.
    pub(super) fn redact(&self, text: &str) -> String {
        let key = self.0.as_ref().and_then(|key| key.to_str().ok());
        match key.filter(|key| key.len() >= MIN_REDACTED_BYTES) {
            Some(key) => text.replace(key, "[key]"),
            None => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_no_text() {
        let key = Key::new(Some(" AIzaSecret ")).unwrap();
        assert_eq!(
            key.redact("Consumer 'api_key:AIzaSecret' has been suspended"),
            "Consumer 'api_key:[key]' has been suspended"
        );
        assert!(!format!("{key:?}").contains("AIza"));
        assert!(key.header().unwrap().is_sensitive());
        assert!(Key::new(Some(" ")).unwrap().header().is_none());
        let wrong = Key::new(Some("AIza\nSecret")).unwrap_err().to_string();
        assert!(!wrong.contains("AIza"), "{wrong}");
    }
}
