//! Server-sent events: a bounded decoder and an encoder.
//!
//! The decoder takes bytes as they come from the network: split anywhere, inside a line end or
//! inside a UTF-8 sequence. It never holds more than `limit` bytes of an unfinished event.
//!
//! Source: WHATWG HTML Standard, "Server-sent events", parsing an event stream.

use memchr::memchr2;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The event's type; empty where the stream named none (a reader takes that as `message`).
    pub event: String,
    /// The data lines, joined by line feeds.
    pub data: String,
    /// The last id that the stream named, this event's or an earlier one's.
    pub id: Option<String>,
}

/// Why a stream can't be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// One event is larger than the decoder's limit.
    #[error("an event of the stream is larger than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// Splits bytes into events.
///
/// Shape: yields 0..n events per call, in arrival order; a partial event stays buffered.
/// Units: `limit` is the largest event, in bytes of field values, counted before decoding.
/// Errors: [`SseError::TooLong`] when one event passes `limit`; the decoder is then spent and
/// repeats the error.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    event: Vec<u8>,
    id: Option<String>,
    /// The last line ended in CR: a LF that follows belongs to it.
    after_cr: bool,
    /// No byte of the first line was judged yet: a byte order mark may stand there.
    at_start: bool,
    spent: bool,
}

impl Decoder {
    /// A decoder that refuses events larger than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            event: Vec::new(),
            id: None,
            after_cr: false,
            at_start: true,
            spent: false,
        }
    }

    /// Takes the next bytes and appends the events that they complete to `out`.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<Event>) -> Result<(), SseError> {
        if self.spent {
            return Err(SseError::TooLong { limit: self.limit });
        }
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr2(b'\n', b'\r', bytes) {
            self.hold(&bytes[..end])?;
            self.end_line(out);
            let cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if cr {
                if bytes.is_empty() {
                    self.after_cr = true;
                }
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        self.hold(bytes)
    }

    /// Bytes held of an unfinished event.
    pub fn held_bytes(&self) -> usize {
        self.line.len() + self.data.len() + self.event.len()
    }

    fn hold(&mut self, part: &[u8]) -> Result<(), SseError> {
        if self.held_bytes() + part.len() > self.limit {
            self.spent = true;
            (self.line, self.data, self.event) = Default::default();
            return Err(SseError::TooLong { limit: self.limit });
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<Event>) {
        let mut line = std::mem::take(&mut self.line);
        self.read_line(&line, out);
        line.clear();
        self.line = line;
    }

    fn read_line(&mut self, line: &[u8], out: &mut Vec<Event>) {
        let line = if std::mem::take(&mut self.at_start) {
            line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return self.dispatch(out);
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            b"event" => {
                self.event.clear();
                self.event.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => {
                self.id = Some(String::from_utf8_lossy(value).into_owned());
            }
            // `retry` is the reader's choice here; comments and unknown fields mean nothing.
            _ => {}
        }
    }

    fn dispatch(&mut self, out: &mut Vec<Event>) {
        let event = std::mem::take(&mut self.event);
        if !std::mem::take(&mut self.has_data) {
            return;
        }
        let data = std::mem::take(&mut self.data);
        out.push(Event {
            event: text(event),
            data: text(data),
            id: self.id.clone(),
        });
    }
}

/// Decodes a whole field at once, so that a sequence split by the network is whole again.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into_owned())
}

/// Appends one event to `out`: `event:` (where not empty), a `data:` line per line of `data`, and
/// the blank line.
///
/// Shape: `event` must hold no line end. Line ends inside `data` come back as LF.
pub fn encode(event: &str, data: &str, out: &mut Vec<u8>) {
    out.reserve(event.len() + data.len() + 20);
    if !event.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.as_bytes());
        out.push(b'\n');
    }
    let mut rest = data.as_bytes();
    loop {
        out.extend_from_slice(b"data: ");
        let Some(end) = memchr2(b'\n', b'\r', rest) else {
            break;
        };
        out.extend_from_slice(&rest[..end]);
        out.push(b'\n');
        let cr_lf = rest[end..].starts_with(b"\r\n");
        rest = &rest[end + 1 + usize::from(cr_lf)..];
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\n\n");
}

/// Appends one event with an id, as [`encode`] does: who comes back names the last one it saw.
pub fn encode_numbered(id: u64, event: &str, data: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("id: {id}\n").as_bytes());
    encode(event, data, out);
}

/// How a piece of an event stream ends, so that something appended to it starts a new event.
///
/// Feed it every piece in order; it remembers at most four bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Boundary {
    last: [u8; 2],
}

impl Boundary {
    /// Takes note of the next piece.
    pub fn note(&mut self, piece: &[u8]) {
        match piece {
            [] => {}
            [only] => self.last = [self.last[1], *only],
            [.., a, b] => self.last = [*a, *b],
        }
    }

