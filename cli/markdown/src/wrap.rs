//! Breaks styled text into rows: between words, around wide characters, else where the row ends.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::clean::is_mark;
use crate::row::Row;
use crate::style::Style;

/// Fills rows, one cluster after the other.
#[derive(Clone, Debug)]
pub(crate) struct Wrapper {
    width: usize,
    /// Stands before the row that is filled.
    lead: Row,
    /// Stands before each row after it.
    rest: Row,
    row: Row,
    space: Option<Style>,
    word: Row,
    /// The word's last cluster is a wide one: the row may end behind it.
    ends_wide: bool,
}

impl Wrapper {
    /// Rows of `width` cells; `first` stands before the first of them, `rest` before the others.
    pub(crate) fn new(width: usize, first: Row, rest: Row) -> Self {
        let mut new = Self {
            width,
            lead: first,
            rest,
            row: Row::default(),
            space: None,
            word: Row::default(),
            ends_wide: false,
        };
        new.leave_room();
        new
    }

    /// Half a row is left for the text, however deep it lies.
    fn leave_room(&mut self) {
        self.lead.cut(self.width / 2);
        self.rest.cut(self.width / 2);
    }

    fn room(&self) -> usize {
        self.width - self.lead.width().max(self.rest.width())
    }

    /// Adds a cluster; rows that are full go to `rows`.
    pub(crate) fn put(&mut self, cluster: &str, style: Style, rows: &mut Vec<Row>) {
        if cluster != "\u{a0}" && cluster.chars().all(char::is_whitespace) {
            self.place_word(rows);
            self.space.get_or_insert(style);
            return;
        }
        if begins_with_mark(cluster) {
            return;
        }
        let room = self.room();
        let (mut cluster, mut cells) = (cluster, cluster.width());
        if cells > room {
            (cluster, cells) = ("\u{fffd}", 1);
        }
        let may_break = (self.ends_wide || cells > 1) && !stays_with_last(cluster);
        if may_break || self.word.width() + cells > room {
            self.place_word(rows);
        }
        self.word.push(cluster, style, cells);
        self.ends_wide = cells > 1;
    }

    /// Ends the text: the last row, also where nothing stands in it.
    pub(crate) fn finish(mut self, rows: &mut Vec<Row>) {
        self.place_word(rows);
        self.end_row(rows);
    }

    /// Goes on with another width; what is no full row yet is broken anew.
    pub(crate) fn resize(&mut self, width: usize, rows: &mut Vec<Row>) {
        self.width = width;
        self.leave_room();
        let mut text = std::mem::take(&mut self.row);
        let space = self.space.take();
        let word = std::mem::take(&mut self.word);
        let last = space.filter(|_| word.is_empty());
        if let (Some(style), None) = (space, last) {
            text.push(" ", style, 1);
        }
        text.append(word);
        for (run, style) in text.runs() {
            for cluster in run.graphemes(true) {
                self.put(cluster, style, rows);
            }
        }
        if let Some(style) = last {
            self.put(" ", style, rows);
        }
    }

    fn place_word(&mut self, rows: &mut Vec<Row>) {
        self.ends_wide = false;
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let space = self.space.take().filter(|_| !self.row.is_empty());
        let needed = usize::from(space.is_some()) + word.width();
        if self.row.width() + needed > self.room() && !self.row.is_empty() {
            self.end_row(rows);
        } else if let Some(style) = space {
            self.row.push(" ", style, 1);
        }
        self.row.append(word);
    }

    fn end_row(&mut self, rows: &mut Vec<Row>) {
        let mut full = std::mem::replace(&mut self.lead, self.rest.clone());
        full.append(std::mem::take(&mut self.row));
        full.trim_end();
        rows.push(full);
    }
}

/// A mark without a letter of its own: on the screen it would change what stands before it, such
/// as a star into a wide one.
fn begins_with_mark(cluster: &str) -> bool {
    cluster.chars().next().is_some_and(is_mark)
}

