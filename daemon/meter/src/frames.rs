//! Where the events of a stream end, found without looking at what is in them.
//!
//! Lines end with LF, CRLF or a lone CR; an event ends with an empty line. Whether a CR is alone is known with the byte
//! behind it: where an event may end with one, its end is found one byte later.

use memchr::memchr2_iter;

/// Remembers how much of the current line has passed, so that pieces may be cut anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frames {
    line: Line,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    Text,
    /// It ended with a CR; an LF behind it belongs to that end.
    EndedByCr,
    /// It was empty and ended with a CR: the event is over, with the LF where one follows.
    OverByCr,
}

impl Frames {
    /// How many of `bytes` belong to the current event, its empty line included; `None` where it
    /// goes on behind them, or may.
    ///
    /// Shape: 0 where the event ended with the bytes before.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut from = 0;
        for at in memchr2_iter(b'\n', b'\r', bytes) {
            if at > from {
                if self.line == Line::OverByCr {
                    self.line = Line::Empty;
                    return Some(from);
                }
                self.line = Line::Text;
            }
            from = at + 1;
            let is_lf = bytes[at] == b'\n';
            self.line = match (self.line, is_lf) {
                (Line::Empty, true) | (Line::OverByCr, true) => {
                    self.line = Line::Empty;
                    return Some(from);
                }
                (Line::OverByCr, false) => {
                    self.line = Line::Empty;
                    return Some(at);
                }
                (Line::EndedByCr, true) | (Line::Text, true) => Line::Empty,
                (Line::Empty | Line::EndedByCr, false) => Line::OverByCr,
                (Line::Text, false) => Line::EndedByCr,
            };
        }
        if from < bytes.len() {
            if self.line == Line::OverByCr {
                self.line = Line::Empty;
                return Some(from);
            }
            self.line = Line::Text;
        }
        None
    }
}

/// The lines of one event, without their ends and without the byte order mark of a stream; an empty one within a CRLF.
pub(crate) fn lines(event: &[u8]) -> impl Iterator<Item = &[u8]> {
    let event = event.strip_prefix(b"\xef\xbb\xbf").unwrap_or(event);
    event.split(|byte| matches!(byte, b'\n' | b'\r'))
}

/// The value of a line's field, where it is `field`.
pub(crate) fn value<'a>(line: &'a [u8], field: &str) -> Option<&'a [u8]> {
    let value = line.strip_prefix(field.as_bytes())?;
    match value {
        [] => Some(value),
        [b':', b' ', rest @ ..] | [b':', rest @ ..] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_event_ends_with_its_empty_line_however_it_is_cut() {
        for stream in [
            "data: a\n\n",
            "data: a\r\n\r\n",
            "data: a\n\r\n",
            "\n",
            "\r\n",
            "data: a\r\n\n",
        ] {
            for cut in 0..stream.len() {
                let (a, b) = stream.as_bytes().split_at(cut);
                let mut frames = Frames::default();
                assert_eq!(frames.end(a), None, "{stream:?} at {cut}");
                assert_eq!(frames.end(b), Some(b.len()), "{stream:?} at {cut}");
            }
        }
    }

    /// The events of a stream in these pieces.
    fn events(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut frames, mut events) = (Frames::default(), vec![Vec::new()]);
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let end = frames.end(rest);
                let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
                events.last_mut().unwrap().extend_from_slice(part);
                if end.is_some() {
                    events.push(Vec::new());
                }
                rest = after;
            }
        }
        events
    }

    #[test]
    fn a_lone_cr_ends_a_line() {
        let stream = b"data: a\r\rdata: b\r\r\r\n\n"
            .chunks(1)
            .collect::<Vec<_>>();
        let expected = ["data: a\r\r", "data: b\r\r", "\r\n", "\n", ""];
        assert_eq!(
            events(&stream),
            expected.map(|event| event.as_bytes().to_vec())
        );
    }

    fuzzing::targets! {
        /// What a client reads as an event lies in one of ours alone, in order, and no byte is lost.
        fn events_end_where_a_client_sees_them_end(
            stream in fuzzing::mutated_stream(&fuzzing::corpus::streams("")),
            ends in proptest::collection::vec(proptest::sample::select(vec!["\n", "\r", "\r\n"]), 1..9),
            cuts in fuzzing::cuts(),
        ) {
            // Other ends of lines, at random.
            let mut turn = 0..;
            let lines = stream.split(|byte| *byte == b'\n');
            let lines = lines.map(|line| [line, ends[turn.next().unwrap() % ends.len()].as_bytes()].concat());
            let stream: Vec<u8> = lines.collect::<Vec<_>>().concat();
            let ours = events(&cuts.of(&stream));
            prop_assert_eq!(&ours, &events(&[&stream]));
            prop_assert_eq!(ours.concat(), stream.clone());
            let read = |bytes: &[u8]| {
                let mut events = Vec::new();
                shared::sse::Decoder::new(1 << 24).feed(bytes, &mut events).unwrap();
                events.into_iter().map(|event| (event.event, event.data)).collect::<Vec<_>>()
            };
            // The byte order mark counts at the begin of a stream alone.
            let each: Vec<_> = ours.iter().filter(|event| !event.is_empty()).map(|event| read(event)).collect();
            if !stream.windows(3).skip(1).any(|bytes| bytes == b"\xef\xbb\xbf") {
                prop_assert_eq!(each.concat(), read(&stream));
                prop_assert!(each.iter().all(|events| events.len() <= 1));
            }
        }
    }

    #[test]
    fn a_field_is_read_with_and_without_its_space() {
        assert_eq!(value(b"data: x", "data"), Some(&b"x"[..]));
        assert_eq!(value(b"data:x", "data"), Some(&b"x"[..]));
        assert_eq!(value(b"data", "data"), Some(&b""[..]));
        assert_eq!(value(b"dataset: x", "data"), None);
    }
}
