//! Takes out of a text what would do something to a terminal instead of being shown.

/// Marks that may stand on one another. More are no writing, but a way to paint over other lines.
const MAX_MARKS: usize = 12;

/// Cleans a text that comes in pieces; how it is split makes no difference.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cleaner {
    marks: usize,
}

impl Cleaner {
    /// The next piece: line feed and tab stay of all control characters.
    pub(crate) fn clean(&mut self, piece: &str) -> String {
        let each = piece.chars().filter_map(|c| self.shown(c));
        each.collect()
    }

    fn shown(&mut self, c: char) -> Option<char> {
        match c {
            '\n' | '\t' => self.marks = 0,
            // Line and paragraph separator: some terminals take them for a line end.
            '\u{2028}' | '\u{2029}' => return Some(' '),
            c if c.is_control() || turns_direction(c) => return None,
            c if is_mark(c) => {
                self.marks += 1;
                if self.marks > MAX_MARKS {
                    return None;
                }
            }
            _ => self.marks = 0,
        }
        Some(c)
    }
}

/// Overrides and isolates of the writing direction: they show text as another.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What takes no cell of its own.
pub(crate) fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_does_something() {
        let mut cleaner = Cleaner::default();
        assert_eq!(
            cleaner.clean("a\u{1b}[31m\u{9b}2J\r\n\tb\u{202e}c\u{7f}\u{2028}d"),
            "a[31m2J\n\tbc d"
        );
    }

    #[test]
    fn marks_don_t_pile_up() {
        let mut cleaner = Cleaner::default();
        let tower = format!("a{}", "\u{301}".repeat(90));
        let cleaned = cleaner.clean(&tower) + &cleaner.clean(&"\u{301}".repeat(9));
        assert_eq!(cleaned.chars().count(), 1 + MAX_MARKS);
        assert_eq!(cleaner.clean("e\u{301}"), "e\u{301}");
    }
}
