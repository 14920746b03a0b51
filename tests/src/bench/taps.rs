//! What the load generator looks for in the bodies it receives.

use super::client::Tap;
use crate::clock::monotonic_ns;
use memchr::{memchr_iter, memmem};

/// Looks at nothing: for calls that only count and time whole answers.
#[derive(Debug, Default)]
pub struct Ignore;

impl Tap for Ignore {
    fn piece(&mut self, _: &[u8]) {}
}

/// Keeps the whole body, for control calls.
#[derive(Debug, Default)]
pub struct Collect {
    /// The body so far.
    pub bytes: Vec<u8>,
}

impl Tap for Collect {
    fn piece(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

/// Counts the events of a stream and sees whether it ended with `[DONE]`; cheap enough for bursts.
#[derive(Debug, Default)]
pub struct CountEvents {
    /// Blank lines so far: one per event.
    pub events: u64,
    last: u8,
    tail: Vec<u8>,
}

impl CountEvents {
    /// Whether the body so far ends in `data: [DONE]` and a blank line.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.tail.trim_ascii_end().ends_with(b"data: [DONE]")
    }
}

impl Tap for CountEvents {
    fn piece(&mut self, bytes: &[u8]) {
        for at in memchr_iter(b'\n', bytes) {
            let before = if at == 0 { self.last } else { bytes[at - 1] };
            self.events += u64::from(before == b'\n');
        }
        if let Some(last) = bytes.last() {
            self.last = *last;
        }
        keep_tail(&mut self.tail, bytes);
    }
}

/// Bytes that suffice to recognise `data: [DONE]\n\n`.
const TAIL_BYTES: usize = 20;

fn keep_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    let newest = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
    tail.extend_from_slice(newest);
    let surplus = tail.len().saturating_sub(TAIL_BYTES);
    tail.drain(..surplus);
}

/// Reads the stamps the mock put into its tokens, and notes how late each arrived.
#[derive(Debug, Default)]
pub struct Lateness {
    /// Arrival minus stamp of each token, in nanoseconds, in order.
    pub late_ns: Vec<u64>,
    /// Tokens so far, stamped or not: a way that rebuilds the chunks loses the stamps.
    pub tokens: u32,
    /// When the first token arrived.
    pub first_ns: Option<u64>,
    /// Whether `[DONE]` has arrived.
    pub done: bool,
    line: Vec<u8>,
}

impl Tap for Lateness {
    fn piece(&mut self, bytes: &[u8]) {
        let now = monotonic_ns();
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            self.line_ended(now);
            self.line.clear();
        }
        self.line.extend_from_slice(rest);
    }
}

impl Lateness {
    fn line_ended(&mut self, now: u64) {
        if self.line.starts_with(b"data: [DONE]") {
            self.done = true;
        } else if memmem::find(&self.line, TOKEN).is_some() {
            self.tokens += 1;
            self.first_ns.get_or_insert(now);
            if let Some(sent) = stamp(&self.line) {
                self.late_ns.push(now.saturating_sub(sent));
            }
        }
    }
}

/// Only a token of the mock has this in its line.
const TOKEN: &[u8] = br#""content":"t"#;

fn stamp(line: &[u8]) -> Option<u64> {
    const KEY: &[u8] = br#""t_ns":"#;
    let digits = &line[memmem::find(line, KEY)? + KEY.len()..];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_wherever_the_pieces_are_cut() {
        let body = b"data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n";
        for size in 1..body.len() {
            let mut tap = CountEvents::default();
            body.chunks(size).for_each(|piece| tap.piece(piece));
            assert_eq!(
                (tap.events, tap.is_complete()),
                (3, true),
                "pieces of {size}"
            );
        }
    }

    #[test]
    fn a_cut_stream_does_not_look_complete() {
        let mut tap = CountEvents::default();
        tap.piece(b"data: {\"a\":1}\n\n");
        assert!(!tap.is_complete());
    }

    #[test]
    fn stamps_are_read_across_pieces() {
        let mut tap = Lateness::default();
        let body = format!(
            "data: {{\"content\":\"t0 \",\"mock\":{{\"seq\":0,\"t_ns\":{}}}}}\n\ndata: [DONE]\n\n",
            monotonic_ns()
        );
        body.as_bytes().chunks(7).for_each(|piece| tap.piece(piece));
        assert_eq!((tap.late_ns.len(), tap.tokens, tap.done), (1, 1, true));
        assert!(tap.late_ns[0] < 10_000_000_000);
    }
}
