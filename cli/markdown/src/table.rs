//! Tables: held until they end, since each row may widen a column; then fitted to the width.

use unicode_segmentation::UnicodeSegmentation;

use crate::inline::whole;
use crate::row::{Row, width_of};
use crate::style::Style;
use crate::wrap::Wrapper;

/// Rows that are held. A longer table is drawn in parts, that have their columns from the first.
const MAX_ROWS: usize = 200;
/// Rows that are shown of a table that still grows.
const PEEKED: usize = 40;
/// What a column gives away at the most: below that words fall apart. Where there is no room for
/// it, each row is shown as a record.
const MIN_COLUMN: usize = 8;
/// Cells between two columns.
const BETWEEN: usize = 3;

/// A table whose head and rule were read.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
    /// The widest cell of each column.
    widest: Vec<usize>,
    /// The columns as they were drawn, where a part was.
    drawn: Option<Vec<usize>>,
    /// Stands before each row.
    pub(crate) lead: Row,
    plain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Middle,
}

impl Table {
    /// A table with this head, if `rule` is the line between head and rows.
    pub(crate) fn open(head: &str, rule: &str, lead: Row, plain: bool) -> Option<Self> {
        let sides: Option<Vec<Side>> = cells(rule).iter().map(|cell| side(cell)).collect();
        let (head, sides) = (cells(head), sides?);
        if head.len() != sides.len() {
            return None;
        }
        let widest = head.iter().map(|cell| cell_width(cell, plain)).collect();
        Some(Self {
            head,
            sides,
            rows: Vec::new(),
            widest,
            drawn: None,
            lead,
            plain,
        })
    }

    /// Adds a row. What is drawn of a table that is too long goes to `rows`.
    pub(crate) fn add(&mut self, line: &str, width: usize, rows: &mut Vec<Row>) {
        let mut cells = cells(line);
        let columns = self.head.len();
        if cells.len() > columns {
            let rest = cells.split_off(columns - 1).join(" | ");
            cells.push(rest);
        }
        cells.resize(columns, String::new());
        for (widest, cell) in self.widest.iter_mut().zip(&cells) {
            *widest = (*widest).max(cell_width(cell, self.plain));
        }
        self.rows.push(cells);
        if self.rows.len() >= MAX_ROWS {
            self.draw(width, rows);
        }
    }

    /// Whether the next row is one too many to be held.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() + 1 >= MAX_ROWS
    }

    /// Draws what is held.
    pub(crate) fn draw(&mut self, width: usize, rows: &mut Vec<Row>) {
        let with_head = self.drawn.is_none();
        let room = width.saturating_sub(self.lead.width());
        let columns = self.drawn.take().or_else(|| self.fit(room));
        let held = std::mem::take(&mut self.rows);
        self.render(&held, columns.as_deref(), with_head, width, rows);
        self.drawn = Some(columns.unwrap_or_default());
    }

    /// The table as far as it came, or its last rows; `line` is one that still grows.
    pub(crate) fn peek(&self, line: &str, width: usize, rows: &mut Vec<Row>) {
        let from = self.rows.len().saturating_sub(PEEKED);
        let mut shown = Self {
            rows: self.rows[from..].to_vec(),
            head: self.head.clone(),
            sides: self.sides.clone(),
            widest: self.widest.clone(),
            drawn: self.drawn.clone(),
            lead: self.lead.clone(),
            plain: self.plain,
        };
        if !line.trim().is_empty() {
            // Never drawn by this: fewer rows than that are shown.
            shown.add(line, width, rows);
        }
        shown.draw(width, rows);
    }

    /// For another width: a part that was drawn is no measure any more.
    pub(crate) fn resize(&mut self, width: usize) {
        self.lead.cut(width / 2);
        if let Some(drawn) = &mut self.drawn {
            let room = width.saturating_sub(self.lead.width());
            *drawn = fit(&self.widest, room).unwrap_or_default();
        }
    }

    fn fit(&self, room: usize) -> Option<Vec<usize>> {
        fit(&self.widest, room)
    }

    fn render(
        &self,
        held: &[Vec<String>],
        columns: Option<&[usize]>,
        with_head: bool,
        width: usize,
        rows: &mut Vec<Row>,
    ) {
        let Some(columns) = columns.filter(|columns| !columns.is_empty()) else {
            return self.records(held, with_head, width, rows);
        };
        if with_head {
            self.cells_row(&self.head, columns, Style::default().bold(), rows);
            let bars: Vec<String> = columns.iter().map(|width| "─".repeat(*width)).collect();
            let mut rule = self.lead.clone();
            rule.push_text(&bars.join("─┼─"), Style::default().dim());
            rows.push(rule);
        }
        for cells in held {
            self.cells_row(cells, columns, Style::default(), rows);
        }
    }

    fn cells_row(&self, cells: &[String], columns: &[usize], style: Style, rows: &mut Vec<Row>) {
        let each = cells.iter().zip(columns);
        let mut wrapped: Vec<_> = each
            .map(|(cell, width)| lines(cell, *width, style, self.plain).into_iter())
            .collect();
        loop {
            let line: Vec<Option<Row>> = wrapped.iter_mut().map(Iterator::next).collect();
            if line.iter().all(Option::is_none) {
                return;
            }
            let mut row = self.lead.clone();
            for (at, cell) in line.into_iter().enumerate() {
                if at > 0 {
                    row.push(" │ ", Style::default().dim(), BETWEEN);
                }
                let cell = cell.unwrap_or_default();
                let free = columns[at].saturating_sub(cell.width());
                let (before, after) = match self.sides[at] {
                    Side::Left => (0, free),
                    Side::Right => (free, 0),
                    Side::Middle => (free / 2, free - free / 2),
                };
                row.push(&" ".repeat(before), Style::default(), before);
                row.append(cell);
                row.push(&" ".repeat(after), Style::default(), after);
            }
            row.trim_end();
            rows.push(row);
        }
    }

    /// Each row as lines of `head: cell`, a blank row between them.
    fn records(&self, held: &[Vec<String>], first: bool, width: usize, rows: &mut Vec<Row>) {
        for (index, cells) in held.iter().enumerate() {
            if index > 0 || !first {
                rows.push(self.lead.clone());
            }
            for (name, cell) in self.head.iter().zip(cells) {
                let mut wrapper = Wrapper::new(width, self.lead.clone(), self.lead.clone());
                let bold = Style::default().bold();
                fill(&mut wrapper, &format!("{name}:"), bold, self.plain, rows);
                fill(
                    &mut wrapper,
                    &format!(" {cell}"),
                    Style::default(),
                    self.plain,
                    rows,
                );
                wrapper.finish(rows);
            }
        }
    }
}

