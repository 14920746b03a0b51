//! How `init` tells what it does: a word for what it is about, and the rest beside it.

use std::path::Path;

use crate::output::Output;
use crate::output::tilde::tilde;
use crate::output::wrap::wrapped;

/// Cells of the word in front, with the gap behind it.
const LABEL_WIDTH: usize = 11;
/// The least that is left for words, however narrow the terminal.
const LEAST_WORDS: usize = 20;

/// A line, with `label` in front; a label that is empty goes on with the line before.
pub(super) fn line(output: &Output, label: &str, text: &str) {
    let blank = " ".repeat(LABEL_WIDTH);
    for (at, line) in wrapped(text, room(output, LABEL_WIDTH)).iter().enumerate() {
        match at {
            0 => output.note(&format!("{label:LABEL_WIDTH$}{line}")),
            _ => output.note(&format!("{blank}{line}")),
        }
    }
}

/// A sentence or two, of the whole width.
pub(super) fn sentence(output: &Output, text: &str) {
    output.note(&wrapped(text, room(output, 0)).join("\n"));
}

/// A path, short.
pub(super) fn short(path: &Path) -> String {
    tilde(&path.display().to_string())
}

/// What is left beside `used` cells of the terminal; no limit where stderr is none.
fn room(output: &Output, used: usize) -> Option<usize> {
    let (columns, _) = output
        .err_can_draw()
        .then(crossterm::terminal::size)?
        .ok()?;
    Some(usize::from(columns).saturating_sub(used).max(LEAST_WORDS))
}
