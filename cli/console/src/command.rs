//! The command line behind `:`: its words, how they are completed, and near misses.

use crate::view::View;

/// What a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Go(View),
    Help,
    Leave,
}

const LEAVE: [&str; 3] = ["q", "quit", "exit"];
const HELP: [&str; 2] = ["help", "?"];

/// The first words that begin with what was typed: views, then the others.
pub(crate) fn candidates(typed: &str) -> Vec<&'static str> {
    let typed = typed.trim().to_lowercase();
    let names = View::ALL.map(View::name).into_iter();
    let all = names.chain(["help", "quit"]);
    all.filter(|word| word.starts_with(&typed)).collect()
}

/// What Tab makes of it: the one word that fits, or as far as all that fit agree.
pub(crate) fn complete(typed: &str) -> Option<String> {
    let fitting = candidates(typed);
    let first = fitting.first()?;
    let agree = |len: &usize| fitting.iter().all(|word| word.starts_with(&first[..*len]));
    let len = (0..=first.len()).rev().find(agree)?;
    Some(first[..len].to_owned())
}

/// Reads a command.
///
/// Errors: what to say of a word that is none.
pub(crate) fn parse(typed: &str) -> Result<Command, String> {
    let word = typed.trim().to_lowercase();
    if LEAVE.contains(&word.as_str()) {
        return Ok(Command::Leave);
    }
    if HELP.contains(&word.as_str()) {
        return Ok(Command::Help);
    }
    if let Some(view) = View::find(&word) {
        return Ok(Command::Go(view));
    }
    if let [only] = candidates(&word)[..]
        && !word.is_empty()
    {
        return parse(only);
    }
    Err(match nearest(&word) {
        Some(near) => format!("there is no view `{word}`; did you mean `{near}`?"),
        None => format!("there is no view `{word}`; Tab shows them"),
    })
}

fn nearest(word: &str) -> Option<&'static str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let words = View::ALL
        .into_iter()
        .flat_map(|view| view.words().iter().copied());
    let near = words.map(|known| (strsim::damerau_levenshtein(word, known), known));
    let near = near.filter(|(distance, _)| *distance <= allowed);
    near.min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_their_beginnings_and_near_misses_are_understood() {
        assert_eq!(parse("llm"), Ok(Command::Go(View::Llm)));
        assert_eq!(parse(" Jobs "), Ok(Command::Go(View::Jobs)));
        assert_eq!(parse("pub"), Ok(Command::Go(View::Publishers)));
        assert_eq!(parse("q"), Ok(Command::Leave));
        assert_eq!(parse("help"), Ok(Command::Help));
        assert!(parse("lmm").unwrap_err().contains("did you mean `llm`?"));
        assert!(parse("pods").unwrap_err().contains("Tab shows them"));
        assert!(parse("p").is_err(), "publishers and price");
        assert!(parse("").is_err());
    }

    #[test]
    fn tab_goes_as_far_as_it_is_sure() {
        assert_eq!(complete("pu").as_deref(), Some("publishers"));
        assert_eq!(complete("p").as_deref(), Some("p"));
        assert_eq!(complete("x"), None);
        assert_eq!(candidates("").len(), View::ALL.len() + 2);
    }
}
