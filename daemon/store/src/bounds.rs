//! How long a stored text may be, and what happens to a longer one.
//!
//! A text that means something (a principal, a spec) is refused; a text for the reader (a host
//! name, the last error) is cut.

use serde::Serialize;

use crate::error::StoreError;

/// The longest principal, in bytes.
pub(crate) const MAX_PRINCIPAL_BYTES: usize = 256;
/// The longest text for the reader, in bytes.
pub(crate) const MAX_NOTE_BYTES: usize = 1024;
/// The largest JSON column, in bytes.
pub(crate) const MAX_JSON_BYTES: usize = 64 * 1024;
/// The longest list that one call answers with, in items.
pub(crate) const MAX_PAGE: u32 = 1000;

/// `text`, where it is 1 to `limit` bytes without control characters.
pub(crate) fn checked<'a>(
    what: &'static str,
    text: &'a str,
    limit: usize,
) -> Result<&'a str, StoreError> {
    if text.len() > limit {
        return Err(StoreError::TooLarge { what, limit });
    }
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(StoreError::BadText { what });
    }
    Ok(text)
}

/// `text`, where it can be a principal.
pub(crate) fn principal(text: &str) -> Result<&str, StoreError> {
    checked("principal", text, MAX_PRINCIPAL_BYTES)
}

/// `text` without control characters and cut to `limit` bytes.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    let mut kept: String = text.chars().filter(|c| !c.is_control()).collect();
    kept.truncate(kept.floor_char_boundary(limit));
    kept
}

/// `text` cut to `limit` bytes, its lines kept: the error of a job may be a trace. Without NUL,
/// which PostgreSQL stores in no text.
pub(crate) fn cut_lines(text: &str, limit: usize) -> String {
    let fits = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
    let mut kept: String = text.chars().filter(fits).collect();
    kept.truncate(kept.floor_char_boundary(limit));
    kept
}

/// `value` as JSON text of at most [`MAX_JSON_BYTES`].
pub(crate) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    let text = serde_json::to_string(value).map_err(|_| StoreError::BadText { what })?;
    if text.len() > MAX_JSON_BYTES {
        return Err(StoreError::TooLarge {
            what,
            limit: MAX_JSON_BYTES,
        });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_cut_between_characters() {
        assert_eq!(cut("a\u{0}b\u{1b}[c", 10), "ab[c");
        assert_eq!(cut("ééé", 3), "é");
    }

    #[test]
    fn what_means_something_is_refused_rather_than_cut() {
        let why = |text: &str| checked("principal", text, 4).unwrap_err().to_string();
        assert!(why("alice").contains("at most 4 bytes"));
        assert!(why("").contains("principal"));
        assert!(why("a\u{0}").contains("principal"));
        assert_eq!(checked("principal", "bob", 4).unwrap(), "bob");
    }
}
