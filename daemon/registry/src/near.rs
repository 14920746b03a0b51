//! "Did you mean": the nearest of a set of names.

/// The candidate that differs least from `name`, where it differs little.
pub(crate) fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let wanted = name.to_lowercase();
    let allowed = (wanted.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|candidate| {
            (
                strsim::osa_distance(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed
                || (wanted.len() >= 3 && candidate.to_lowercase().starts_with(&wanted))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let names = || ["laptop", "gpt-4o", "qwen"].map(String::from).into_iter();
        assert_eq!(nearest("lapto", names()).as_deref(), Some("laptop"));
        assert_eq!(nearest("latpop", names()).as_deref(), Some("laptop"));
        assert_eq!(nearest("gpt", names()).as_deref(), Some("gpt-4o"));
        assert_eq!(nearest("mistral", names()), None);
    }
}
