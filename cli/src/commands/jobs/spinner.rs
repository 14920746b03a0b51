//! One line on stderr about one job that somebody waits for. Nothing where that is no terminal,
//! but for what is out of order.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::event::{JobEvent, What};
use super::follow::{Follow, Told};
use super::progress::style;
use crate::failure::Result;
use crate::output::Output;
use crate::output::sanitise::one_line;

/// How often the line moves.
const TICK: Duration = Duration::from_millis(100);

/// The line.
pub(super) struct Spinner<'a> {
    output: &'a Output,
    bar: Option<ProgressBar>,
    /// Characters of the answer that came.
    chars: usize,
}

impl<'a> Spinner<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        let bar = output.err_can_draw().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style("{spinner} {msg} {elapsed}"));
            bar.set_message("submitted");
            bar
        });
        Self {
            output,
            bar,
            chars: 0,
        }
    }

    /// What the job tells next; the line moves meanwhile.
    pub(super) async fn next(&self, follow: &mut Follow) -> Result<Told> {
        let Some(bar) = &self.bar else {
            return follow.next().await;
        };
        let next = follow.next();
        tokio::pin!(next);
        loop {
            tokio::select! {
                biased;
                told = &mut next => return told,
                () = tokio::time::sleep(TICK) => bar.tick(),
            }
        }
    }

    pub(super) fn show(&mut self, event: &JobEvent) {
        let text = match &event.what {
            What::Chunk(piece) => {
                self.chars += piece.chars().count();
                Some(format!("answering, {} characters", self.chars))
            }
            // Another attempt begins with an empty answer.
            What::Queued | What::Running => {
                self.chars = 0;
                event.words()
            }
            _ => event.words(),
        };
        if let (Some(bar), Some(text)) = (&self.bar, text) {
            bar.set_message(one_line(&text));
        }
    }

    /// The server is away.
    pub(super) fn lost(&self, why: &str) {
        self.beside(|output| output.warning(&format!("{why}; trying again until it is back")));
    }

    /// It is back.
    pub(super) fn back(&self) {
        self.beside(|output| output.note("The server is back"));
    }

    fn beside(&self, say: impl FnOnce(&Output)) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(self.output)),
            None => say(self.output),
        }
    }
}

impl Drop for Spinner<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
