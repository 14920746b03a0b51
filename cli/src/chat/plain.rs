//! An answer as plain text, as it comes: for a pipe byte by byte, for a terminal cleaned.

use super::settings::Thinking;
use super::status_line::StatusLine;
use crate::failure::Result;
use crate::output::Output;
use crate::output::sanitise::Cleaner;

/// Shows one answer.
pub(super) struct Plain<'a> {
    output: &'a Output,
    /// Stands until the answer is over.
    line: Option<StatusLine<'a>>,
    cleaner: Cleaner,
    shows_thinking: bool,
    dims_thinking: bool,
    thinking: bool,
    /// What was written last was no line end.
    in_line: bool,
}

impl<'a> Plain<'a> {
    pub(super) fn new(output: &'a Output, thinking: Thinking) -> Self {
        Self {
            output,
            line: Some(StatusLine::new(output)),
            cleaner: Cleaner::default(),
            shows_thinking: output.to_terminal() && thinking != Thinking::Off,
            dims_thinking: output.colour_on_out() && thinking == Thinking::Dim,
            thinking: false,
            in_line: false,
        }
    }

    /// Takes a piece of the answer, or of what is thought before.
    pub(super) fn piece(&mut self, text: &str, is_thought: bool) -> Result<()> {
        match (is_thought, self.shows_thinking) {
            (true, false) => Ok(()),
            (true, true) => {
                self.begin_thinking()?;
                self.write(text)
            }
            (false, _) => {
                self.end_thinking()?;
                self.write(text)
            }
        }
    }

    /// Shows the status line as it is now.
    pub(super) fn refresh(&mut self, status: &str) {
        if let Some(line) = &mut self.line {
            line.show(status);
        }
    }

    /// Ends the last line, so that what follows begins a new one.
    pub(super) fn close(&mut self) -> Result<()> {
        self.end_thinking()?;
        if self.in_line {
            self.put("\n")?;
        }
        self.line = None;
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if self.output.to_terminal() {
            let text = self.cleaner.clean(text);
            self.put(&text)
        } else {
            self.put(text)
        }
    }

    fn put(&mut self, text: &str) -> Result<()> {
        if !text.is_empty() {
            self.in_line = !text.ends_with('\n');
            self.output.raw(text.as_bytes())?;
        }
        Ok(())
    }

    fn begin_thinking(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.thinking, true) {
            let begin = match self.dims_thinking {
                true => "\u{1b}[2m",
                false => "(thinking) ",
            };
            self.output.raw(begin.as_bytes())?;
        }
        Ok(())
    }

    fn end_thinking(&mut self) -> Result<()> {
        if std::mem::take(&mut self.thinking) {
            self.cleaner = Cleaner::default();
            let end = match self.dims_thinking {
                true => "\u{1b}[0m\n\n",
                false => "\n\n",
            };
            self.put(end)?;
        }
        Ok(())
    }
}
