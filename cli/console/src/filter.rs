//! Which rows are shown: those of which a cell holds a text, or fits a pattern.

use regex::{Regex, RegexBuilder};

/// The largest pattern, compiled, in bytes: what a person types stays far below.
const MAX_PATTERN_BYTES: usize = 1 << 18;

/// A filter as it was typed, in any case.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) typed: String,
    lower: String,
    /// `None` where it is no pattern: then only the text counts.
    pattern: Option<Regex>,
}

impl Filter {
    /// `None` where nothing was typed.
    pub(crate) fn new(typed: &str) -> Option<Self> {
        if typed.is_empty() {
            return None;
        }
        let pattern = RegexBuilder::new(typed)
            .case_insensitive(true)
            .size_limit(MAX_PATTERN_BYTES)
            .build();
        Some(Self {
            typed: typed.into(),
            lower: typed.to_lowercase(),
            pattern: pattern.ok(),
        })
    }

    /// Whether `text` holds it.
    pub(crate) fn takes(&self, text: &str) -> bool {
        let fits = self.pattern.as_ref().is_some_and(|p| p.is_match(text));
        fits || text.to_lowercase().contains(&self.lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_text_or_a_pattern_and_never_a_mistake() {
        let takes = |filter: &str, text| Filter::new(filter).unwrap().takes(text);
        assert!(takes("LAP", "laptop") && !takes("lap", "gpt"));
        assert!(takes("^g.t$", "gpt") && !takes("^p", "gpt"));
        assert!(takes("a(b", "xa(b"), "what is no pattern is a text");
        assert!(takes("gpt-4.o", "gpt-4.o"));
        assert!(
            !takes(&"(a{999}){999}".repeat(9), "a"),
            "too large a one, too"
        );
        assert!(Filter::new("").is_none());
    }
}
