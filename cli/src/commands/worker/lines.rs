//! A stream of bytes as lines of bounded length, and the last of them.

use std::collections::VecDeque;

/// The longest line, in bytes; a longer one comes in pieces.
const MAX_LINE_BYTES: usize = 8 * 1024;
/// How many lines a [`Tail`] keeps.
const TAIL_LINES: usize = 20;

/// Takes bytes, gives lines. A carriage return ends a line too: progress bars write so.
#[derive(Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// The lines that end within `bytes`; empty ones are left out.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, ends) = match piece {
                [text @ .., b'\n' | b'\r'] => (text, true),
                text => (text, false),
            };
            for part in text.chunks(MAX_LINE_BYTES) {
                if self.begun.len() + part.len() > MAX_LINE_BYTES {
                    self.finish(&mut each);
                }
                self.begun.extend_from_slice(part);
            }
            if ends {
                self.finish(&mut each);
            }
        }
    }

    /// The line that was begun and not ended.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.begun.is_empty() {
            each(&String::from_utf8_lossy(&self.begun));
            self.begun.clear();
        }
    }
}

/// The last lines of a text.
#[derive(Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    pub(super) fn push(&mut self, line: &str) {
        if self.lines.len() == TAIL_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }

    pub(super) fn text(&mut self) -> String {
        self.lines.make_contiguous().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_the_bytes_are_cut() {
        let bytes = "one\r\ntwö\n\n 10%\r 20%\rlast".as_bytes();
        for cut in 0..=bytes.len() {
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            lines.feed(&bytes[..cut], |line| seen.push(line.to_owned()));
            lines.feed(&bytes[cut..], |line| seen.push(line.to_owned()));
            lines.finish(|line| seen.push(line.to_owned()));
            assert_eq!(seen, ["one", "twö", " 10%", " 20%", "last"], "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_comes_in_pieces_and_a_tail_has_an_end() {
        let (mut lines, mut tail) = (Lines::default(), Tail::default());
        let mut longest = 0;
        for _ in 0..100 {
            lines.feed(&[b'x'; 5000], |line| {
                longest = longest.max(line.len());
                tail.push(line);
            });
        }
        assert!(longest <= MAX_LINE_BYTES && lines.begun.len() <= MAX_LINE_BYTES);
        assert_eq!(tail.text().lines().count(), TAIL_LINES);
    }
}
