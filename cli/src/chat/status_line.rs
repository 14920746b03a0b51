//! A line at the bottom of the terminal while an answer runs.
//!
//! The last row is taken out of the scrolling region, so that the answer scrolls above it. All of
//! it goes to stderr, and nothing is drawn where that is no terminal. Dropping the line gives the
//! row back, whatever happened.

use crate::output::Output;

/// Below this height the row is worth more than the line.
const MIN_ROWS: u16 = 5;

/// The line, once it stands.
pub(super) struct StatusLine<'a> {
    output: &'a Output,
    /// Columns and rows as they were when the region was set; `None` where nothing is drawn.
    size: Option<(u16, u16)>,
    shown: String,
}

impl<'a> StatusLine<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        let size = current_size().filter(|_| output.err_can_draw());
        if let Some((_, rows)) = size {
            // Make sure that a row is free below the cursor, then take the last one.
            output.to_err(&format!("\n\u{1b}[1A{}", take_row(rows)));
        }
        Self {
            output,
            size,
            shown: String::new(),
        }
    }

    /// Shows `text`, cut to the terminal's width.
    pub(super) fn show(&mut self, text: &str) {
        let Some(size) = self.size else { return };
        let mut out = String::new();
        if let Some(now) = current_size().filter(|now| *now != size) {
            out += &take_row(now.1);
            self.size = Some(now);
            self.shown.clear();
        }
        let (columns, rows) = self.size.unwrap_or(size);
        let text: String = text
            .chars()
            .take(usize::from(columns.saturating_sub(1)))
            .collect();
        if text == self.shown {
            return;
        }
        let painted = self.output.painted("2", &text);
        out += &format!("\u{1b}7\u{1b}[{rows};1H\u{1b}[2K{painted}\u{1b}8");
        self.output.to_err(&out);
        self.shown = text;
    }
}

impl Drop for StatusLine<'_> {
    fn drop(&mut self) {
        if let Some((_, rows)) = self.size {
            self.output
                .to_err(&format!("\u{1b}7\u{1b}[{rows};1H\u{1b}[2K\u{1b}[r\u{1b}8"));
        }
    }
}

/// Setting the region moves the cursor, so it is put back.
fn take_row(rows: u16) -> String {
    format!("\u{1b}7\u{1b}[1;{}r\u{1b}8", rows.saturating_sub(1))
}

fn current_size() -> Option<(u16, u16)> {
    let size = crossterm::terminal::size().ok();
    size.filter(|(_, rows)| *rows >= MIN_ROWS)
}
