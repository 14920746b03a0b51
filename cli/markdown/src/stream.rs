//! The stream: pieces of an answer go in, lines come out.

use unicode_segmentation::UnicodeSegmentation;

use crate::block::{Fence, Head, Kind, LONGEST, head, outdent};
use crate::clean::Cleaner;
use crate::code::{Code, InCode};
use crate::inline::{Inline, Reading, Span};
use crate::list::{Lists, blank};
use crate::row::{Line, Row};
use crate::style::{Ink, Style, Theme};
use crate::table::{Table, fill};
use crate::wrap::{Cutter, Wrapper};

/// The narrowest width: a wide character behind a mark fits.
const MIN_WIDTH: usize = 4;
/// The longest rule.
const RULE: usize = 40;

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

    /// Begins the line `line`, that is told to be `head`.
    fn begin(&mut self, head: Head, line: &str) {
        if head.kind == Kind::Row {
            self.row_of_table(&head, line);
            return;
        }
        self.release();
        if head.kind == Kind::Blank {
            let bars = self.gap.unwrap_or(self.quotes);
            self.gap = Some(bars.min(head.quotes));
            return;
        }
        self.after_indented = head.kind == Kind::Indented;
        self.enter_quotes(head.quotes);
        let body = &line[head.body..];
        let bars = bars(head.quotes);
        let plain = self.theme.is_plain();
        let (mut first, rest) = match &head.item {
            Some(item) => {
                let (mark, rest) = self.lists.open(head.indent, item);
                (joined(&bars, mark), joined(&bars, rest))
            }
            None => {
                let column = self.lists.enter(head.indent);
                let lead = joined(&bars, blank(column));
                (lead.clone(), lead)
            }
        };
        match head.kind {
            Kind::Blank | Kind::Row => {}
            Kind::Rule => {
                self.lists.clear();
                self.open_gap(head.quotes);
                let mut rule = bars;
                rule.cut(self.width / 2);
                let length = RULE.min(self.width - rule.width());
                rule.push_text(&"─".repeat(length), Style::default().dim());
                self.put_row(rule);
            }
            Kind::Indented => {
                self.open_gap(0);
                let mut cutter = Cutter::default();
                cutter.put_all(outdent(line, 4), self.width, &mut self.rows);
                cutter.finish(&mut self.rows);
            }
            Kind::Fence(fence) => {
                let columns = head.item.as_ref().map_or(0, |item| item.columns);
                if head.item.is_some() {
                    self.open_gap(head.quotes);
                    first.cut(self.width / 2);
                    first.trim_end();
                    self.put_row(first);
                }
                self.open_code(fence, head.indent + columns, head.quotes);
            }
            Kind::Heading(level) => {
                if head.item.is_none() {
                    self.lists.clear();
                    first = bars.clone();
                }
                let mut style = Style::default().ink(Ink::Heading).bold();
                if level == 1 {
                    style = style.underline();
                }
                if plain {
                    first.push_text(&format!("{} ", "#".repeat(level)), Style::default());
                }
                let rest = if head.item.is_some() { rest } else { bars };
                self.open_text(body, style, first, rest);
            }
            Kind::Text => self.open_text(body, Style::default(), first, rest),
        }
    }

    fn enter_quotes(&mut self, quotes: usize) {
        if quotes != self.quotes {
            self.quotes = quotes;
            self.lists.clear();
        }
    }

    fn open_text(&mut self, body: &str, style: Style, first: Row, rest: Row) {
        self.open_gap(self.quotes);
        self.begun = true;
        let mut inline = Inline::default();
        inline.push(body);
        self.place = Place::Text {
            inline,
            wrapper: Wrapper::new(self.width, first, rest),
            style,
        };
        self.settle(Reading::Open);
    }

    fn open_code(&mut self, fence: Fence, indent: usize, quotes: usize) {
        // A blank line sets code apart.
        self.gap.get_or_insert(quotes);
        let coloured = !self.theme.is_plain();
        self.code = Some(Code::open(fence, indent, quotes, coloured));
    }

    fn put_row(&mut self, row: Row) {
        self.rows.push(row);
        self.begun = true;
    }

    /// The blank line that is due before what comes now.
    fn open_gap(&mut self, quotes: usize) {
        if let Some(due) = self.gap.take()
            && self.begun
        {
            let mut row = bars(due.min(quotes));
            row.cut(self.width / 2);
            row.trim_end();
            self.rows.push(row);
        }
        self.begun = true;
    }

    fn row_of_table(&mut self, head: &Head, line: &str) {
        let plain = self.theme.is_plain();
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Table(mut table) => {
                if table.is_full() {
                    self.open_gap(self.quotes);
                }
                table.add(line_body(line, head), self.width, &mut self.rows);
                self.held = Held::Table(table);
                return;
            }
            Held::Head(first, lead) => {
                let table = Table::open(&first, line_body(line, head), lead.clone(), plain);
                if let Some(table) = table {
                    self.gap.get_or_insert(self.quotes);
                    self.held = Held::Table(table);
                    return;
                }
                self.text_row(&first, &lead);
            }
            Held::Nothing => {}
        }
        self.after_indented = false;
        self.enter_quotes(head.quotes);
        let column = self.lists.enter(head.indent);
        let mut lead = joined(&bars(head.quotes), blank(column));
        lead.cut(self.width / 2);
        self.held = Held::Head(line_body(line, head).to_owned(), lead);
    }

    /// Lets go of what was held.
    fn release(&mut self) {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => {}
            Held::Head(line, lead) => self.text_row(&line, &lead),
            Held::Table(mut table) => {
                self.open_gap(self.quotes);
                table.draw(self.width, &mut self.rows);
                self.gap = Some(self.quotes);
            }
        }
    }

    fn text_row(&mut self, line: &str, lead: &Row) {
        self.open_gap(self.quotes);
        let rows = text_rows(line, lead, self.width, self.theme.is_plain());
        self.rows.extend(rows);
    }

    /// The unfinished rows as they look now.
    fn peek(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let plain = self.theme.is_plain();
        match &self.held {
            Held::Table(table) => table.peek(&self.line, self.width, &mut rows),
            Held::Head(line, lead) => {
                rows.extend(text_rows(line, lead, self.width, plain));
            }
            Held::Nothing => {}
        }
        match &self.place {
            Place::Start => self.peek_start(&mut rows),
            Place::Long { cutter, tail } => {
                let mut cutter = cutter.clone();
                cutter.put_all(tail, self.width, &mut rows);
                cutter.finish(&mut rows);
            }
            Place::Text {
                inline,
                wrapper,
                style,
            } => {
                let mut wrapper = wrapper.clone();
                put_spans(&mut wrapper, inline.peek(*style, plain), &mut rows);
                wrapper.finish(&mut rows);
            }
        }
        if self.gap.is_some() && self.begun && !rows.is_empty() {
            rows.insert(0, Row::default());
        }
        rows
    }

    /// A line of which it is not told what it is: shown where that would be a text anyway.
    fn peek_start(&self, rows: &mut Vec<Row>) {
        if let Some(code) = &self.code {
            code.peek(&self.line, self.width, rows);
            return;
        }
        let begins_text = self
            .line
            .trim_start()
            .starts_with(|c: char| c == '|' || c.is_ascii_digit());
        if begins_text && !matches!(self.held, Held::Table(_)) {
            let plain = self.theme.is_plain();
            rows.extend(text_rows(&self.line, &Row::default(), self.width, plain));
        }
    }
}

fn put_spans(wrapper: &mut Wrapper, spans: Vec<Span>, rows: &mut Vec<Row>) {
    for (text, style) in spans {
        for cluster in text.graphemes(true) {
            wrapper.put(cluster, style, rows);
        }
    }
}

fn text_rows(line: &str, lead: &Row, width: usize, plain: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut wrapper = Wrapper::new(width, lead.clone(), lead.clone());
    fill(&mut wrapper, line, Style::default(), plain, &mut rows);
    wrapper.finish(&mut rows);
    rows
}

fn line_body<'a>(line: &'a str, head: &Head) -> &'a str {
    &line[head.body..]
}

/// What stands before a quoted line.
fn bars(quotes: usize) -> Row {
    let mut row = Row::default();
    for _ in 0..quotes {
        row.push("│ ", Style::default().dim(), 2);
    }
    row
}

fn joined(first: &Row, then: Row) -> Row {
    let mut row = first.clone();
    row.append(then);
    row
}
