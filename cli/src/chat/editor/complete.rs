//! What Tab offers: commands, names, settings, kept conversations and files.

use std::path::Path;

use reedline::{Completer, CompletionResult, Span, Suggestion};

use crate::chat::attachment::expanded;
use crate::chat::saved::Saved;
use crate::chat::settings::SETTINGS;
use crate::chat::slash::COMMANDS;

/// Files that are offered: more than that nobody reads.
const MAX_FILES: usize = 100;

/// Completes a line that begins with `/`.
pub(super) struct SlashCompleter {
    pub(super) names: Vec<String>,
    pub(super) saved: Saved,
}

/// A word that the one at the cursor may become.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    /// Where the word begins.
    start: usize,
    word: String,
    about: Option<&'static str>,
    /// Nothing follows in the same word.
    whole: bool,
}

impl Completer for SlashCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let before = line.get(..pos).unwrap_or(line);
        let suggestions = self.candidates(before).into_iter();
        let suggestions = suggestions.map(|candidate| Suggestion {
            value: candidate.word,
            description: candidate.about.map(Into::into),
            span: Span::new(candidate.start, before.len()),
            append_whitespace: candidate.whole,
            ..Suggestion::default()
        });
        CompletionResult::fresh(suggestions.collect::<Vec<_>>())
    }
}

impl SlashCompleter {
    /// What `before`, the text left of the cursor, may become.
    fn candidates(&self, before: &str) -> Vec<Candidate> {
        if !before.starts_with('/') {
            return Vec::new();
        }
        let Some((command, rest)) = before.split_once(' ') else {
            let fitting = COMMANDS
                .iter()
                .filter(|(name, _, _)| name.starts_with(before));
            let each = fitting.map(|(name, _, about)| Candidate {
                start: 0,
                word: (*name).to_owned(),
                about: Some(about),
                whole: true,
            });
            return each.collect();
        };
        let start = command.len() + 1;
        match command {
            "/model" => fitting(start, rest, self.names.clone()),
            "/set" => setting(start, rest),
            "/load" | "/delete" | "/save" if !rest.contains(['/', '~']) => {
                fitting(start, rest, self.saved.names())
            }
            "/load" | "/save" => files(start, rest),
            "/file" => {
                let word = last_word(rest);
                files(start + word, &rest[word..])
            }
            "/copy" => fitting(start, rest, vec!["code".into()]),
            "/system" => fitting(start, rest, vec!["off".into()]),
            _ => Vec::new(),
        }
    }
}

fn fitting(start: usize, typed: &str, words: Vec<String>) -> Vec<Candidate> {
    let fitting = words.into_iter().filter(|word| word.starts_with(typed));
    let each = fitting.map(|word| Candidate {
        start,
        word,
        about: None,
        whole: true,
    });
    each.collect()
}

fn setting(start: usize, rest: &str) -> Vec<Candidate> {
    let Some((name, value)) = rest.split_once(' ') else {
        let fitting = SETTINGS.iter().filter(|(name, _)| name.starts_with(rest));
        let each = fitting.map(|(name, takes)| Candidate {
            start,
            word: (*name).to_owned(),
            about: Some(takes),
            whole: true,
        });
        return each.collect();
    };
    let takes = SETTINGS.iter().find(|(known, _)| *known == name);
    let words = takes.map_or("", |(_, takes)| takes).split([' ', ',']);
    let words = words.filter(|word| matches!(*word, "on" | "off" | "dim"));
    fitting(
        start + name.len() + 1,
        value,
        words.map(str::to_owned).collect(),
    )
}

/// Where the last word begins; `\ ` is within one.
fn last_word(text: &str) -> usize {
    let (mut begin, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if c == ' ' && !escaped {
            begin = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    begin
}

/// Files whose path begins with `typed`. Hidden ones are offered to those who typed the dot.
fn files(start: usize, typed: &str) -> Vec<Candidate> {
    let plain = typed.trim_end_matches('\\').replace("\\ ", " ");
    let split = plain.rfind('/').map_or(0, |at| at + 1);
    let (dir, begun) = plain.split_at(split);
    let place = if dir.is_empty() {
        Path::new(".").to_owned()
    } else {
        expanded(dir)
    };
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let mut found: Vec<Candidate> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let shown = !name.starts_with('.') || begun.starts_with('.');
            let plain = !name.contains(char::is_control);
            if !(shown && plain && name.starts_with(begun)) {
                return None;
            }
            let is_dir = std::fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir());
            let end = if is_dir { "/" } else { "" };
            Some(Candidate {
                start,
                word: format!("{dir}{name}{end}").replace(' ', "\\ "),
                about: None,
                whole: !is_dir,
            })
        })
        .take(MAX_FILES)
        .collect();
    found.sort_by(|a, b| a.word.cmp(&b.word));
    found
}

#[cfg(test)]
mod tests {
    use home::Home;

    use super::*;

    fn words(before: &str) -> Vec<String> {
        let completer = SlashCompleter {
            names: vec!["laptop".into(), "llama".into()],
            saved: Saved::of(&Home::at("/nowhere")),
        };
        let candidates = completer.candidates(before);
        candidates.into_iter().map(|found| found.word).collect()
    }

    #[test]
    fn commands_names_and_settings_complete() {
        assert_eq!(words("/s"), ["/system", "/set", "/show", "/save"]);
        assert_eq!(words("/model l"), ["laptop", "llama"]);
        assert_eq!(words("/set t"), ["temperature", "top-p", "thinking"]);
        assert_eq!(words("/set thinking "), ["on", "dim", "off"]);
        assert_eq!(words("/set temperature o"), ["off"]);
        assert!(words("hello /s").is_empty());
    }

    #[test]
    fn files_complete_with_their_folders() {
        assert_eq!(words("/file ./Cargo.t"), ["./Cargo.toml"]);
        assert_eq!(words("/file a.rs sr"), ["src/"]);
        assert!(words("/file src/main").contains(&"src/main.rs".into()));
        assert_eq!(last_word("a b\\ c"), 2);
    }
}
