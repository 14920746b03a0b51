//! Lists within lists: which level a line belongs to, and how far in it stands.

use crate::block::Item;
use crate::row::{Row, width_of};
use crate::style::{Ink, Style};

/// Columns further in than a mark that make a line belong to its item. Language models indent by
/// two, also below a number.
const DEEPER: usize = 2;
/// Levels that are told apart: no terminal has room for more.
const MAX_LEVELS: usize = 12;

/// The levels that are open, outermost first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    levels: Vec<Level>,
}

#[derive(Clone, Debug)]
struct Level {
    /// The column of its mark in the source.
    mark: usize,
    /// The column of its text on the screen.
    text: usize,
}

impl Lists {
    pub(crate) fn clear(&mut self) {
        self.levels.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Closes the levels that a line at `indent` is out of; the column of its text.
    pub(crate) fn enter(&mut self, indent: usize) -> usize {
        while let Some(last) = self.levels.last() {
            if indent >= last.mark + DEEPER {
                break;
            }
            self.levels.pop();
        }
        self.text_column()
    }

    /// Opens an item at `indent`: what stands before its first row, and before the others.
    pub(crate) fn open(&mut self, indent: usize, item: &Item) -> (Row, Row) {
        let outer = self.enter(indent);
        let depth = self.levels.len();
        let style = Style::default();
        let mut first = Row::default();
        first.push_text(&" ".repeat(outer), style);
        match &item.number {
            Some(number) => first.push_text(&format!("{number} "), style.ink(Ink::Link)),
            None => {
                let marks = ["• ", "◦ ", "▪ "];
                first.push(marks[depth % marks.len()], style.ink(Ink::Link), 2);
            }
        }
        let text = first.width();
        match item.done {
            Some(true) => first.push("[x] ", style.ink(Ink::Inserted), 4),
            Some(false) => first.push("[ ] ", style, 4),
            None => {}
        }
        if self.levels.len() < MAX_LEVELS {
            self.levels.push(Level { mark: indent, text });
        }
        let rest = blank(first.width());
        (first, rest)
    }

    fn text_column(&self) -> usize {
        self.levels.last().map_or(0, |level| level.text)
    }
}

/// A row of blanks.
pub(crate) fn blank(columns: usize) -> Row {
    let mut row = Row::default();
    let blanks = " ".repeat(columns);
    if columns > 0 {
        row.push(&blanks, Style::default(), width_of(&blanks));
    }
    row
}
