//! The whole terminal, for a view that is drawn in place, and given back however the view ends.
//!
//! A frame is one write, and only of lines that changed: nothing flickers, and a slow line carries
//! little. Terminals that know synchronised updates show it at once.

use std::io;

use crossterm::event::Event;
use crossterm::terminal;

use super::Output;
use super::keys::Keys;
use crate::failure::{Failure, Result};

/// What a terminal without a size is taken for.
const USUAL: (u16, u16) = (80, 24);

/// The alternate screen, without a cursor and without line wrap.
const TAKE: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
const GIVE_BACK: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

/// A terminal that is taken; dropping it gives it back.
pub(crate) struct Screen<'a> {
    output: &'a Output,
    keys: Keys,
    /// The lines as they stand there; `None` where that is not known.
    drawn: Option<Vec<String>>,
}

impl<'a> Screen<'a> {
    /// Takes the terminal, and reads its keys from now on.
    pub(crate) fn take(output: &'a Output) -> Result<Self> {
        terminal::enable_raw_mode().map_err(|why| unusable(&why))?;
        let keys = Keys::read().map_err(|why| {
            // Nobody else gives it back yet.
            let _ = terminal::disable_raw_mode();
            unusable(&why)
        })?;
        let screen = Self {
            output,
            keys,
            drawn: None,
        };
        output.raw(TAKE.as_bytes())?;
        Ok(screen)
    }

    /// The size now: cells across, and lines.
    pub(crate) fn size(&self) -> (u16, u16) {
        let (width, height) = terminal::size().unwrap_or(USUAL);
        // Some report nothing.
        if width == 0 || height == 0 {
            USUAL
        } else {
            (width, height)
        }
    }

    /// The next key or change of size. Cancel-safe.
    pub(crate) async fn event(&mut self) -> Result<Event> {
        self.keys.next().await.map_err(|why| unusable(&why))
    }

    /// What stands on the terminal is not what was drawn: the next frame is drawn as a whole.
    pub(crate) fn forget(&mut self) {
        self.drawn = None;
    }

    /// Draws a frame in place of the last one.
    ///
    /// Shape: `lines` fit the terminal, and hold no control sequences but of colour.
    pub(crate) fn draw(&mut self, lines: &[String]) -> Result<()> {
        let frame = difference(self.drawn.as_deref(), lines);
        self.drawn = Some(lines.to_vec());
        self.output.raw(frame.as_bytes())
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // Nowhere is left to tell of a terminal that is gone.
        let _ = self.output.raw(GIVE_BACK.as_bytes());
        let _ = terminal::disable_raw_mode();
    }
}

/// What turns the frame `before` into `after`; empty where they are the same.
fn difference(before: Option<&[String]>, after: &[String]) -> String {
    let mut frame = String::new();
    if before.is_none() {
        frame += "\u{1b}[2J";
    }
    let before = before.unwrap_or_default();
    for (at, line) in after.iter().enumerate() {
        if before.get(at) != Some(line) {
            // Cleared first: behind a line of full width it would take the last cell.
            frame += &format!("\u{1b}[{};1H\u{1b}[K{line}", at + 1);
        }
    }
    if before.len() > after.len() {
        frame += &format!("\u{1b}[{};1H\u{1b}[J", after.len() + 1);
    }
    if frame.is_empty() {
        return frame;
    }
    format!("\u{1b}[?2026h{frame}\u{1b}[?2026l")
}

fn unusable(why: &io::Error) -> Failure {
    Failure::failed("the terminal can't be used")
        .caused_by(why)
        .hint("--once prints the table once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_changed_are_drawn() {
        let lines = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let (abc, axc, a) = (lines("a b c"), lines("a x c"), lines("a"));
        assert_eq!(difference(Some(&abc), &abc), "");
        assert_eq!(
            difference(Some(&abc), &axc),
            "\u{1b}[?2026h\u{1b}[2;1H\u{1b}[Kx\u{1b}[?2026l"
        );
        assert_eq!(
            difference(Some(&abc), &a),
            "\u{1b}[?2026h\u{1b}[2;1H\u{1b}[J\u{1b}[?2026l"
        );
        assert!(difference(None, &a).contains("\u{1b}[2J\u{1b}[1;1H\u{1b}[Ka"));
    }
}
