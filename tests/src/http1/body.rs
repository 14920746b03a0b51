//! Bodies: takes the framing off (length, chunked, until close), piece by piece, without copying.

use memchr::memchr;

/// A chunked body whose framing is broken.
#[derive(Debug, thiserror::Error)]
#[error("the chunked framing is broken")]
pub struct BadChunk;

/// What one call of [`BodyDecoder::decode`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    /// Bytes of the input that belong to this body; the rest belongs to the next message.
    pub consumed: usize,
    /// Whether the body is complete.
    pub done: bool,
}

/// Undoes the framing of one body.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
}

#[derive(Debug)]
enum State {
    Length { left: u64 },
    UntilClose,
    Size { value: u64, digits: u8 },
    SizeRest { value: u64 },
    Data { left: u64 },
    DataEnd,
    Trailer { line_bytes: usize },
    Done,
}

impl BodyDecoder {
    /// A body of exactly `left` bytes.
    #[must_use]
    pub fn length(left: u64) -> Self {
        Self {
            state: if left == 0 {
                State::Done
            } else {
                State::Length { left }
            },
        }
    }

    /// A body in chunks.
    #[must_use]
    pub fn chunked() -> Self {
        Self {
            state: State::Size {
                value: 0,
                digits: 0,
            },
        }
    }

    /// A body that ends where the connection ends.
    #[must_use]
    pub fn until_close() -> Self {
        Self {
            state: State::UntilClose,
        }
    }

    /// Whether the body is complete.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Whether the end of the connection is a proper end of this body.
    #[must_use]
    pub fn may_end_here(&self) -> bool {
        matches!(self.state, State::Done | State::UntilClose)
    }

    /// Feeds received bytes; hands the payload to `sink` in order, in 0..n pieces.
    ///
    /// # Errors
    /// [`BadChunk`] when the chunk framing is broken; the decoder is then spent.
    pub fn decode(
        &mut self,
        input: &[u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<Decoded, BadChunk> {
        let mut at = 0;
        while at < input.len() && !self.is_done() {
            at += self.step(&input[at..], &mut sink)?;
        }
        Ok(Decoded {
            consumed: at,
            done: self.is_done(),
        })
    }

    /// One move of the state machine; returns how many bytes of `input` (never empty) it used.
    fn step(&mut self, input: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<usize, BadChunk> {
        match self.state {
            State::Done => Ok(0),
            State::UntilClose => {
                sink(input);
                Ok(input.len())
            }
            State::Length { left } => {
                let (used, left) = take(input, left, sink);
                self.state = if left == 0 {
                    State::Done
                } else {
                    State::Length { left }
                };
                Ok(used)
            }
            State::Data { left } => {
                let (used, left) = take(input, left, sink);
                self.state = if left == 0 {
                    State::DataEnd
                } else {
                    State::Data { left }
                };
                Ok(used)
            }
            State::Size { value, digits } => {
                self.state = size_digit(input[0], value, digits)?;
                Ok(1)
            }
            State::SizeRest { value } => Ok(self.seek_line_end(input, |_| match value {
                0 => State::Trailer { line_bytes: 0 },
                left => State::Data { left },
            })),
            State::DataEnd => Ok(self.seek_line_end(input, |_| State::Size {
                value: 0,
                digits: 0,
            })),
            State::Trailer { line_bytes } => Ok(self.trailer(input, line_bytes)),
        }
    }

    fn seek_line_end(&mut self, input: &[u8], next: impl FnOnce(usize) -> State) -> usize {
        match memchr(b'\n', input) {
            Some(end) => {
                self.state = next(end);
                end + 1
            }
            None => input.len(),
        }
    }

    /// Trailer lines up to the empty one, whose only byte before the LF is a CR.
    fn trailer(&mut self, input: &[u8], line_bytes: usize) -> usize {
        match memchr(b'\n', input) {
            Some(end) => {
                let empty = line_bytes + end <= 1;
                self.state = if empty {
                    State::Done
                } else {
                    State::Trailer { line_bytes: 0 }
                };
                end + 1
            }
            None => {
                self.state = State::Trailer {
                    line_bytes: line_bytes + input.len(),
                };
                input.len()
            }
        }
    }
}

fn take(input: &[u8], left: u64, sink: &mut impl FnMut(&[u8])) -> (usize, u64) {
    let used = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
    sink(&input[..used]);
    (used, left - used as u64)
}

fn size_digit(byte: u8, value: u64, digits: u8) -> Result<State, BadChunk> {
    match (byte, digits) {
        (b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F', 0..=15) => {
            let digit = u64::from(char::from(byte).to_digit(16).ok_or(BadChunk)?);
            Ok(State::Size {
                value: value << 4 | digit,
                digits: digits + 1,
            })
        }
        (b'\r' | b';' | b' ', 1..) => Ok(State::SizeRest { value }),
        _ => Err(BadChunk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_in_steps(
        mut decoder: BodyDecoder,
        input: &[u8],
        step: usize,
    ) -> (Vec<u8>, usize, bool) {
        let mut out = Vec::new();
        let mut at = 0;
        while at < input.len() && !decoder.is_done() {
            let end = (at + step).min(input.len());
            at += decoder
                .decode(&input[at..end], |piece| out.extend_from_slice(piece))
                .unwrap()
                .consumed;
        }
        (out, at, decoder.is_done())
    }

    #[test]
    fn chunks_come_out_whole_wherever_the_input_is_cut() {
        let wire =
            b"4\r\nwiki\r\n6;x=y\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nA: b\r\n\r\nNEXT";
        for step in 1..wire.len() {
            let (out, used, done) = decode_in_steps(BodyDecoder::chunked(), wire, step);
            assert_eq!(out, b"wikipedia in \r\n\r\nchunks.", "step {step}");
            assert_eq!((used, done), (wire.len() - 4, true), "step {step}");
        }
    }

    #[test]
    fn a_length_leaves_the_next_message_alone() {
        let (out, used, done) = decode_in_steps(BodyDecoder::length(3), b"abcdef", 6);
        assert_eq!((out.as_slice(), used, done), (&b"abc"[..], 3, true));
    }

    #[test]
    fn nonsense_where_a_size_belongs_is_an_error() {
        assert!(BodyDecoder::chunked().decode(b"zz\r\n", |_| ()).is_err());
        assert!(BodyDecoder::chunked().decode(b"\r\n", |_| ()).is_err());
    }

    #[test]
    fn only_an_open_ended_body_may_end_with_the_connection() {
        assert!(BodyDecoder::until_close().may_end_here());
        assert!(!BodyDecoder::chunked().may_end_here());
        assert!(!BodyDecoder::length(1).may_end_here());
    }
}
