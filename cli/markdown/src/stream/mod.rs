//! The stream: pieces of an answer go in, lines come out.

use unicode_segmentation::UnicodeSegmentation;

use crate::block::{LONGEST, head};
use crate::clean::Cleaner;
use crate::code::{Code, InCode};
use crate::inline::{Inline, Reading};
use crate::list::Lists;
use crate::row::{Line, Row};
use crate::style::{Style, Theme};
use crate::table::Table;
use crate::wrap::{Cutter, Wrapper};

mod begin;
mod peek;

/// The narrowest width: a wide character behind a mark fits.
const MIN_WIDTH: usize = 4;
/// What a piece changed on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// Lines that never change again. They take the place of the first of those that were
    /// unfinished before.
    pub finished: Vec<Line>,
    /// The rest as it looks now; the next paint replaces all of it.
    pub unfinished: Vec<Line>,
}

/// An answer while it comes.
///
/// However it is split into pieces, all finished lines together are the same.
#[derive(Clone, Debug)]
pub struct Stream {
    width: usize,
    theme: Theme,
    cleaner: Cleaner,
    /// Finished rows that were not handed out yet.
    rows: Vec<Row>,
    place: Place,
    /// The line that grows, while it is not told what it is.
    line: String,
    lists: Lists,
    quotes: usize,
    /// A blank line is due, with that many quote bars.
    gap: Option<usize>,
    /// Something was finished.
    begun: bool,
    after_indented: bool,
    code: Option<Code>,
    held: Held,
    work: u64,
}

/// Where in a line the stream is.
#[derive(Clone, Debug)]
enum Place {
    /// It is not told yet what the line is, or it is held until its end.
    Start,
    Text {
        inline: Inline,
        wrapper: Wrapper,
        style: Style,
    },
    /// In a line of code that is too long to be held.
    Long { cutter: Cutter, tail: String },
}

/// What is held over several lines.
#[derive(Clone, Debug)]
enum Held {
    Nothing,
    /// A line that may be a table's head.
    Head(String, Row),
    Table(Table),
}

impl Stream {
    /// A stream for a terminal of `width` cells (at least four are used).
    #[must_use]
    pub fn new(width: usize, theme: Theme) -> Self {
        Self {
            width: width.max(MIN_WIDTH),
            theme,
            cleaner: Cleaner::default(),
            rows: Vec::new(),
            place: Place::Start,
            line: String::new(),
            lists: Lists::default(),
            quotes: 0,
            gap: None,
            begun: false,
            after_indented: false,
            code: None,
            held: Held::Nothing,
            work: 0,
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &str) -> Paint {
        self.feed(piece);
        self.paint()
    }

    /// Takes the next piece without looking at what it makes of the unfinished rest.
    pub fn feed(&mut self, piece: &str) {
        let piece = self.cleaner.clean(piece);
        self.count(piece.len());
        for part in piece.split_inclusive('\n') {
            let text = part.strip_suffix('\n').unwrap_or(part);
            if !text.is_empty() {
                self.take(text);
            }
            if part.ends_with('\n') {
                self.end_line();
            }
        }
    }

    /// What is to be painted now.
    pub fn paint(&mut self) -> Paint {
        let unfinished = self.peek();
        self.count(unfinished.iter().map(Row::width).sum());
        let theme = self.theme;
        let painted = |rows: &[Row]| rows.iter().map(|row| row.paint(theme)).collect();
        Paint {
            finished: painted(&std::mem::take(&mut self.rows)),
            unfinished: painted(&unfinished),
        }
    }

    /// Goes on with another width. What is finished stays as it is.
    pub fn resize(&mut self, width: usize) {
        self.width = width.max(MIN_WIDTH);
        match &mut self.place {
            Place::Text { wrapper, .. } => wrapper.resize(self.width, &mut self.rows),
            Place::Long { cutter, .. } => cutter.resize(self.width, &mut self.rows),
            Place::Start => {}
        }
        match &mut self.held {
            Held::Table(table) => table.resize(self.width),
            Held::Head(_, lead) => lead.cut(self.width / 2),
            Held::Nothing => {}
        }
    }

    /// Ends the text. Nothing is left unfinished.
    pub fn finish(&mut self) -> Paint {
        if !self.line.is_empty() || !matches!(self.place, Place::Start) {
            self.end_line();
        }
        self.release();
        self.paint()
    }

    /// How much was looked at so far, in bytes: for those who bound the work of a piece.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.work
    }

    fn count(&mut self, bytes: usize) {
        self.work += bytes as u64;
    }

    fn take(&mut self, text: &str) {
        match &mut self.place {
            Place::Start => {
                self.line += text;
                self.decide(false);
            }
            Place::Text { inline, .. } => {
                inline.push(text);
                self.settle(Reading::Open);
            }
            Place::Long { cutter, tail } => {
                tail.push_str(text);
                let last = tail.graphemes(true).next_back().map_or(0, str::len);
                let told: String = tail.drain(..tail.len() - last).collect();
                cutter.put_all(&told, self.width, &mut self.rows);
            }
        }
    }

    fn end_line(&mut self) {
        if matches!(self.place, Place::Start) {
            self.decide(true);
        }
        match std::mem::replace(&mut self.place, Place::Start) {
            Place::Start => {}
            text @ Place::Text { .. } => {
                self.place = text;
                self.settle(Reading::Closed);
                if let Place::Text { wrapper, .. } =
                    std::mem::replace(&mut self.place, Place::Start)
                {
                    wrapper.finish(&mut self.rows);
                }
            }
            Place::Long { mut cutter, tail } => {
                cutter.put_all(&tail, self.width, &mut self.rows);
                cutter.finish(&mut self.rows);
            }
        }
        self.line.clear();
    }

    fn settle(&mut self, reading: Reading) {
        let Place::Text {
            inline,
            wrapper,
            style,
        } = &mut self.place
        else {
            return;
        };
        self.work += inline.load() as u64;
        for (text, style) in inline.settle(reading, *style, self.theme.is_plain()) {
            for cluster in text.graphemes(true) {
                wrapper.put(cluster, style, &mut self.rows);
            }
        }
    }

    /// Tells what the line is, if that can be told.
    fn decide(&mut self, whole: bool) {
        let line = std::mem::take(&mut self.line);
        self.count(line.len().min(LONGEST));
        if self.code.is_some() {
            self.decide_code(line, whole);
            return;
        }
        match head(&line, whole, self.takes_indented()) {
            Some(head) => self.begin(head, &line),
            None => self.line = line,
        }
    }

    fn takes_indented(&self) -> bool {
        let apart = self.gap.is_some() || !self.begun || self.after_indented;
        apart && self.lists.is_empty() && matches!(self.held, Held::Nothing)
    }

    fn decide_code(&mut self, line: String, whole: bool) {
        let Some(code) = &mut self.code else { return };
        if line.len() > LONGEST {
            self.open_gap(0);
            let (cutter, tail) = (Cutter::default(), String::new());
            self.place = Place::Long { cutter, tail };
            self.take(&line);
            return;
        }
        if !whole {
            self.line = line;
            return;
        }
        match code.read(&line) {
            InCode::Line(text) => {
                let text = text.to_owned();
                self.open_gap(0);
                if let Some(code) = &mut self.code {
                    code.line(&text, self.width, &mut self.rows);
                }
            }
            InCode::Close => self.close_code(),
            InCode::Left => {
                self.close_code();
                self.line = line;
                self.decide(true);
            }
        }
    }

    fn close_code(&mut self) {
        self.code = None;
        self.gap = Some(self.quotes);
    }
}