/// Punctuation that does not begin a row.
fn stays_with_last(cluster: &str) -> bool {
    "、。，．！？；：）」』】》〉”’…,.!?;:)]}%".contains(cluster)
}

/// Cuts a line of code where the row ends, and nowhere else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cutter {
    row: Row,
    column: usize,
}

/// How far a tab reaches.
const TAB: usize = 4;

impl Cutter {
    /// Adds a cluster; rows that are full go to `rows`.
    pub(crate) fn put(&mut self, cluster: &str, style: Style, width: usize, rows: &mut Vec<Row>) {
        if cluster == "\t" {
            for _ in 0..TAB - self.column % TAB {
                self.place(" ", style, 1, width, rows);
            }
            return;
        }
        match cluster.width() {
            cells if cells > width => self.place("\u{fffd}", style, 1, width, rows),
            cells => self.place(cluster, style, cells, width, rows),
        }
    }

    /// Adds a text that is no more than text.
    pub(crate) fn put_all(&mut self, text: &str, width: usize, rows: &mut Vec<Row>) {
        for cluster in text.graphemes(true) {
            self.put(cluster, Style::default(), width, rows);
        }
    }

    /// Goes on with another width.
    pub(crate) fn resize(&mut self, width: usize, rows: &mut Vec<Row>) {
        let row = std::mem::take(&mut self.row);
        for (text, style) in row.runs() {
            for cluster in text.graphemes(true) {
                self.place(cluster, style, cluster.width(), width, rows);
            }
        }
    }

    fn place(&mut self, text: &str, style: Style, cells: usize, width: usize, rows: &mut Vec<Row>) {
        if begins_with_mark(text) {
            return;
        }
        if self.row.width() + cells > width {
            let mut full = std::mem::take(&mut self.row);
            full.goes_on = true;
            rows.push(full);
        }
        self.column += cells;
        self.row.push(text, style, cells);
    }

    /// Ends the line; blanks at its end are the author's and stay.
    pub(crate) fn finish(self, rows: &mut Vec<Row>) {
        rows.push(self.row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Theme;

    /// Puts a text, with changes of the width at some places; the rows.
    fn wrapped(text: &str, width: usize, changes: &[(usize, usize)]) -> Vec<String> {
        let mut rows = Vec::new();
        let mut wrapper = Wrapper::new(width, Row::default(), Row::default());
        for (at, cluster) in text.graphemes(true).enumerate() {
            if let Some((_, width)) = changes.iter().find(|(place, _)| *place == at) {
                wrapper.resize(*width, &mut rows);
            }
            wrapper.put(cluster, Style::default(), &mut rows);
        }
        wrapper.finish(&mut rows);
        let painted = rows.iter().map(|row| row.paint(Theme::none()).text);
        painted.collect()
    }

    #[test]
    fn rows_end_between_words_and_around_wide_characters() {
        assert_eq!(wrapped("one two  three", 8, &[]), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij k", 4, &[]), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrapped("你好世界。再见", 8, &[]), ["你好世", "界。再见"]);
        assert_eq!(wrapped("", 8, &[]), [""]);
    }

    #[test]
    fn a_change_of_the_width_loses_no_word_and_no_blank() {
        let text = "one two three four five six";
        for at in 0..text.len() {
            let rows = wrapped(text, 20, &[(at, 9), (at + 4, 30)]);
            assert_eq!(rows.join(" "), text, "{at}");
        }
    }

    #[test]
    fn code_is_cut_where_the_row_ends() {
        let (mut rows, mut cutter) = (Vec::new(), Cutter::default());
        cutter.put_all("\tab  cd ", 6, &mut rows);
        cutter.finish(&mut rows);
        let lines: Vec<_> = rows.iter().map(|row| row.paint(Theme::none())).collect();
        assert_eq!((lines[0].text.as_str(), lines[0].goes_on), ("    ab", true));
        assert_eq!((lines[1].text.as_str(), lines[1].goes_on), ("  cd ", false));
    }
}
