//! Messages of many lines: between `"""`, or with a `\` at the end of a line.

use std::sync::{Arc, Mutex, PoisonError};

use reedline::{ValidationResult, Validator};

/// Opens and closes a message of many lines.
const FENCE: &str = "\"\"\"";

/// Whether Enter goes on with the message instead of sending it.
pub(super) fn is_open(text: &str) -> bool {
    fence_is_open(text) || text.ends_with('\\')
}

fn fence_is_open(text: &str) -> bool {
    let text = text.trim();
    let closed = text.len() >= 2 * FENCE.len() && text.ends_with(FENCE);
    text.starts_with(FENCE) && !closed
}

/// Takes the fences of a message of many lines off.
pub(super) fn unfence(text: &str) -> String {
    let inside = text
        .trim()
        .strip_prefix(FENCE)
        .and_then(|rest| rest.strip_suffix(FENCE));
    inside.map_or_else(
        || text.to_owned(),
        |inside| inside.trim_matches('\n').to_owned(),
    )
}

/// The backslashes that went on with a message: those of pasted code stay.
#[derive(Clone, Debug, Default)]
pub(super) struct Continued(Arc<Mutex<Vec<usize>>>);

impl Continued {
    /// A message that is sent: without its fences, and without the backslashes that were typed to
    /// go on.
    pub(super) fn finish(&self, text: &str) -> String {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.to_owned();
        places.sort_unstable();
        places.dedup();
        for at in places.drain(..).rev() {
            if text.get(at..at + 2) == Some("\\\n") {
                text.remove(at);
            }
        }
        unfence(&text)
    }
}

impl Validator for Continued {
    fn validate(&self, text: &str) -> ValidationResult {
        if text.ends_with('\\') && !fence_is_open(text) {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            places.push(text.len() - 1);
        }
        if is_open(text) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Complete
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_keeps_the_message_open_until_it_is_closed() {
        assert!(is_open("\"\"\"") && is_open("\"\"\"one\ntwo") && is_open("\"\"\"\""));
        assert!(!is_open("\"\"\"one\ntwo\"\"\"") && !is_open("one") && !is_open("\"\"\"\"\"\""));
        assert_eq!(unfence("\"\"\"\none\ntwo\n\"\"\""), "one\ntwo");
        assert_eq!(unfence("say \"\"\" twice"), "say \"\"\" twice");
    }

    #[test]
    fn a_typed_backslash_goes_and_a_pasted_one_stays() {
        let continued = Continued::default();
        let incomplete = |text| matches!(continued.validate(text), ValidationResult::Incomplete);
        assert!(incomplete("one\\") && !incomplete("one\\\ncurl \\\n -H"));
        assert_eq!(continued.finish("one\\\ncurl \\\n -H"), "one\ncurl \\\n -H");
        assert_eq!(
            continued.finish("two\\\n"),
            "two\\\n",
            "each message has its own"
        );
    }
}
