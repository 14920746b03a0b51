//! A job's events on stdout: as lines, its answer as it comes; or an object a line with `-o json`.

use serde_json::json;

use super::event::{JobEvent, What, answer};
use crate::args::Format;
use crate::failure::Result;
use crate::output::Output;
use crate::output::sanitise::{Cleaner, one_line};

/// What was printed so far.
pub(super) struct Lines<'a> {
    output: &'a Output,
    cleaner: Cleaner,
    /// What was written last was no line end.
    in_line: bool,
    /// Text of the answer was printed: it need not be printed again at the end.
    answered: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self {
            output,
            cleaner: Cleaner::default(),
            in_line: false,
            answered: false,
        }
    }

    pub(super) fn print(&mut self, event: &JobEvent) -> Result<()> {
        let document = json!({"id": event.id, "event": event.name, "data": event.data});
        match self.output.format {
            Format::Json | Format::Yaml => return self.output.record(&document),
            Format::Name | Format::Table | Format::Wide => {}
        }
        match &event.what {
            What::Chunk(piece) => return self.text(piece),
            // Another attempt begins its answer anew.
            What::Queued | What::Running => self.answered = false,
            What::Done if !self.answered => {
                if let Some(result) = event.data.get("result") {
                    self.text(&answer(result))?;
                }
            }
            _ => {}
        }
        let Some(words) = event.words() else {
            return Ok(());
        };
        self.close()?;
        let at = event.at().map(|at| format!("{at}  ")).unwrap_or_default();
        self.output.line(&format!("{at}{}", one_line(&words)))
    }

    /// Ends the last line, so that what follows begins a new one.
    pub(super) fn close(&mut self) -> Result<()> {
        if std::mem::take(&mut self.in_line) {
            self.output.raw(b"\n")?;
        }
        Ok(())
    }

    fn text(&mut self, piece: &str) -> Result<()> {
        let piece = if self.output.to_terminal() {
            self.cleaner.clean(piece)
        } else {
            piece.into()
        };
        if piece.is_empty() {
            return Ok(());
        }
        self.answered = true;
        self.in_line = !piece.ends_with('\n');
        self.output.raw(piece.as_bytes())
    }
}
