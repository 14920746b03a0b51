//! Any bytes, and known bytes that something went through.

use std::fmt::{Debug, Formatter, Result};
use std::ops::Deref;

use proptest::prelude::*;

/// Bytes that are shown as text in a report.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Debug for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match str::from_utf8(&self.0) {
            Ok(text) => write!(f, "{text:?}"),
            Err(_) => write!(f, "b\"{}\"", self.0.escape_ascii()),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes that mean something to somebody.
const ODD: [&[u8]; 26] = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\x1b[",
    b"\x9b",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud83d",
    b"{",
    b"}",
    b"[",
    b",",
    b":",
    b"data: ",
    b"event: x\n",
    b"data: [DONE]\n\n",
    b"1e999",
];

/// Any bytes, up to so many: random ones, and often those that mean something.
pub fn bytes(most: usize) -> impl Strategy<Value = Bytes> {
    let part = prop_oneof![
        2 => any::<u8>().prop_map(|byte| vec![byte]),
        3 => proptest::sample::select(&ODD[..]).prop_map(<[u8]>::to_vec),
        1 => "[ -~]{1,6}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(part, 0..=(most / 2).max(1)).prop_map(move |parts| {
        let mut bytes = parts.concat();
        bytes.truncate(most);
        Bytes(bytes)
    })
}

/// Some of these bytes, with up to `most` changes.
pub fn garbled<T: AsRef<[u8]>>(
    recorded: &[T],
    most: usize,
) -> impl Strategy<Value = Bytes> + use<T> {
    let recorded: Vec<Vec<u8>> = recorded
        .iter()
        .map(|bytes| bytes.as_ref().to_vec())
        .collect();
    let garbles = proptest::collection::vec(Garble::any(), 0..=most);
    (proptest::sample::select(recorded), garbles).prop_map(|(mut bytes, garbles)| {
        garble(&garbles, &mut bytes);
        Bytes(bytes)
    })
}

/// One change of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Garble {
    what: u8,
    at: u32,
    with: u32,
}

impl Garble {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        (0..6u8, any::<u32>(), any::<u32>()).prop_map(|(what, at, with)| Self { what, at, with })
    }
}

/// Changes `bytes`.
pub(crate) fn garble(changes: &[Garble], bytes: &mut Vec<u8>) {
    for change in changes {
        let at = change.at as usize % (bytes.len() + 1);
        let end = bytes.len().min(at + change.with as usize % 40);
        let odd = ODD[change.with as usize % ODD.len()];
        match change.what {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = change.with as u8;
                }
            }
            4 => drop(bytes.splice(at..end, odd.iter().copied())),
            _ => drop(bytes.splice(at..at, odd.iter().copied())),
        }
    }
}
