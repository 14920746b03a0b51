//! Begins a line, now that it is told what it is.

use crate::block::{Fence, Head, Kind, outdent};
use crate::code::Code;
use crate::inline::{Inline, Reading};
use crate::list::blank;
use crate::row::Row;
use crate::stream::peek::text_rows;
use crate::stream::{Held, Place, Stream};
use crate::style::{Ink, Style};
use crate::table::Table;
use crate::wrap::{Cutter, Wrapper};

/// The longest rule.
const RULE: usize = 40;
impl Stream {
    /// Begins the line `line`, that is told to be `head`.
    pub(super) fn begin(&mut self, head: Head, line: &str) {
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
    pub(super) fn open_gap(&mut self, quotes: usize) {
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
    pub(super) fn release(&mut self) {
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
