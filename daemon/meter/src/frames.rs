//! Where the events of a stream end, found without looking at what is in them.
//!
//! Lines end with LF or CRLF; an event ends with an empty line. A lone CR ends no line here: no
//! LLM server writes it.

use memchr::memchr_iter;

/// Remembers how much of the current line has passed, so that pieces may be cut anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frames {
    line: Line,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    /// A CR alone.
    Cr,
    Text,
}

impl Frames {
    /// How many of `bytes` belong to the current event, its empty line included; `None` where it
    /// goes on behind them.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut from = 0;
        for lf in memchr_iter(b'\n', bytes) {
            self.note(&bytes[from..lf]);
            from = lf + 1;
            if std::mem::take(&mut self.line) != Line::Text {
                return Some(from);
            }
        }
        self.note(&bytes[from..]);
        None
    }

    fn note(&mut self, part: &[u8]) {
        self.line = match (self.line, part) {
            (line, []) => line,
            (Line::Empty, b"\r") => Line::Cr,
            _ => Line::Text,
        };
    }
}

/// The lines of one event, without their ends and without the byte order mark of a stream.
pub(crate) fn lines(event: &[u8]) -> impl Iterator<Item = &[u8]> {
    let event = event.strip_prefix(b"\xef\xbb\xbf").unwrap_or(event);
    event
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
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
    use super::*;

    #[test]
    fn an_event_ends_with_its_empty_line_however_it_is_cut() {
        for stream in [
            "data: a\n\n",
            "data: a\r\n\r\n",
            "data: a\n\r\n",
            "\n",
            "\r\n",
        ] {
            for cut in 0..stream.len() {
                let (a, b) = stream.as_bytes().split_at(cut);
                let mut frames = Frames::default();
                assert_eq!(frames.end(a), None, "{stream:?} at {cut}");
                assert_eq!(frames.end(b), Some(b.len()), "{stream:?} at {cut}");
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
