//! Why an expression can't be used, and where in it the fault is.

/// An expression that can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", place(.expression, *.at))]
pub struct BadExpression {
    expression: String,
    /// In bytes.
    at: usize,
    why: String,
}

impl BadExpression {
    /// Units: `at` is the byte of `expression` at which the fault is; its length means the end.
    pub(crate) fn new(expression: &str, at: usize, why: impl Into<String>) -> Self {
        Self {
            expression: expression.into(),
            at: at.min(expression.len()),
            why: why.into(),
        }
    }

    /// The same fault, where the expression is a part of a longer one, from the byte `start` on.
    pub(crate) fn within(self, whole: &str, start: usize) -> Self {
        Self::new(whole, start + self.at, self.why)
    }
}

/// The fault's place in words: counted in characters, and with what stands before it.
fn place(expression: &str, at: usize) -> String {
    let at = (0..=at).rev().find(|at| expression.is_char_boundary(*at));
    let before = &expression[..at.unwrap_or(0)];
    let count = before.chars().count();
    if expression.is_empty() {
        return "it is empty".into();
    }
    if before.is_empty() {
        return "at its beginning".into();
    }
    // The last few characters tell a person where to look.
    let shown: String = before.chars().skip(count.saturating_sub(16)).collect();
    let cut = if count > 16 { "…" } else { "" };
    let end = if before.len() == expression.len() {
        ", at its end"
    } else {
        ""
    };
    format!("behind `{cut}{shown}` (character {count}{end})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_counted_in_characters() {
        let told = |at| BadExpression::new("{.ü[}", at, "`]` is missing").to_string();
        assert_eq!(told(5), "behind `{.ü[` (character 4): `]` is missing");
        assert_eq!(told(0), "at its beginning: `]` is missing");
        assert!(told(9).contains("at its end"));
        assert!(
            BadExpression::new("", 0, "w")
                .to_string()
                .starts_with("it is empty")
        );
    }
}