/// The columns' widths: the widest give way first. `None` where there is no room for all of them.
fn fit(widest: &[usize], room: usize) -> Option<Vec<usize>> {
    let count = widest.len();
    let free = room.checked_sub(BETWEEN * count.saturating_sub(1))?;
    if widest.iter().sum::<usize>() <= free {
        return Some(widest.to_vec());
    }
    let least = widest.iter().map(|width| (*width).min(MIN_COLUMN));
    if free < least.sum() {
        return None;
    }
    let under = |most: usize| widest.iter().map(|width| (*width).min(most)).collect();
    let mut most = free;
    let mut columns: Vec<usize> = under(most);
    while columns.iter().sum::<usize>() > free {
        most -= 1;
        columns = under(most);
    }
    // What is left over by rounding goes to those that were cut.
    let mut left = free - columns.iter().sum::<usize>();
    for (column, wanted) in columns.iter_mut().zip(widest) {
        if left > 0 && *column < *wanted {
            *column += 1;
            left -= 1;
        }
    }
    Some(columns)
}

fn lines(cell: &str, width: usize, style: Style, plain: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut wrapper = Wrapper::new(width.max(2), Row::default(), Row::default());
    fill(&mut wrapper, cell, style, plain, &mut rows);
    wrapper.finish(&mut rows);
    rows
}

/// Puts a Markdown text into a wrapper.
pub(crate) fn fill(
    wrapper: &mut Wrapper,
    text: &str,
    style: Style,
    plain: bool,
    rows: &mut Vec<Row>,
) {
    for (text, style) in whole(text, style, plain) {
        for cluster in text.graphemes(true) {
            wrapper.put(cluster, style, rows);
        }
    }
}

fn cell_width(cell: &str, plain: bool) -> usize {
    let spans = whole(cell, Style::default(), plain);
    // A column of no cells has no room for a wide character.
    let width: usize = spans.iter().map(|(text, _)| width_of(text)).sum();
    width.max(2)
}

fn side(cell: &str) -> Option<Side> {
    let inside = cell.strip_prefix(':').unwrap_or(cell);
    let bare = inside.strip_suffix(':').unwrap_or(inside);
    if bare.is_empty() || bare.contains(|c| c != '-') {
        return None;
    }
    Some(match (cell.starts_with(':'), cell.ends_with(':')) {
        (true, true) => Side::Middle,
        (false, true) => Side::Right,
        _ => Side::Left,
    })
}

/// The cells of a row; a bar behind a backslash or within code is text.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let (mut escaped, mut in_code) = (false, false);
    for c in line.chars() {
        match c {
            '|' if escaped => {
                cell.pop();
                cell.push('|');
            }
            '|' if !in_code => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
        in_code ^= c == '`' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    // A bar at the end closes the last cell.
    if !cell.trim().is_empty() || cells.is_empty() {
        cells.push(cell);
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
