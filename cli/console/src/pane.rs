//! The pane beside or over the table: a row in full, or what it tells.

use std::collections::VecDeque;

use crate::view::View;

/// Lines of a log that are kept.
const MAX_LINES: usize = 2000;
/// The longest line of a log, in bytes; a longer one goes on in the next.
const MAX_LINE_BYTES: usize = 4096;

/// What the pane shows of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Showing {
    /// All fields.
    Fields,
    /// What it tells, as it comes.
    Log,
}

/// An open pane.
#[derive(Debug)]
pub(crate) struct Pane {
    pub(crate) view: View,
    /// The row's key.
    pub(crate) key: String,
    pub(crate) showing: Showing,
    pub(crate) scroll: Scroll,
    pub(crate) log: Log,
}

impl Pane {
    pub(crate) fn new(view: View, key: String, showing: Showing) -> Self {
        Self {
            view,
            key,
            showing,
            scroll: Scroll {
                top: 0,
                // A log is read from its end.
                at_end: showing == Showing::Log,
                most: 0,
                page: 1,
            },
            log: Log::default(),
        }
    }
}

/// How far a text is scrolled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scroll {
    top: usize,
    at_end: bool,
    /// As the last frame found it: the farthest it can go, and lines on the screen.
    most: usize,
    page: usize,
}

impl Scroll {
    /// Moves by so many lines, within bounds.
    pub(crate) fn step(&mut self, by: isize) {
        let from = if self.at_end { self.most } else { self.top };
        self.top = from.saturating_add_signed(by).min(self.most);
        self.at_end = by > 0 && self.top == self.most && self.follows();
    }

    pub(crate) const fn page(&self) -> isize {
        let page = self.page.saturating_sub(1);
        if page == 0 { 1 } else { page.cast_signed() }
    }

    const fn follows(&self) -> bool {
        self.most > 0
    }

    /// The first line of `lines` to show on a screen of `page`.
    pub(crate) fn fit(&mut self, lines: usize, page: usize) -> usize {
        self.page = page;
        self.most = lines.saturating_sub(page);
        if self.at_end {
            self.top = self.most;
        }
        self.top = self.top.min(self.most);
        self.top
    }

    /// Whether there is more above, and below.
    pub(crate) const fn more(&self) -> (bool, bool) {
        (self.top > 0, self.top < self.most)
    }
}

/// The last lines of what something tells.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: VecDeque<String>,
    /// The last line goes on with the next piece of text.
    open: bool,
    /// Lines that are no longer kept.
    pub(crate) dropped: usize,
}

impl Log {
    pub(crate) fn line(&mut self, line: String) {
        self.open = false;
        self.push(line);
    }

    /// Adds text that goes on where the last ended.
    pub(crate) fn text(&mut self, text: &str) {
        for (at, part) in text.split('\n').enumerate() {
            if at > 0 {
                self.open = false;
            }
            match self.lines.back_mut().filter(|_| self.open) {
                Some(last) if last.len() + part.len() <= MAX_LINE_BYTES => last.push_str(part),
                _ => self.push(part.to_owned()),
            }
            self.open = true;
        }
    }

    /// All lines in place of those before.
    pub(crate) fn replace(&mut self, lines: impl Iterator<Item = String>) {
        *self = Self::default();
        lines.for_each(|line| self.line(line));
    }

    fn push(&mut self, mut line: String) {
        while line.len() > MAX_LINE_BYTES {
            let rest = line.split_off(line.floor_char_boundary(MAX_LINE_BYTES));
            self.push(std::mem::replace(&mut line, rest));
        }
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_pieces_becomes_lines_and_is_bounded() {
        let mut log = Log::default();
        log.line("running".into());
        for piece in ["hel", "lo\nthe", "re", "\n"] {
            log.text(piece);
        }
        log.line("done".into());
        let lines: Vec<_> = log.lines().collect();
        assert_eq!(lines, ["running", "hello", "there", "", "done"]);
        for _ in 0..MAX_LINES * 3 {
            log.text("x\n");
        }
        assert_eq!(log.lines().count(), MAX_LINES);
        assert!(log.dropped > 0);
        log.text(&"你".repeat(MAX_LINE_BYTES));
        log.text(&"x".repeat(MAX_LINE_BYTES));
        assert!(log.lines().all(|line| line.len() <= MAX_LINE_BYTES));
    }

    #[test]
    fn a_log_follows_its_end_until_one_scrolls_up() {
        let mut pane = Pane::new(View::Jobs, "x".into(), Showing::Log);
        assert_eq!(pane.scroll.fit(30, 10), 20);
        assert_eq!(pane.scroll.fit(40, 10), 30);
        pane.scroll.step(-5);
        assert_eq!(pane.scroll.fit(50, 10), 25);
        assert_eq!(pane.scroll.more(), (true, true));
        pane.scroll.step(isize::MAX);
        assert_eq!(pane.scroll.fit(60, 10), 50);
        pane.scroll.step(isize::MIN);
        assert_eq!(pane.scroll.fit(60, 10), 0);
        assert_eq!(pane.scroll.fit(0, 10), 0);
    }
}
