//! Ids in Anthropic's form, made from the ids of the LLM's answer, so that logs can be matched.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The longest part of a foreign id that is kept, in characters.
const MAX_KEPT: usize = 64;

/// The id of a message: `msg_` and what the chat completion's id says of itself.
///
/// An id of no use is replaced by a hash of `seed`, any bytes of the same answer.
pub(crate) fn message(chat_id: Option<&str>, seed: &[u8]) -> String {
    let id = chat_id.unwrap_or_default();
    let id = id.strip_prefix("chatcmpl-").unwrap_or(id);
    let id = id.strip_prefix("msg_").unwrap_or(id);
    let kept: String = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(MAX_KEPT)
        .collect();
    if kept.is_empty() {
        format!("msg_{:016x}", hash(seed))
    } else {
        format!("msg_{kept}")
    }
}

/// The id of the `n`th tool call of `message`, for LLMs that give it none.
pub(crate) fn tool_use(message: &str, n: usize) -> String {
    let own = message.strip_prefix("msg_").unwrap_or(message);
    format!("toolu_{own}_{n}")
}

fn hash(seed: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_recognisable_and_harmless() {
        assert_eq!(message(Some("chatcmpl-7a"), b""), "msg_7a");
        assert_eq!(message(Some("msg_7a"), b""), "msg_7a");
        assert_eq!(message(Some("gen \"7\"\n/b"), b""), "msg_gen7b");
        assert_eq!(message(Some(&"x".repeat(500)), b"").len(), 4 + MAX_KEPT);
        assert_eq!(message(None, b"a"), message(Some("///"), b"a"));
        assert_ne!(message(None, b"a"), message(None, b"b"));
        assert_eq!(tool_use("msg_7a", 2), "toolu_7a_2");
    }
}
