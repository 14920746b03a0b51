//! Finds the comments in an event stream, which a decoder of events passes over.

/// Where in a line the stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Start,
    Comment,
    Field,
}

/// Splits a stream behind each comment.
#[derive(Debug, Default)]
pub(super) struct Comments {
    at: At,
}

impl Comments {
    /// The bytes up to the end of the first comment that ends in `bytes`, and the rest; `true`
    /// where there is one.
    ///
    /// A CR and its LF count as two line ends: the blank line between them is no comment.
    pub(super) fn split<'a>(&mut self, bytes: &'a [u8]) -> (&'a [u8], &'a [u8], bool) {
        let mut from = 0;
        while from < bytes.len() {
            if self.at == At::Start {
                self.at = match bytes[from] {
                    b':' => At::Comment,
                    b'\n' | b'\r' => At::Start,
                    _ => At::Field,
                };
            }
            let Some(end) = bytes[from..]
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r'))
            else {
                break;
            };
            from += end + 1;
            if std::mem::take(&mut self.at) == At::Comment {
                let (comment, rest) = bytes.split_at(from);
                return (comment, rest, true);
            }
        }
        (bytes, &[], false)
    }
}
