//! Paths as a person writes them: `~` for the home directory.

/// `text` with the home directory of every path in it as `~`.
pub(crate) fn tilde(text: &str) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    shortened(text, home.trim_end_matches('/'))
}

fn shortened(text: &str, home: &str) -> String {
    if home.is_empty() {
        return text.into();
    }
    text.replace(&format!("{home}/"), "~/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_home_directory_is_shortened() {
        assert_eq!(
            shortened("in /home/ada/.x and /home/adam/y", "/home/ada"),
            "in ~/.x and /home/adam/y"
        );
        assert_eq!(shortened("/x", ""), "/x");
    }
}
