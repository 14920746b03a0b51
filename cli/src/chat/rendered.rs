//! An answer as rendered Markdown, painted while it comes.

use std::time::Duration;

use markdown::{Line, Stream, Theme};
use tokio::time::Instant;

use super::live::{Live, Size, status_row, write};
use super::settings::Thinking;
use crate::failure::Result;
use crate::output::Output;
use crate::output::sanitise::Cleaner;

/// The least time between two paints: faster than that nobody reads.
const BETWEEN_PAINTS: Duration = Duration::from_millis(33);

/// Shows one answer.
pub(super) struct Rendered<'a> {
    output: &'a Output,
    live: Live,
    size: Size,
    theme: Theme,
    thinking: Thinking,
    /// What comes now: the thoughts, or the answer.
    stream: Option<(bool, Stream)>,
    cleaner: Cleaner,
    /// Lines that were finished since the last paint.
    finished: Vec<Line>,
    status: Option<String>,
    painted: Option<Instant>,
    /// Something came that was not painted.
    due: bool,
}

impl<'a> Rendered<'a> {
    pub(super) fn new(output: &'a Output, thinking: Thinking) -> Self {
        let size = Size::now();
        Self {
            output,
            live: Live::new(size),
            size,
            theme: theme(output),
            thinking,
            stream: None,
            cleaner: Cleaner::default(),
            finished: Vec::new(),
            status: None,
            painted: None,
            due: false,
        }
    }

    /// Takes a piece of the answer, or of what is thought before.
    pub(super) fn piece(&mut self, text: &str, is_thought: bool) {
        if is_thought && self.thinking == Thinking::Off {
            return;
        }
        let fits = self
            .stream
            .as_ref()
            .is_some_and(|(thought, _)| *thought == is_thought);
        if !fits {
            let first = self.stream.is_none();
            self.end_stream();
            if !first {
                self.finished.push(Line::default());
            }
            let dim = is_thought && self.thinking == Thinking::Dim;
            let theme = if dim { self.theme.dimmed() } else { self.theme };
            self.stream = Some((is_thought, Stream::new(self.size.columns, theme)));
        }
        if let Some((_, stream)) = &mut self.stream {
            // Sequences go as a whole; the stream itself takes out only what makes them work.
            stream.feed(&self.cleaner.clean(text));
        }
        self.due = true;
    }

    /// Paints what came, unless that was done just now, and the status line as it is now.
    pub(super) fn refresh(&mut self, status: Option<String>) -> Result<()> {
        let size = Size::now();
        let same = !self.due && self.status == status && self.size == size;
        let early = self.painted.is_some_and(|at| at.elapsed() < BETWEEN_PAINTS);
        if same || early {
            return Ok(());
        }
        self.status = status;
        self.resize(size);
        self.paint()
    }

    /// Paints the last of it, and leaves the cursor below.
    pub(super) fn close(&mut self) -> Result<()> {
        self.status = None;
        self.resize(Size::now());
        self.end_stream();
        self.paint()
    }

    fn end_stream(&mut self) {
        self.cleaner = Cleaner::default();
        if let Some((_, mut stream)) = self.stream.take() {
            self.finished.extend(stream.finish().finished);
        }
    }

    fn resize(&mut self, size: Size) {
        if size != self.size {
            self.size = size;
            if let Some((_, stream)) = &mut self.stream {
                stream.resize(size.columns);
            }
        }
    }

    fn paint(&mut self) -> Result<()> {
        let mut unfinished = Vec::new();
        if let Some((_, stream)) = &mut self.stream {
            let paint = stream.paint();
            self.finished.extend(paint.finished);
            unfinished = paint.unfinished;
        }
        let status = self.status.as_ref();
        let status = status.map(|text| status_row(text, self.size.columns, self.output));
        let finished = std::mem::take(&mut self.finished);
        let paint = self
            .live
            .paint(self.size, &finished, &unfinished, status.as_deref());
        self.painted = Some(Instant::now());
        self.due = false;
        write(self.output, &paint)
    }
}

/// The colours that stdout takes.
pub(super) fn theme(output: &Output) -> Theme {
    let told = std::env::var("COLORTERM").unwrap_or_default();
    if !output.colour_on_out() {
        Theme::none()
    } else if matches!(told.as_str(), "truecolor" | "24bit") {
        Theme::rich()
    } else {
        Theme::basic()
    }
}

/// A whole answer that was given before.
pub(super) fn whole(text: &str, output: &Output) -> String {
    let mut stream = Stream::new(Size::now().columns, theme(output));
    stream.feed(&Cleaner::default().clean(text));
    let lines = stream.finish().finished;
    let ends = lines
        .iter()
        .map(|line| (&line.text, if line.goes_on { "" } else { "\n" }));
    ends.map(|(text, end)| format!("{text}{end}")).collect()
}
