//! What a model thought, apart from what it said.

/// Splits `<think>` blocks off a text.
///
/// Shape: what was said, trimmed where something was taken out, and what was thought, blocks joined
/// by blank lines; a block that never closes reaches to the end.
pub(super) fn split(text: &str) -> (String, Option<String>) {
    let mut said = String::with_capacity(text.len());
    let mut thought = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        said.push_str(&rest[..at]);
        let inner = &rest[at + OPEN.len()..];
        let (block, after) = inner.split_once(CLOSE).unwrap_or((inner, ""));
        thought.push(block.trim());
        rest = after;
    }
    if thought.is_empty() {
        return (text.to_owned(), None);
    }
    said.push_str(rest);
    thought.retain(|block| !block.is_empty());
    let thinking = Some(thought.join("\n\n")).filter(|text| !text.is_empty());
    (said.trim().to_owned(), thinking)
}

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_taken_out_of_what_was_said() {
        let split = |text| {
            let (said, thought) = split(text);
            (said, thought.unwrap_or_default())
        };
        let own = |said: &str, thought: &str| (said.to_owned(), thought.to_owned());
        assert_eq!(split("plain <b>"), own("plain <b>", ""));
        assert_eq!(split("<think>\na\n</think>\n\nb"), own("b", "a"));
        assert_eq!(split("x<think>a</think>y<think>b"), own("xy", "a\n\nb"));
        assert_eq!(split("<think></think>b"), own("b", ""));
    }
}
