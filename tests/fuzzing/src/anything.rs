//! Any JSON at all, with a taste for what goes wrong.
//!
//! A case is a tape of numbers that is read as a tree: fast to make, and shorter tapes are smaller trees.

use proptest::prelude::*;

use crate::json::Json;

/// Texts that somebody took for something else.
const TEXTS: [&str; 28] = [
    "",
    " ",
    "a",
    "Grüezi 👋🏽",
    "\u{0}",
    "\r",
    "\n\ndata: x\n\n",
    "\r\r",
    "\u{1b}[31m\u{1b}]0;x\u{7}",
    "\u{feff}",
    "\u{2028}\u{2029}",
    "\u{202e}abc\u{200d}",
    "e\u{301}\u{301}\u{301}",
    "\"",
    "\\",
    "\\u0000",
    "[DONE]",
    "null",
    "{}",
    "[]",
    "{\"a\":[1,{\"b\":\"}\"}]}",
    "{\"a\":",
    "-0",
    "1e999",
    "data:image/png;base64,iVBORw0KGgo=",
    "data:;base64,%",
    "https://example.com/a b#?x=\u{fffd}",
    "../../etc/passwd",
];

/// Numbers at the edges, as they may be written.
const NUMBERS: [&str; 24] = [
    "0",
    "-0",
    "1",
    "-1",
    "1.0",
    "0.1",
    "1e0",
    "-0.0e-0",
    "255",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e19",
    "1e308",
    "-1e308",
    "5e-324",
    "0.30000000000000004",
    "123456789012345678901234567890123456789012345678901234567890",
];

/// The texts that somebody took for something else.
pub fn odd_strings() -> impl Strategy<Value = String> {
    proptest::sample::select(&TEXTS[..]).prop_map(String::from)
}

/// Any JSON; keys and many texts are of `words`.
pub fn anything(words: &'static [&'static str]) -> impl Strategy<Value = Json> {
    let tape = proptest::collection::vec(any::<u32>(), 1..60);
    tape.prop_map(move |tape| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Tape::new(&tape, &words).json(0)
    })
}

/// Numbers that decide; zeros at the end.
pub(crate) struct Tape<'a> {
    rest: std::slice::Iter<'a, u32>,
    words: &'a [String],
}

impl<'a> Tape<'a> {
    pub(crate) fn new(tape: &'a [u32], words: &'a [String]) -> Self {
        Self {
            rest: tape.iter(),
            words,
        }
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.rest.next().map_or(0, |n| *n as usize % end.max(1))
    }

    pub(crate) fn pick<'b, T>(&mut self, from: &'b [T]) -> &'b T {
        &from[self.below(from.len())]
    }

    pub(crate) fn word(&mut self) -> String {
        match self.words {
            [] => (*self.pick(&TEXTS)).to_owned(),
            words => self.pick(words).clone(),
        }
    }

    pub(crate) fn text(&mut self) -> String {
        match self.below(4) {
            0 | 1 => self.word(),
            2 => (*self.pick(&TEXTS)).to_owned(),
            _ => self.word() + *self.pick(&TEXTS),
        }
    }

    pub(crate) fn number(&mut self) -> Json {
        Json::Bare((*self.pick(&NUMBERS)).to_owned())
    }

    /// A value without others in it.
    pub(crate) fn leaf(&mut self) -> Json {
        match self.below(6) {
            0 => Json::Bare("null".into()),
            1 => Json::Bare("true".into()),
            2 => Json::Bare("false".into()),
            3 => self.number(),
            _ => Json::Text(self.text()),
        }
    }

    pub(crate) fn json(&mut self, depth: usize) -> Json {
        match self.below(10) {
            7 | 8 if depth < 6 => {
                let members = self.below(5);
                Json::Object(
                    (0..members)
                        .map(|_| (self.key(), self.json(depth + 1)))
                        .collect(),
                )
            }
            9 if depth < 6 => {
                let items = self.below(4);
                Json::List((0..items).map(|_| self.json(depth + 1)).collect())
            }
            6 if self.below(30) == 29 => self.deep(),
            _ => self.leaf(),
        }
    }

    /// A value below so many arrays and objects.
    pub(crate) fn deep(&mut self) -> Json {
        let levels = *self.pick(&[3, 20, 100, 126, 127, 128, 129, 300]);
        let key = self.key();
        let mut json = self.leaf();
        for level in 0..levels {
            json = match level % 2 {
                0 => Json::Object(vec![(key.clone(), json)]),
                _ => Json::List(vec![json]),
            };
        }
        json
    }

    fn key(&mut self) -> String {
        match self.below(12) {
            0 => (*self.pick(&TEXTS)).to_owned(),
            _ => self.word(),
        }
    }
}
