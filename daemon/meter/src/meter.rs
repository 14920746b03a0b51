//! One answer's meter: bytes in, the same bytes out, and what was learnt of them.
//!
//! ```text
//! piece -> Frames -> whole events -> event::read -> counts, flags
//!             |                          |
//!             |                          +-> strip: keep | drop | cut
//!             +-> the begin of an event, held until the rest comes
//! ```
//!
//! Without `strip` every piece passes at once as it came; what is held is a copy, for reading.
//! With `strip` the begin of an event waits for its end, since it may have to be taken out.

use bytes::Bytes;
use shared::usage::Tokens;

use crate::{
    Dialect, Form,
    counts::Counts,
    event::{self, Said},
    frames::Frames,
    scanner::Scanner,
};

/// The largest event that is held, 1 MiB: a larger one passes as it is, and only its usage is
/// read. Servers send such events for whole images or at the end of a response.
pub const MAX_HELD_BYTES: usize = 1 << 20;

/// Reads one answer.
#[derive(Debug)]
pub struct Meter {
    dialect: Dialect,
    form: Form,
    strip: bool,
    frames: Frames,
    /// The begin of an event whose end has not come.
    held: Vec<u8>,
    /// Where an event grew too large to be held: what reads its usage as it passes.
    large: Option<Scanner>,
    /// Of a whole answer.
    whole: Scanner,
    bytes: u64,
    counts: Counts,
    content_events: u64,
    is_complete: bool,
    /// A chat said why it ended, or may have, in an event that was too large to read.
    saw_finish: bool,
    /// Of a whole answer, its first byte that is no space.
    first: Option<u8>,
    saw_error: bool,
}

impl Meter {
    /// A meter for an answer of this shape.
    ///
    /// `strip` says that we asked for the usage of a chat stream and its caller did not: the event
    /// that carries the usage alone is removed, and outermost `"usage":null` members are cut out
    /// of the others. Everything else stays byte for byte. It means nothing in other dialects and
    /// for whole answers.
    pub fn new(dialect: Dialect, form: Form, strip: bool) -> Self {
        Self {
            dialect,
            form,
            strip: strip && dialect == Dialect::Chat,
            frames: Frames::default(),
            held: Vec::new(),
            large: None,
            whole: Scanner::new(&["usage"]),
            bytes: 0,
            counts: Counts::default(),
            content_events: 0,
            is_complete: false,
            saw_finish: false,
            first: None,
            saw_error: false,
        }
    }

