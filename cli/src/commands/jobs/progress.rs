//! How far many jobs are, on stderr: bars on a terminal, a line now and then elsewhere, nothing
//! with `--quiet`.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use shared::job::JobId;
use tokio::time::Instant;

use super::glimpse::Glimpse;
use super::tally::Tally;
use super::track::Tracker;
use crate::client::Client;
use crate::output::Output;
use crate::output::sanitise::one_line;

/// Jobs that have a bar of their own while they run.
const MAX_BARS: usize = 8;
/// How often a line may come where nothing can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often a terminal is drawn, in Hz.
const DRAWS_PER_SECOND: u8 = 10;
/// How often the bar of a job moves.
const TICK: Duration = Duration::from_millis(200);

/// What a person sees of it.
pub(super) struct Progress<'a> {
    output: &'a Output,
    client: &'a Client,
    bars: Option<Bars>,
    began: Instant,
    /// What had ended when it began.
    ended_before: Option<usize>,
    last_line: Option<(Instant, String)>,
    told_lost: bool,
}

struct Bars {
    all: MultiProgress,
    overall: ProgressBar,
    running: HashMap<JobId, Running>,
}

/// A job that has a bar.
struct Running {
    bar: ProgressBar,
    worker: String,
    glimpse: Glimpse,
}

impl<'a> Progress<'a> {
    pub(super) fn new(output: &'a Output, client: &'a Client) -> Self {
        Self {
            output,
            client,
            bars: output.err_can_draw().then(Bars::new),
            began: Instant::now(),
            ended_before: None,
            last_line: None,
            told_lost: false,
        }
    }

    /// So many jobs of so many are submitted.
    pub(super) fn submitted(&mut self, count: usize, total: usize) {
        match &self.bars {
            Some(bars) => bars.draw(count, total, format!("submitted {count} of {total}")),
            None => self.line(format!("submitted {count} of {total}")),
        }
    }

    /// The jobs stand so.
    pub(super) fn show(&mut self, tracker: &Tracker) {
        let tally = tracker.tally();
        let text = self.text(&tally);
        match &mut self.bars {
            Some(bars) => {
                bars.draw(tally.ended(), tally.total(), text);
                bars.show_running(tracker, self.client);
            }
            None if tally.ended() < tally.total() => self.line(text),
            // The end has its own line.
            None => {}
        }
    }

    /// Something to know, beside the bars.
    pub(super) fn note(&mut self, text: &str) {
        self.told_lost = false;
        self.beside(|output| output.note(text));
    }

    /// Something that is not as it should be.
    pub(super) fn warning(&self, text: &str) {
        self.beside(|output| output.warning(text));
    }

    /// The server is away; told once until [`Self::note`] tells that it is back.
    pub(super) fn lost(&mut self, why: &str) {
        if !std::mem::replace(&mut self.told_lost, true) {
            self.warning(&format!("{why}; trying again until it is back"));
        }
    }

    /// Takes the bars away.
    pub(super) fn clear(&mut self) {
        if let Some(bars) = self.bars.take() {
            bars.clear();
        }
    }

    fn beside(&self, say: impl FnOnce(&Output)) {
        match &self.bars {
            Some(bars) => bars.all.suspend(|| say(self.output)),
            None => say(self.output),
        }
    }

    fn text(&mut self, tally: &Tally) -> String {
        let before = *self.ended_before.get_or_insert_with(|| tally.ended());
        match tally.pace(before, self.began.elapsed()) {
            Some(pace) => format!("{}; {pace}", tally.counts()),
            None => tally.counts(),
        }
    }

    /// A line, where the last one is old enough and another.
    fn line(&mut self, text: String) {
        let now = Instant::now();
        let due = self
            .last_line
            .as_ref()
            .is_none_or(|(at, last)| now.duration_since(*at) >= LINE_EVERY && *last != text);
        if due {
            self.output.note(&text);
            self.last_line = Some((now, text));
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Bars {
    fn new() -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
        let all = MultiProgress::with_draw_target(target);
        let overall = all.add(ProgressBar::new(0));
        overall.set_style(style("{bar:24} {msg}"));
        Self {
            all,
            overall,
            running: HashMap::new(),
        }
    }

    fn draw(&self, count: usize, total: usize, text: String) {
        self.overall.set_length(total as u64);
        self.overall.set_position(count as u64);
        self.overall.set_message(text);
    }

    fn show_running(&mut self, tracker: &Tracker, client: &Client) {
        let shown: Vec<_> = tracker.running().map(|job| &job.id).collect();
        self.running.retain(|id, running| {
            let stays = shown.contains(&id);
            if !stays {
                running.bar.finish_and_clear();
            }
            stays
        });
        for job in tracker.running() {
            if self.running.len() >= MAX_BARS {
                break;
            }
            if !self.running.contains_key(&job.id) {
                let bar = self.all.add(ProgressBar::new_spinner());
                bar.set_style(style("  {spinner} {elapsed} {msg}"));
                bar.enable_steady_tick(TICK);
                let running = Running {
                    bar,
                    worker: job.worker.clone().unwrap_or_else(|| "a worker".into()),
                    glimpse: Glimpse::new(client, &job.id),
                };
                self.running.insert(job.id.clone(), running);
            }
        }
        for (id, running) in &self.running {
            let text = match running.glimpse.words() {
                Some(words) => format!("{id} on {}: {words}", running.worker),
                None => format!("{id} on {}", running.worker),
            };
            running.bar.set_message(one_line(&text));
        }
    }

    fn clear(self) {
        for running in self.running.values() {
            running.bar.finish_and_clear();
        }
        self.overall.finish_and_clear();
        // Nowhere is left to tell of a terminal that is gone.
        let _ = self.all.clear();
    }
}

/// A bar's look, without colour.
pub(super) fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ").tick_chars("|/-\\ ")
}
