//! Takes control sequences out of text that others wrote.
//!
//! A model or a server must not move the cursor, set the clipboard or the window's title, or turn
//! the direction of what stands behind its text. Line feed and tab stay. A sequence is taken out
//! as a whole, so that no `[31m` is left behind, also where it is split over pieces of a stream.

use std::borrow::Cow;

/// Where the reader of a text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind ESC.
    Escape,
    /// In a control sequence: parameters until a letter.
    Sequence,
    /// In a string for the terminal (title, clipboard): until BEL or ST.
    TerminalString,
    /// In such a string, behind ESC: a `\` ends it.
    StringEnd,
}

/// Cleans a text that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cleaner {
    state: State,
}

impl Cleaner {
    /// The next piece without what does not belong before a person's eyes.
    pub(crate) fn clean(&mut self, piece: &str) -> String {
        piece.chars().filter(|c| self.keeps(*c)).collect()
    }

    fn keeps(&mut self, c: char) -> bool {
        let (state, keep) = match (self.state, c) {
            // A line end ends everything: a sequence that never ends must not swallow an answer.
            (_, '\n') => (State::Text, true),
            (State::StringEnd, '\\') => (State::Text, false),
            (State::TerminalString, '\u{07}' | '\u{9c}') => (State::Text, false),
            (State::TerminalString | State::StringEnd, '\u{1b}') => (State::StringEnd, false),
            (State::TerminalString, _) => (State::TerminalString, false),
            (_, '\u{1b}') => (State::Escape, false),
            (State::Escape, '[') => (State::Sequence, false),
            (State::Escape | State::StringEnd, ']' | 'P' | 'X' | '^' | '_') => {
                (State::TerminalString, false)
            }
            (State::StringEnd, '[') => (State::Sequence, false),
            (State::Escape | State::StringEnd, ' '..='/') => (State::Escape, false),
            (State::Escape | State::StringEnd, '0'..='~') => (State::Text, false),
            (State::Sequence, ' '..='?') => (State::Sequence, false),
            (State::Sequence, '@'..='~') => (State::Text, false),
            (_, '\u{9b}') => (State::Sequence, false),
            (_, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') => (State::TerminalString, false),
            (_, c) => (State::Text, !is_unwanted(c)),
        };
        self.state = state;
        keep
    }
}

fn is_unwanted(c: char) -> bool {
    let control = c.is_control() && c != '\t' && c != '\n';
    control || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A whole text, cleaned.
pub(crate) fn sanitise(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unwanted) {
        Cow::Owned(Cleaner::default().clean(text))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text for a cell of a table: cleaned, and on one line.
pub(crate) fn one_line(text: &str) -> String {
    sanitise(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sequences of a terminal, whole and broken, of both kinds.
    const DIRTY: [&str; 8] = [
        "a\u{1b}[31;1mred\u{1b}[0m\u{1b}(Bb\u{1b}7c",
        "a\u{1b}]52;c;aGk=\u{1b}\\b\u{1b}]0;title\u{7}c",
        "a\u{9b}2Jb\u{9d}t\u{9c}c\u{90}q\u{9c}\u{98}x\u{1b}",
        "a\u{1b}Pq#0\u{1b}\\b\u{1b}_x\u{1b}[2J\u{1b}^y\n",
        "\u{1b}\u{1b}[1m\u{1b}[\u{1b}]\u{1b}[?25l",
        "abc\u{202e}fed\u{2066}x\u{2069}\rb\u{8}c\0d\u{7f}e",
        "\u{1b}[38;5;1\u{18}m\u{1b}[3\u{7}1m",
        "plain\ttext\n你好 👋",
    ];

    fuzzing::targets! {
        fn nothing_that_moves_a_terminal_is_left_however_a_text_is_cut(
            dirty in prop_oneof![4 => fuzzing::garbled(&DIRTY, 6), 1 => fuzzing::bytes(60)],
            cuts in fuzzing::cuts(),
        ) {
            let dirty = String::from_utf8_lossy(&dirty).into_owned();
            let clean = sanitise(&dirty).into_owned();
            prop_assert!(!clean.chars().any(is_unwanted), "{:?}", clean);
            let again = sanitise(&clean).into_owned();
            prop_assert_eq!(&again, &clean, "a clean text stays");
            prop_assert!(!one_line(&dirty).chars().any(char::is_control));
            // Each piece ends at a character, as those of a decoded stream do.
            let mut cleaner = Cleaner::default();
            let (mut from, mut passed, mut in_pieces) = (0, 0, String::new());
            for piece in cuts.of(dirty.as_bytes()) {
                passed += piece.len();
                let end = dirty.ceil_char_boundary(passed);
                in_pieces += &cleaner.clean(&dirty[from..end]);
                from = end;
            }
            prop_assert_eq!(in_pieces, Cleaner::default().clean(&dirty));
            // What was text alone loses nothing.
            if !dirty.chars().any(is_unwanted) {
                prop_assert_eq!(clean, dirty);
            }
        }
    }

    #[test]
    fn control_sequences_go_and_text_stays() {
        for (dirty, clean) in [
            ("plain\ttext\n你好 👋", "plain\ttext\n你好 👋"),
            ("a\u{1b}[31;1mred\u{1b}[0m", "ared"),
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\u{1b}]52;c;aGk=\u{1b}\\b", "ab"),
            ("a\u{9b}2Jb\u{9d}t\u{9c}c", "abc"),
            ("a\u{1b}Pq#0\u{1b}\\b", "ab"),
            ("a\rb\u{8}c\0d\u{7f}e", "abcde"),
            ("abc\u{202e}fed\u{2066}x\u{2069}", "abcfedx"),
            ("a\u{1b}(Bb\u{1b}7c", "abc"),
            ("a\u{1b}]never ends\nb", "a\nb"),
            ("a\u{1b}\u{1b}[1mb", "ab"),
        ] {
            assert_eq!(sanitise(dirty), clean, "{dirty:?}");
        }
    }

    #[test]
    fn a_sequence_split_anywhere_leaves_nothing() {
        let dirty = "a\u{1b}[38;5;1mb\u{1b}]52;c;x\u{1b}\\c\u{1b}]0;t\u{7}d";
        let chars: Vec<char> = dirty.chars().collect();
        for cut in 0..=chars.len() {
            let mut cleaner = Cleaner::default();
            let (one, two): (String, String) =
                (chars[..cut].iter().collect(), chars[cut..].iter().collect());
            let clean = cleaner.clean(&one) + &cleaner.clean(&two);
            assert_eq!(clean, "abcd", "cut at {cut}");
        }
    }
}
