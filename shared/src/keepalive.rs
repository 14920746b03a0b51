//! Signs of life in an upload whose model thinks: bytes that the server takes out again.
//!
//! A proxy on the way cuts a request whose body is silent for too long. So a publisher may put a
//! *mark* into the body of an upload, wherever the model is silent: the control character SYN
//! ("synchronous idle"), a word of the publisher's own choice, and SYN again. The upload's head says
//! the word. What the caller gets is the model's bytes, and no mark.
//!
//! ```text
//! data: {…}⏎⏎ <SYN>f3k9…<SYN> <SYN>f3k9…<SYN> data: [DONE]⏎⏎
//! ```
//! A word of many random letters is in no model's answer. No JSON text holds a SYN, so nothing of it
//! waits until it is told from a mark.

use std::fmt;

/// What a mark begins and ends with.
const SYN: u8 = 0x16;
/// The shortest word: long enough to be by chance in no answer.
const MIN_WORD_BYTES: usize = 16;
/// The longest word.
const MAX_WORD_BYTES: usize = 64;

/// A mark: what an upload says when it has nothing to say.
#[derive(Clone, PartialEq, Eq)]
pub struct Mark(Vec<u8>);

impl Mark {
    /// The mark of this word: 16 to 64 ASCII letters and digits.
    pub fn of(word: &str) -> Option<Self> {
        let fits = (MIN_WORD_BYTES..=MAX_WORD_BYTES).contains(&word.len());
        if !fits || !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let mut bytes = Vec::with_capacity(word.len() + 2);
        bytes.push(SYN);
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(SYN);
        Some(Self(bytes))
    }

    /// As it stands in a body.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes this mark out of a body.
    pub fn strip(self) -> Strip {
        Strip {
            mark: self,
            matched: 0,
        }
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mark")
    }
}

/// Takes a mark out of a body that comes in pieces, cut anywhere.
#[derive(Debug)]
pub struct Strip {
    mark: Mark,
    /// So many bytes of a mark have come, and are held back: they may be none.
    matched: usize,
}

impl Strip {
    /// Whether `piece` comes out as it goes in. Most do.
    pub fn is_plain(&self, piece: &[u8]) -> bool {
        self.matched == 0 && memchr::memchr(SYN, piece).is_none()
    }

    /// Takes a piece in; appends what is no mark to `out`.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mark = &self.mark.0;
        for byte in piece {
            if *byte != mark[self.matched] {
                // Only the first byte of what was held back could begin a mark, and that one did not.
                out.extend_from_slice(&mark[..self.matched]);
                self.matched = 0;
                if *byte != SYN {
                    out.push(*byte);
                    continue;
                }
            }
            self.matched += 1;
            if self.matched == mark.len() {
                self.matched = 0;
            }
        }
    }

    /// The end of the body: gives what was held back.
    pub fn finish(&mut self) -> &[u8] {
        let matched = std::mem::take(&mut self.matched);
        &self.mark.0[..matched]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORD: &str = "0123456789abcdef";

    fn stripped(pieces: &[&[u8]]) -> Vec<u8> {
        let mut strip = Mark::of(WORD).unwrap().strip();
        let mut out = Vec::new();
        for piece in pieces {
            match strip.is_plain(piece) {
                true => out.extend_from_slice(piece),
                false => strip.feed(piece, &mut out),
            }
        }
        out.extend_from_slice(strip.finish());
        out
    }

    #[test]
    fn a_word_that_could_be_in_an_answer_or_in_no_header_is_none() {
        for bad in ["", "short", "0123456789abcde\u{16}", &"a".repeat(65)] {
            assert_eq!(Mark::of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_only_begins_like_a_mark_stays() {
        let like = [b"\x16".as_slice(), b"\x160123", b"\x16\x160", b"\x16\x16"];
        for bytes in like {
            assert_eq!(stripped(&[bytes, b"x"]), [bytes, b"x"].concat());
            assert_eq!(stripped(&[bytes]), bytes);
        }
        let mark = Mark::of(WORD).unwrap();
        let doubled = [b"\x16", mark.as_bytes(), b"\x16"].concat();
        assert_eq!(stripped(&[&doubled]), b"\x16\x16");
    }

    fuzzing::targets! {
        fn marks_go_and_all_else_stays_wherever_pieces_are_cut(
            parts in prop::collection::vec(prop::collection::vec(prop::sample::select(b"\x1601a\xff".to_vec()), 0..8), 1..6),
            cut in 1_usize..9,
        ) {
            let mark = Mark::of(WORD).unwrap();
            let sent = parts.join(mark.as_bytes());
            let pieces: Vec<&[u8]> = sent.chunks(cut).collect();
            prop_assert_eq!(stripped(&pieces), parts.concat());
        }
    }
}
