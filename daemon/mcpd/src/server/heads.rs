//! Sees in a connection's bytes whether a request's head names a length.
//!
//! A request with both `Content-Length` and `Transfer-Encoding` is how requests are smuggled past a
//! proxy: it ends where the proxy believes one of them, and elsewhere for who believes the other.
//! hyper believes the second, as it should, and throws the first away before we see it.
//!
//! Source: RFC 9112, "HTTP/1.1", sections 2.2 (lines) and 6.1 (both headers).

/// The header, up to what ends its name.
const LENGTH: &[u8] = b"content-length:";

/// Reads along.
#[derive(Debug)]
pub(super) struct Heads(At);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The next byte begins a head, but for empty lines before it.
    Before,
    /// In a head.
    Within { place: Place, has_length: bool },
    /// After its empty line.
    Behind { has_length: bool },
    /// Somewhere: where the next head begins is not known.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the beginning of a line.
    Start,
    /// Behind a lone CR at the beginning of a line.
    Cr,
    /// Behind so many bytes of [`LENGTH`].
    Name(usize),
    /// In a line that says something else.
    Rest,
}

impl Heads {
    /// At the beginning of a connection.
    pub(super) fn new() -> Self {
        Self(At::Before)
    }

    /// The next byte begins a head.
    pub(super) fn begin(&mut self) {
        self.0 = At::Before;
    }

    /// Whether the head that was read last names a length; `None` where it was not seen from its
    /// beginning.
    pub(super) fn take(&mut self) -> Option<bool> {
        match std::mem::replace(&mut self.0, At::Lost) {
            At::Behind { has_length } => Some(has_length),
            _ => None,
        }
    }

    /// These bytes came.
    pub(super) fn see(&mut self, mut bytes: &[u8]) {
        while let [byte, rest @ ..] = bytes {
            bytes = rest;
            match &mut self.0 {
                At::Before if matches!(byte, b'\r' | b'\n') => {}
                At::Before => {
                    self.0 = At::Within {
                        place: Place::Rest,
                        has_length: false,
                    };
                }
                At::Within { place, has_length } => match *place {
                    Place::Start | Place::Cr if *byte == b'\n' => {
                        self.0 = At::Behind {
                            has_length: *has_length,
                        };
                    }
                    Place::Start if *byte == b'\r' => *place = Place::Cr,
                    Place::Start => *place = name(0, *byte),
                    Place::Name(seen) => {
                        *place = name(seen, *byte);
                        if *place == Place::Name(LENGTH.len()) {
                            *has_length = true;
                            *place = Place::Rest;
                        }
                    }
                    Place::Cr | Place::Rest => {
                        if *byte == b'\n' {
                            *place = Place::Start;
                        } else if let Some(end) = memchr::memchr(b'\n', bytes) {
                            bytes = &bytes[end + 1..];
                            *place = Place::Start;
                        } else {
                            *place = Place::Rest;
                            return;
                        }
                    }
                },
                At::Behind { .. } | At::Lost => return,
            }
        }
    }
}

/// The place after one more byte of a line that began as [`LENGTH`] does.
fn name(seen: usize, byte: u8) -> Place {
    match byte {
        b'\n' => Place::Start,
        _ if byte.to_ascii_lowercase() == LENGTH[seen] => Place::Name(seen + 1),
        _ => Place::Rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str =
        "POST / HTTP/1.1\r\nhost: x\r\nCONTENT-Length: 5\r\ntransfer-encoding: chunked\r\n\r\n";
    const NONE: &str = "POST /content-length: HTTP/1.1\r\nx-content-length: 5\r\nhost: content-length: 3\r\n\
        content-lengthy: 1\r\n\r\ncontent-length: 5\r\n\r\n";

    #[test]
    fn a_length_is_seen_however_the_bytes_come() {
        for (text, wanted) in [
            (BOTH, true),
            (NONE, false),
            ("\r\n\r\nPOST / HTTP/1.1\ncontent-length:5\n\n", true),
            ("GET / HTTP/1.1\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nc\r\ncontent-length: 1\r\n\r\n", true),
        ] {
            for cut in 0..text.len() {
                let mut heads = Heads::new();
                let (first, second) = text.as_bytes().split_at(cut);
                heads.see(first);
                heads.see(second);
                assert_eq!(heads.take(), Some(wanted), "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_head_that_was_not_seen_from_its_beginning_is_not_judged() {
        let mut heads = Heads::new();
        heads.see(BOTH.as_bytes());
        assert_eq!(heads.take(), Some(true));
        heads.see(NONE.as_bytes());
        assert_eq!(heads.take(), None);
        heads.begin();
        heads.see(NONE.as_bytes());
        assert_eq!(heads.take(), Some(false));
        heads.begin();
        heads.see(b"GET / HTTP/1.1\r\n");
        assert_eq!(heads.take(), None);
    }
}
