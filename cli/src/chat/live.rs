//! The part of the screen that still changes: the unfinished rows of an answer and, below them,
//! the status line.
//!
//! ```text
//!   finished row       printed once, scrolls away, never touched again
//!   finished row
//!   unfinished row  \
//!   unfinished row   | erased and written anew with each paint
//!   status line     /
//! ```
//!
//! A paint is one write, held together for the terminal by "synchronized output". Where the
//! cursor stands is known from what was written last; after a change of the width, from how a
//! terminal breaks rows that became too long.

use markdown::{Line, width_of};

use crate::failure::Result;
use crate::output::Output;

const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";
/// A row never takes two, also where the terminal's idea of an emoji's width is another.
const NO_WRAP: &str = "\u{1b}[?7l";
const WRAP: &str = "\u{1b}[?7h";
const ERASE_BELOW: &str = "\u{1b}[J";

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Size {
    /// That of the terminal; of an old one where it does not tell.
    pub(super) fn now() -> Self {
        let told = crossterm::terminal::size().ok();
        let told = told.filter(|(columns, rows)| *columns > 0 && *rows > 0);
        let (columns, rows) = told.unwrap_or((80, 24));
        Self {
            columns: columns.into(),
            rows: rows.into(),
        }
    }
}

/// What stands on the screen and may change.
#[derive(Clone, Debug)]
pub(super) struct Live {
    /// The widths of its rows.
    rows: Vec<usize>,
    size: Size,
    /// The terminal breaks rows anew when its width changes. Most do.
    breaks_anew: bool,
}

impl Live {
    pub(super) fn new(size: Size) -> Self {
        let set = |name| std::env::var_os(name).is_some();
        Self {
            rows: Vec::new(),
            size,
            // xterm and screen cut rows instead.
            breaks_anew: !set("XTERM_VERSION") && !set("STY"),
        }
    }

    /// The sequence that puts `finished` where the changing part began, and what changes below.
    pub(super) fn paint(
        &mut self,
        size: Size,
        finished: &[Line],
        unfinished: &[Line],
        status: Option<&str>,
    ) -> String {
        let mut out = String::from(BEGIN);
        out += &self.back_to_start(size);
        for line in finished {
            out += &line.text;
            if !line.goes_on {
                out.push('\n');
            }
        }
        self.size = size;
        let room = size.rows.saturating_sub(1 + usize::from(status.is_some()));
        let shown = &unfinished[unfinished.len().saturating_sub(room)..];
        let rows = shown.iter().map(|line| (line.text.as_str(), line.width));
        let status = status.map(|text| (text, visible_width(text)));
        let rows: Vec<_> = rows.chain(status).collect();
        self.rows = rows.iter().map(|(_, width)| *width).collect();
        if !rows.is_empty() {
            let texts: Vec<&str> = rows.into_iter().map(|(text, _)| text).collect();
            out += NO_WRAP;
            out += &texts.join("\n");
            out += WRAP;
        }
        out + END
    }

    fn back_to_start(&self, size: Size) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let broken = self.breaks_anew && size.columns < self.size.columns;
        let height = |width: &usize| match broken {
            true => width.div_ceil(size.columns).max(1),
            false => 1,
        };
        let height: usize = self.rows.iter().map(height).sum();
        match height.min(size.rows) {
            0 | 1 => format!("\r{ERASE_BELOW}"),
            height => format!("\r\u{1b}[{}A{ERASE_BELOW}", height - 1),
        }
    }
}

/// The cells of a text that may be painted as a whole.
fn visible_width(text: &str) -> usize {
    let bare = text.strip_prefix("\u{1b}[2m");
    let bare = bare.and_then(|text| text.strip_suffix("\u{1b}[0m"));
    width_of(bare.unwrap_or(text))
}

/// `text` cut to a row of `columns` cells, in dim where the terminal takes it.
pub(super) fn status_row(text: &str, columns: usize, output: &Output) -> String {
    let mut shown = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += width_of(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        shown.push(c);
    }
    output.painted("2", &shown).into_owned()
}

/// Writes a paint.
pub(super) fn write(output: &Output, paint: &str) -> Result<()> {
    output.raw(paint.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line {
            text: text.into(),
            width: text.len(),
            goes_on: false,
        }
    }

    fn size(columns: usize, rows: usize) -> Size {
        Size { columns, rows }
    }

    fn live(size: Size) -> Live {
        Live {
            breaks_anew: true,
            ..Live::new(size)
        }
    }

    fn bare(paint: &str) -> String {
        let mut bare = paint.to_owned();
        for sequence in [BEGIN, END, NO_WRAP, WRAP] {
            bare = bare.replace(sequence, "");
        }
        bare
    }

    #[test]
    fn only_what_is_unfinished_is_painted_again() {
        let at = size(80, 24);
        let mut live = live(at);
        let first = live.paint(at, &[line("done")], &[line("a"), line("b")], Some("status"));
        assert_eq!(bare(&first), "done\na\nb\nstatus");
        let second = live.paint(at, &[line("a")], &[line("bc")], Some("status"));
        assert_eq!(bare(&second), "\r\u{1b}[2A\u{1b}[Ja\nbc\nstatus");
        let last = live.paint(at, &[line("bc")], &[], None);
        assert_eq!(bare(&last), "\r\u{1b}[1A\u{1b}[Jbc\n");
        assert_eq!(bare(&live.paint(at, &[], &[], None)), "");
    }

    #[test]
    fn never_more_rows_than_the_screen_has() {
        let at = size(80, 4);
        let mut live = live(at);
        let many: Vec<Line> = (0..9).map(|n| line(&n.to_string())).collect();
        assert_eq!(bare(&live.paint(at, &[], &many, Some("s"))), "7\n8\ns");
        let smaller = live.paint(size(80, 2), &[], &many, Some("s"));
        assert_eq!(bare(&smaller), "\r\u{1b}[1A\u{1b}[Js");
    }

    #[test]
    fn a_narrower_terminal_broke_the_rows_that_stood() {
        let mut live = live(size(80, 24));
        live.paint(size(80, 24), &[], &[line(&"x".repeat(70))], Some("status"));
        let narrow = live.paint(size(20, 24), &[], &[line("y")], Some("status"));
        assert!(
            bare(&narrow).starts_with("\r\u{1b}[4A\u{1b}[J"),
            "{narrow:?}"
        );
        live.breaks_anew = false;
        let cut = live.paint(size(4, 24), &[], &[line("y")], Some("status"));
        assert!(bare(&cut).starts_with("\r\u{1b}[1A\u{1b}[J"), "{cut:?}");
    }

    #[test]
    fn a_line_that_goes_on_has_no_end() {
        let at = size(4, 24);
        let mut first = line("abcd");
        first.goes_on = true;
        let paint = live(at).paint(at, &[first, line("ef")], &[], None);
        assert_eq!(bare(&paint), "abcdef\n");
    }
}