    /// Takes the next piece and gives what to pass on; `None` where there is nothing yet.
    ///
    /// Shape: cut anywhere, inside a line end or a UTF-8 sequence.
    pub fn feed(&mut self, piece: Bytes) -> Option<Bytes> {
        self.bytes += piece.len() as u64;
        if self.form == Form::Whole {
            let mut bytes = piece.iter().copied();
            self.first = self
                .first
                .or_else(|| bytes.find(|byte| !byte.is_ascii_whitespace()));
            self.whole.feed(&piece);
            return (!piece.is_empty()).then_some(piece);
        }
        let mut out = Out::new(&piece);
        let mut at = 0;
        while at < piece.len() {
            let rest = &piece[at..];
            let end = self.frames.end(rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.large.is_some() {
                self.pass_large(part, end.is_some());
            } else if self.held.is_empty() && end.is_some() {
                self.read(part, at, &mut out);
            } else {
                self.hold(part, at, end.is_some(), &mut out);
            }
            at += part.len();
        }
        match self.strip {
            true => out.finish(),
            false => (!piece.is_empty()).then_some(piece),
        }
    }

    /// The answer is over: gives what was held back, if anything.
    ///
    /// An event without its empty line counts as one here: some servers forget the last.
    pub fn finish(&mut self) -> Option<Bytes> {
        let held = std::mem::take(&mut self.held);
        if self.form == Form::Whole || held.is_empty() {
            return None;
        }
        let said = event::read(self.dialect, self.strip, &held);
        let cut = cut_of(&said, held.len());
        self.note(&said);
        let cut = cut.unwrap_or(0..0);
        let rest = [&held[..cut.start], &held[cut.end..]].concat();
        (self.strip && !rest.is_empty()).then(|| rest.into())
    }

    /// What the answer used, where it told; known at the end, of Anthropic's streams in part
    /// before.
    pub fn usage(&self) -> Option<Tokens> {
        if self.form == Form::EventStream {
            return self.counts.tokens();
        }
        let mut counts = Counts::default();
        counts.take(self.dialect, self.whole.found()?);
        counts.tokens()
    }

    /// An estimate of the answer's tokens, for answers that told no usage: the events of a stream
    /// that carried text, reasoning, a refusal or arguments of a tool, most often a token each; of
    /// a whole answer a quarter of its bytes.
    pub fn counted(&self) -> u64 {
        match (self.form, self.dialect) {
            (Form::EventStream, _) => self.content_events,
            (Form::Whole, Dialect::Other) => 0,
            (Form::Whole, _) => self.bytes.div_ceil(4),
        }
    }

    /// The answer's proper end has come: `[DONE]`, `message_stop`, `response.completed`,
    /// `response.incomplete` or `response.failed`; of a whole answer its last brace.
    pub fn is_complete(&self) -> bool {
        match self.form {
            Form::EventStream => self.is_complete,
            Form::Whole => self.whole.is_over(),
        }
    }

    /// The answer ended before its end, as far as its shape tells: a chat that gave no reason and
    /// no `[DONE]`, a response or a message without its last event, JSON whose last brace is missing.
    ///
    /// Of what is in no dialect that we know, and of bodies that are no JSON, nothing is said.
    pub fn is_cut_short(&self) -> bool {
        match (self.form, self.dialect) {
            (Form::Whole, _) => matches!(self.first, Some(b'{' | b'[')) && !self.whole.is_over(),
            (Form::EventStream, Dialect::Other) => false,
            (Form::EventStream, _) => !(self.is_complete || self.saw_finish || self.saw_error),
        }
    }

    /// A stream had an error in it.
    pub fn saw_error(&self) -> bool {
        self.saw_error
    }

    /// Reads an event that lies in the piece, at `at`.
    fn read(&mut self, event: &[u8], at: usize, out: &mut Out<'_>) {
        let said = event::read(self.dialect, self.strip, event);
        if self.strip
            && let Some(cut) = cut_of(&said, event.len())
        {
            out.cut(at + cut.start, at + cut.end);
        }
        self.note(&said);
    }

    /// Reads on in an event of which a part is held, or which does not end in this piece.
    fn hold(&mut self, part: &[u8], at: usize, is_end: bool, out: &mut Out<'_>) {
        if self.held.len() + part.len() > MAX_HELD_BYTES {
            return self.let_go(part, is_end, out);
        }
        self.held.extend_from_slice(part);
        out.cut(at, at + part.len());
        if is_end {
            let held = std::mem::take(&mut self.held);
            let said = event::read(self.dialect, self.strip, &held);
            if self.strip {
                let cut = cut_of(&said, held.len()).unwrap_or(0..0);
                out.insert(&held[..cut.start]);
                out.insert(&held[cut.end..]);
            }
            self.note(&said);
            self.held = held;
            self.held.clear();
        }
    }

    /// The event is too large to hold: what is held goes out before `part`.
    fn let_go(&mut self, part: &[u8], is_end: bool, out: &mut Out<'_>) {
        let held = std::mem::take(&mut self.held);
        let said = event::read(self.dialect, self.strip, &held);
        self.content_events += u64::from(said.has_content);
        self.saw_error |= said.is_error;
        self.saw_finish |= self.dialect == Dialect::Chat;
        let mut scanner = Scanner::new(match self.dialect {
            Dialect::Responses => &["response", "usage"],
            Dialect::Messages => &["message", "usage"],
            Dialect::Chat | Dialect::Other => &["usage"],
        });
        // What stands before the first brace changes nothing there.
        scanner.feed(&held);
        self.large = Some(scanner);
        if self.strip {
            out.insert(&held);
        }
        self.pass_large(part, is_end);
    }

    fn pass_large(&mut self, part: &[u8], is_end: bool) {
        let Some(scanner) = &mut self.large else {
            return;
        };
        scanner.feed(part);
        if is_end {
            if let Some(usage) = scanner.found() {
                self.counts.take(self.dialect, usage);
                // Only a response's end tells a usage inside a `response`.
                self.is_complete |= self.dialect == Dialect::Responses && usage != b"null";
            }
            self.large = None;
        }
    }

    fn note(&mut self, said: &Said<'_>) {
        self.content_events += u64::from(said.has_content);
        self.is_complete |= said.is_end;
        self.saw_finish |= said.is_finish;
        self.saw_error |= said.is_error;
        if let Some(usage) = said.usage {
            self.counts.take(self.dialect, usage);
        }
    }
}

/// What to take out of an event.
fn cut_of(said: &Said<'_>, len: usize) -> Option<std::ops::Range<usize>> {
    match said.is_usage_alone {
        true => Some(0..len),
        false => said.usage_null.clone(),
    }
}

/// What is passed on of a piece: itself or a slice of it as long as that will do.
struct Out<'a> {
    piece: &'a Bytes,
    /// What was copied; it goes before the run.
    copied: Vec<u8>,
    /// A run of the piece that was neither copied nor cut.
    from: usize,
    to: usize,
}

impl<'a> Out<'a> {
    fn new(piece: &'a Bytes) -> Self {
        Self {
            piece,
            copied: Vec::new(),
            from: 0,
            to: piece.len(),
        }
    }

    /// Leaves out `start..end` of the piece; cuts come in order.
    fn cut(&mut self, start: usize, end: usize) {
        if start > self.from && end == self.piece.len() {
            self.to = start;
            return;
        }
        self.copied.extend_from_slice(&self.piece[self.from..start]);
        self.from = end;
    }

    /// Puts in what was held of earlier pieces: before the run, of which nothing was copied yet.
    fn insert(&mut self, held: &[u8]) {
        self.copied.extend_from_slice(held);
    }

    fn finish(mut self) -> Option<Bytes> {
        let run = self.from..self.to;
        if self.copied.is_empty() {
            return (!run.is_empty()).then(|| self.piece.slice(run));
        }
        self.copied.extend_from_slice(&self.piece[run]);
        Some(self.copied.into())
    }
}
