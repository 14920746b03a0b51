//! A row of the terminal: styled text that knows how many cells it takes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::style::{Style, Theme};

/// One row, ready to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The text with its SGR sequences; it leaves none of them on.
    pub text: String,
    /// The cells that it takes.
    pub width: usize,
    /// The same line goes on in the next row: written without a line end between them, a copy by
    /// mouse gets the line as it was.
    pub goes_on: bool,
}

/// The cells that a text takes. The text holds no control characters.
#[must_use]
pub fn width_of(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // By cluster, as a terminal places them: the sum may differ from the text's as a whole.
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// A row while it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    runs: Vec<(Style, String)>,
    width: usize,
    pub(crate) goes_on: bool,
}

impl Row {
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a text that takes `width` cells.
    pub(crate) fn push(&mut self, text: &str, style: Style, width: usize) {
        self.width += width;
        match self.runs.last_mut() {
            Some((last, run)) if *last == style => run.push_str(text),
            _ => self.runs.push((style, text.to_owned())),
        }
    }

    /// Adds a text of any width.
    pub(crate) fn push_text(&mut self, text: &str, style: Style) {
        self.push(text, style, width_of(text));
    }

    pub(crate) fn append(&mut self, other: Self) {
        for (style, text) in other.runs {
            self.push(&text, style, 0);
        }
        self.width += other.width;
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = (&str, Style)> {
        self.runs
            .iter()
            .map(|(style, text)| (text.as_str(), *style))
    }

    /// Takes off the blanks at the end.
    pub(crate) fn trim_end(&mut self) {
        while let Some((_, run)) = self.runs.last_mut() {
            let kept = run.trim_end_matches(' ').len();
            self.width -= run.len() - kept;
            run.truncate(kept);
            if kept > 0 {
                break;
            }
            self.runs.pop();
        }
    }

    /// Keeps what fits in `width` cells.
    pub(crate) fn cut(&mut self, width: usize) {
        if self.width <= width {
            return;
        }
        let whole = std::mem::take(self);
        for (text, style) in whole.runs() {
            for cluster in text.graphemes(true) {
                let cells = cluster.width();
                if self.width + cells > width {
                    return;
                }
                self.push(cluster, style, cells);
            }
        }
    }

    pub(crate) fn paint(&self, theme: Theme) -> Line {
        let mut text = String::new();
        for (style, run) in &self.runs {
            let sgr = theme.sgr(*style);
            if sgr.is_empty() {
                text += run;
            } else {
                text += &format!("\u{1b}[{sgr}m{run}\u{1b}[0m");
            }
        }
        Line {
            text,
            width: self.width,
            goes_on: self.goes_on,
        }
    }
}
