//! Several jobs that are watched: a bar each on a terminal, else lines with their ids.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use serde_json::{Value, json};
use shared::job::JobId;
use tokio::sync::mpsc::Receiver;

use super::event::{JobEvent, What};
use super::progress::style;
use crate::args::Format;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::sanitise::one_line;

/// How often bars move.
const TICK: Duration = Duration::from_millis(100);

/// What is seen of them.
pub(super) struct Many<'a> {
    output: &'a Output,
    jobs: Vec<Watched>,
    bars: Option<MultiProgress>,
    told_lost: bool,
}

struct Watched {
    id: JobId,
    bar: Option<ProgressBar>,
    chars: usize,
    /// How it ended: with a result, or why not.
    end: Option<Result<(), String>>,
}

impl<'a> Many<'a> {
    pub(super) fn new(ids: &[JobId], output: &'a Output) -> Self {
        let for_people = matches!(output.format, Format::Table | Format::Wide);
        let bars = (output.err_can_draw() && for_people)
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let watched = |id: &JobId| Watched {
            id: id.clone(),
            bar: bars.as_ref().map(|bars| new_bar(bars, id)),
            chars: 0,
            end: None,
        };
        Self {
            output,
            jobs: ids.iter().map(watched).collect(),
            bars,
            told_lost: false,
        }
    }

    /// What comes next; bars move meanwhile.
    pub(super) async fn next<T>(&self, told: &mut Receiver<T>) -> Option<T> {
        loop {
            tokio::select! {
                biased;
                next = told.recv() => return next,
                () = tokio::time::sleep(TICK), if self.bars.is_some() => {
                    let bars = self.jobs.iter().filter_map(|job| job.bar.as_ref());
                    bars.filter(|bar| !bar.is_finished()).for_each(ProgressBar::tick);
                }
            }
        }
    }

    pub(super) fn event(&mut self, place: usize, event: &JobEvent) -> Result<()> {
        let job = &mut self.jobs[place];
        let words = match &event.what {
            What::Chunk(piece) => {
                job.chars += piece.chars().count();
                Some(format!("answering, {} characters", job.chars))
            }
            What::Done => {
                job.end = Some(Ok(()));
                event.words()
            }
            What::Error(why) => {
                job.end = Some(Err(why.clone()));
                event.words()
            }
            _ => event.words(),
        };
        if let Some(bar) = &job.bar {
            if let Some(words) = words {
                bar.set_message(one_line(&words));
            }
            if event.what == What::Progress {
                let count = |field| event.data.get(field).and_then(Value::as_u64);
                bar.set_length(count("total").unwrap_or(0));
                bar.set_position(count("done").unwrap_or(0));
            }
            if event.is_end() {
                bar.abandon();
            }
            return Ok(());
        }
        match self.output.format {
            Format::Json | Format::Yaml => {
                let document = json!({"job": job.id, "id": event.id, "event": event.name,
                    "data": event.data});
                self.output.line(&document.to_string())
            }
            // An answer's pieces of several jobs at once are nobody's reading.
            _ if matches!(event.what, What::Chunk(_)) => Ok(()),
            _ => match words {
                Some(words) => self
                    .output
                    .line(&format!("{} {}", job.id, one_line(&words))),
                None => Ok(()),
            },
        }
    }

    /// The server is away; told once for all jobs.
    pub(super) fn lost(&mut self, why: &str) {
        if !std::mem::replace(&mut self.told_lost, true) {
            let text = format!("{why}; trying again until it is back");
            self.beside(|output| output.warning(&text));
        }
    }

    pub(super) fn back(&mut self) {
        if std::mem::take(&mut self.told_lost) {
            self.beside(|output| output.note("The server is back"));
        }
    }

    /// A job can't be followed.
    pub(super) fn failed(&mut self, place: usize, why: &Failure) {
        self.jobs[place].end = Some(Err(String::new()));
        if let Some(bar) = &self.jobs[place].bar {
            bar.abandon_with_message("can't be followed");
        }
        self.beside(|output| output.failure(why));
    }

    /// Prints how all ended, where bars stood.
    pub(super) fn end(&self) -> Result<()> {
        let Some(bars) = &self.bars else {
            return Ok(());
        };
        // Nowhere is left to tell of a terminal that is gone.
        let _ = bars.clear();
        self.jobs.iter().try_for_each(|job| {
            let end = match &job.end {
                Some(Ok(())) => "done".into(),
                Some(Err(why)) if !why.is_empty() => format!("failed: {}", one_line(why)),
                _ => "can't be followed".into(),
            };
            self.output.line(&format!("{} {end}", job.id))
        })
    }

    pub(super) fn all_done(&self) -> bool {
        self.jobs.iter().all(|job| job.end == Some(Ok(())))
    }

    fn beside(&self, say: impl FnOnce(&Output)) {
        match &self.bars {
            Some(bars) => bars.suspend(|| say(self.output)),
            None => say(self.output),
        }
    }
}

fn new_bar(bars: &MultiProgress, id: &JobId) -> ProgressBar {
    let bar = bars.add(ProgressBar::new(0));
    bar.set_style(style("{spinner} {prefix} {bar:16} {msg}"));
    // The end of an id tells jobs apart that were made in one moment.
    bar.set_prefix(id.as_str()[24..].to_owned());
    bar
}
