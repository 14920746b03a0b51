//! The terminal as the console has it: frames out, keys in, and lent to others for a while.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use console::Console;
use crossterm::event::Event;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};

use super::taken::{Taken, raw_mode};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::keys::Keys;

/// The terminal.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Frames>>,
    /// `None` while it is lent.
    keys: Option<Keys>,
    taken: Taken<Plain>,
    output: Output,
}

impl Screen {
    pub(super) fn take(output: &Output) -> Result<Self> {
        let taken = Taken::take(Plain(output.clone()), raw_mode).map_err(|why| unusable(&why))?;
        let frames = Frames {
            output: output.clone(),
            frame: Vec::new(),
        };
        let terminal = Terminal::new(CrosstermBackend::new(frames));
        let mut screen = Self {
            terminal: terminal.map_err(|why| unusable(&why))?,
            keys: Some(Keys::read().map_err(|why| unusable(&why))?),
            taken,
            output: output.clone(),
        };
        screen.redraw()?;
        Ok(screen)
    }

    pub(super) fn draw(&mut self, console: &mut Console) -> Result<()> {
        let drawn = self.terminal.draw(|frame| console.draw(frame));
        drawn.map(drop).map_err(|why| unusable(&why))
    }

    /// What stands there is not what was drawn: the next frame is drawn as a whole.
    pub(super) fn redraw(&mut self) -> Result<()> {
        let Size { width, height } = self.terminal.size().map_err(|why| unusable(&why))?;
        let whole = Rect::new(0, 0, width, height);
        self.terminal.resize(whole).map_err(|why| unusable(&why))
    }

    /// The next key or change of size. Cancel-safe.
    pub(super) async fn event(&mut self) -> Result<Event> {
        match &mut self.keys {
            Some(keys) => keys.next().await.map_err(|why| unusable(&why)),
            None => std::future::pending().await,
        }
    }

    /// Gives it to somebody else for a while; nobody takes keys from them.
    pub(super) fn lend(&mut self) -> Result<()> {
        self.keys = None;
        self.taken.give_back();
        Ok(())
    }

    /// Takes it back.
    pub(super) fn take_back(&mut self) -> Result<()> {
        self.taken.take_again().map_err(|why| unusable(&why))?;
        self.keys = Some(Keys::read().map_err(|why| unusable(&why))?);
        self.redraw()
    }

    /// Hands `text` to the terminal's clipboard, where it has one (OSC 52).
    pub(super) fn copy(&self, text: &str) -> Result<()> {
        let text = STANDARD.encode(text);
        self.output
            .raw(format!("\u{1b}]52;c;{text}\u{7}").as_bytes())
    }

    /// The end.
    pub(super) fn give_back(self) {
        drop(self.keys);
        self.taken.give_back();
    }
}

/// Writes a frame at once, and marks it as one for terminals that know how to show it so.
struct Frames {
    output: Output,
    frame: Vec<u8>,
}

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut self.frame);
        if frame.is_empty() {
            return Ok(());
        }
        write(&self.output, &[BEGIN, &frame, END].concat())
    }
}

/// Writes as it comes.
#[derive(Clone)]
struct Plain(Output);

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(&self.0, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(output: &Output, bytes: &[u8]) -> io::Result<()> {
    let written = output.raw(bytes);
    written.map_err(|why| io::Error::other(why.first_line()))
}

fn unusable(why: &io::Error) -> Failure {
    Failure::failed("the terminal can't be used")
        .caused_by(why)
        .hint("`mcpctl get llm -w` prints changes as lines")
}
