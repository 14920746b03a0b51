//! How an answer is shown while it comes: rendered, or as plain text.

use std::time::Duration;

use shared::name::Name;
use tokio::time::Instant;

use super::answer::Piece;
use super::plain::Plain;
use super::rendered::Rendered;
use super::settings::{Settings, Thinking};
use super::statistics::Statistics;
use super::thoughts::Thoughts;
use crate::failure::Result;
use crate::output::Output;

/// How often the counts in the status line change: faster than that they flicker.
const BETWEEN_COUNTS: Duration = Duration::from_millis(200);

/// An answer while it is shown.
pub(super) struct Show<'a> {
    output: &'a Output,
    face: Face<'a>,
    thoughts: Thoughts,
    thinking: Thinking,
    pub(super) statistics: Statistics,
    text: String,
    /// The status line may stand before anything came.
    waits_visibly: bool,
    /// The status line, and since when it says so.
    status: Option<(Instant, String)>,
    /// Said when the answer is over: now it would stand in its way.
    warnings: Vec<String>,
    pub(super) unreadable: usize,
}

enum Face<'a> {
    Plain(Plain<'a>),
    Rendered(Box<Rendered<'a>>),
}

impl<'a> Show<'a> {
    pub(super) fn new(output: &'a Output, llm: &Name, settings: &Settings) -> Self {
        let face = if renders(settings, output) {
            Face::Rendered(Box::new(Rendered::new(output, settings.thinking)))
        } else {
            Face::Plain(Plain::new(output, settings.thinking))
        };
        Self {
            output,
            face,
            thoughts: Thoughts::default(),
            thinking: settings.thinking,
            statistics: Statistics::start(llm.as_str()),
            text: String::new(),
            waits_visibly: !settings.traced,
            status: None,
            warnings: Vec::new(),
            unreadable: 0,
        }
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    pub(super) fn pieces(&mut self, pieces: Vec<Piece>) -> Result<()> {
        for piece in pieces {
            self.statistics.piece();
            match piece {
                // A pipe gets what the model wrote.
                Piece::Text(text) if self.output.to_terminal() => {
                    let mut told = Vec::new();
                    self.thoughts.take(&text, &mut told);
                    for piece in told {
                        self.piece(piece)?;
                    }
                }
                piece => self.piece(piece)?,
            }
        }
        Ok(())
    }

    fn piece(&mut self, piece: Piece) -> Result<()> {
        let (text, is_thought) = match piece {
            Piece::Text(text) => (text, false),
            Piece::Thinking(text) => (text, true),
        };
        let hidden = is_thought && self.thinking == Thinking::Off;
        self.statistics.hidden_thought(hidden);
        match &mut self.face {
            Face::Plain(plain) => plain.piece(&text, is_thought)?,
            Face::Rendered(rendered) => rendered.piece(&text, is_thought),
        }
        if !is_thought {
            self.text += &text;
        }
        Ok(())
    }

    /// Shows what came, and how it goes.
    pub(super) fn refresh(&mut self) -> Result<()> {
        let current = self.status.as_ref();
        let status = match current.filter(|(since, _)| since.elapsed() < BETWEEN_COUNTS) {
            Some((_, status)) => status.clone(),
            None => {
                let status = self.statistics.running();
                self.status = Some((Instant::now(), status.clone()));
                status
            }
        };
        match &mut self.face {
            Face::Plain(plain) => plain.refresh(&status),
            Face::Rendered(rendered) => {
                let visible = self.waits_visibly || self.statistics.has_begun();
                let visible = visible && self.output.err_can_draw();
                rendered.refresh(visible.then_some(status))?;
            }
        }
        Ok(())
    }

    /// Ends the answer, so that what follows begins a new line.
    pub(super) fn close(&mut self) -> Result<()> {
        if let Some(held) = self.thoughts.end() {
            self.piece(held)?;
        }
        match &mut self.face {
            Face::Plain(plain) => plain.close()?,
            Face::Rendered(rendered) => rendered.close()?,
        }
        Ok(())
    }

    /// The answer's text and what was measured; gives back what the terminal lent.
    pub(super) fn into_parts(self) -> (String, Statistics) {
        drop(self.face);
        for warning in &self.warnings {
            self.output.warning(warning);
        }
        (self.text, self.statistics)
    }
}

/// Whether answers are rendered.
pub(super) fn renders(settings: &Settings, output: &Output) -> bool {
    !settings.raw && output.can_draw()
}
