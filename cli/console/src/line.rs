//! A line that is typed at the bottom: a command or a filter.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest line, in characters.
const MAX_CHARS: usize = 200;

/// The text so far; it is written at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// Takes a key that writes or erases. Says whether the text has changed.
    pub(crate) fn key(&mut self, key: &KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => self.clear(),
            KeyCode::Char('w') if control => self.erase_word(),
            KeyCode::Char('h') if control => self.text.pop().is_some(),
            KeyCode::Backspace => self.text.pop().is_some(),
            KeyCode::Char(c) if !control && !c.is_control() => self.write(c),
            _ => false,
        }
    }

    fn write(&mut self, c: char) -> bool {
        let fits = self.text.chars().count() < MAX_CHARS;
        if fits {
            self.text.push(c);
        }
        fits
    }

    fn clear(&mut self) -> bool {
        let had = !self.text.is_empty();
        self.text.clear();
        had
    }

    fn erase_word(&mut self) -> bool {
        let kept = self.text.trim_end();
        let kept = kept.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let changed = kept < self.text.len();
        self.text.truncate(kept);
        changed
    }
}