    /// The bytes to write before a new event may begin: none where the stream stands between
    /// events.
    pub fn completion(&self) -> &'static [u8] {
        match self.last {
            [0, 0] | [b'\n', b'\n'] | [b'\r', b'\r'] => b"",
            // `\r\n` may end a line or the blank one: a further blank line harms nobody.
            [_, b'\n'] => b"\n",
            _ => b"\n\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(pieces: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::new(1 << 20);
        let mut events = Vec::new();
        for piece in pieces {
            decoder.feed(piece, &mut events).unwrap();
        }
        events
    }

    fn data_of(stream: &str) -> Vec<String> {
        decode(&[stream.as_bytes()])
            .into_iter()
            .map(|event| event.data)
            .collect()
    }

    #[test]
    fn every_line_end_is_understood() {
        for stream in [
            "data: a\n\ndata: b\n\n",
            "data: a\r\n\r\ndata: b\r\n\r\n",
            "data: a\r\rdata: b\r\r",
        ] {
            assert_eq!(data_of(stream), ["a", "b"], "{stream:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_a_comment_and_a_missing_space_are_understood() {
        assert_eq!(
            data_of("\u{feff}data:a\n:ping\n\nretry: 5\n\ndata\n\n"),
            ["a", ""]
        );
    }

    #[test]
    fn an_event_without_data_is_not_dispatched_and_its_type_is_forgotten() {
        let events = decode(&[b"event: x\n\ndata: a\nid: 7\n\ndata: b\n\n"]);
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].event, "");
        assert_eq!(events[1].id.as_deref(), Some("7"));
    }

    #[test]
    fn an_unfinished_event_is_never_yielded() {
        assert!(decode(&[b"data: half\n"]).is_empty());
    }

    #[test]
    fn a_line_of_100_mb_is_refused_while_little_is_held() {
        let mut decoder = Decoder::new(64 * 1024);
        let mut events = Vec::new();
        let piece = vec![b'x'; 16 * 1024];
        let mut fed = 0;
        let refused = loop {
            if let Err(refused) = decoder.feed(&piece, &mut events) {
                break refused;
            }
            fed += piece.len();
            assert!(fed <= 100 << 20 && decoder.held_bytes() <= 64 * 1024);
        };
        assert_eq!(refused, SseError::TooLong { limit: 64 * 1024 });
        assert_eq!(decoder.feed(b"\n\n", &mut events), Err(refused));
        assert!(events.is_empty());
    }

    #[test]
    fn many_short_data_lines_count_towards_the_limit() {
        let mut decoder = Decoder::new(1000);
        let lines = b"data: 0123456789\n".repeat(200);
        assert!(decoder.feed(&lines, &mut Vec::new()).is_err());
    }

    #[test]
    fn an_error_appended_to_a_cut_stream_starts_a_new_event() {
        for cut in 0..=CUT.len() {
            let mut boundary = Boundary::default();
            boundary.note(&CUT.as_bytes()[..cut]);
            let mut stream = CUT.as_bytes()[..cut].to_vec();
            stream.extend_from_slice(boundary.completion());
            encode("error", "gone", &mut stream);
            let events = decode(&[&stream]);
            let last = events.last().unwrap();
            assert_eq!(
                (&*last.event, &*last.data),
                ("error", "gone"),
                "cut at {cut}"
            );
        }
    }
    const CUT: &str = "data: {\"a\":1}\n\ndata: {\"b\":2}\r\n\r\n";

    fuzzing::targets! {
        fn splitting_the_bytes_anywhere_changes_nothing(
            lines in prop::collection::vec("(data: ?|event: ?|id: ?|:|)[a-z你👋é ]{0,12}", 0..12),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 12),
            cuts in fuzzing::cuts(),
        ) {
            let mut stream = String::new();
            for (line, end) in lines.iter().zip(&ends) {
                stream += line;
                stream += end;
            }
            stream += "\n\n";
            let bytes = stream.as_bytes();
            prop_assert_eq!(decode(&cuts.of(bytes)), decode(&[bytes]));
        }

        fn what_is_encoded_decodes_to_the_same(event in "[a-z_]{0,10}", data in "[^\r]{0,200}") {
            let mut bytes = Vec::new();
            encode(&event, &data, &mut bytes);
            let events = decode(&[&bytes]);
            prop_assert_eq!(events, vec![Event { event, data, id: None }]);
        }

        fn no_bytes_make_it_panic_or_hold_too_much(bytes in fuzzing::bytes(800)) {
            let mut decoder = Decoder::new(256);
            for piece in bytes.chunks(37) {
                let _ = decoder.feed(piece, &mut Vec::new());
                prop_assert!(decoder.held_bytes() <= 256 + 1);
            }
        }
    }
}
