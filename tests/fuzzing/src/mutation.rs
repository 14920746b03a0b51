//! Recorded JSON, changed: members go, come twice, change their type, their place, their depth.
//!
//! What replaces a value is often a value of the same record or of another: such cases get further than
//! random ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use crate::anything::Tape;
use crate::bytes::{Bytes, Garble, garble};
use crate::json::{Json, Style};

/// Changes per case, at most.
const MOST_CHANGES: usize = 6;
/// A text is not repeated beyond this, in bytes: size is tested where there is a limit.
const LONGEST_TEXT: usize = 32 << 10;

/// Some of these texts of JSON, changed.
///
/// # Panics
/// Where one is no JSON.
pub fn mutated<T: AsRef<str>>(recorded: &[T]) -> impl Strategy<Value = Json> + use<T> {
    let stock = Arc::new(Stock::new(recorded));
    (any::<u32>(), changes()).prop_map(move |(which, changes)| {
        let mut json = stock.recorded[which as usize % stock.recorded.len()].clone();
        for change in &changes {
            stock.apply(change, &mut json);
        }
        json
    })
}

/// As [`mutated`], written in some style, and now and then broken as bytes are.
pub fn mutated_text<T: AsRef<str>>(recorded: &[T]) -> impl Strategy<Value = Bytes> + use<T> {
    let style = proptest::sample::select(vec![
        Style::Compact,
        Style::Compact,
        Style::Spaced,
        Style::Escaped,
    ]);
    let garbles = prop_oneof![
        3 => Just(Vec::new()),
        1 => proptest::collection::vec(Garble::any(), 1..4),
    ];
    (mutated(recorded), style, garbles).prop_map(|(json, style, garbles)| {
        let mut bytes = json.written(style).into_bytes();
        garble(&garbles, &mut bytes);
        Bytes(bytes)
    })
}

/// One change: a tape of what, where and with what.
pub(crate) type Change = Vec<u32>;

pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec(
        proptest::collection::vec(any::<u32>(), 1..12),
        0..=MOST_CHANGES,
    )
}

/// What the changes are made of: the records, their values, their words.
#[derive(Debug)]
pub(crate) struct Stock {
    recorded: Vec<Json>,
    values: Vec<Json>,
    words: Vec<String>,
}

impl Stock {
    fn new<T: AsRef<str>>(recorded: &[T]) -> Self {
        let parse = |text: &T| {
            let text = text.as_ref();
            Json::parse(text).unwrap_or_else(|| panic!("this record is no JSON: {text}"))
        };
        Self::of(recorded.iter().map(parse).collect())
    }

    pub(crate) fn of(recorded: Vec<Json>) -> Self {
        let mut values = Vec::new();
        recorded.iter().for_each(|json| json.walk(&mut values));
        let mut words = BTreeSet::new();
        for value in &values {
            match value {
                Json::Text(text) => drop(words.insert(text.clone())),
                Json::Object(members) => words.extend(members.iter().map(|(key, _)| key.clone())),
                _ => {}
            }
        }
        let values = values.into_iter().cloned().collect();
        Self {
            recorded,
            values,
            words: words.into_iter().collect(),
        }
    }

    /// Changes one value of the tree, or what is right below it.
    pub(crate) fn apply(&self, change: &[u32], json: &mut Json) {
        let mut tape = Tape::new(change, &self.words);
        let mut all = Vec::new();
        json.walk(&mut all);
        let at = tape.below(all.len());
        drop(all);
        if let Some(value) = nth(json, &mut { at }) {
            self.change(&mut tape, value);
        }
    }

    fn change(&self, tape: &mut Tape<'_>, value: &mut Json) {
        let what = tape.below(16);
        let many = |value: &Json| match value {
            Json::List(items) => items.len(),
            Json::Object(members) => members.len(),
            _ => 0,
        };
        let n = tape.below(many(value));
        match (what, &mut *value) {
            // A child goes, comes twice, or changes its place.
            (0 | 1, Json::List(items)) if !items.is_empty() => drop(items.remove(n)),
            (0 | 1, Json::Object(members)) if !members.is_empty() => drop(members.remove(n)),
            (2, Json::List(items)) if !items.is_empty() => items.insert(n, items[n].clone()),
            (2, Json::Object(members)) if !members.is_empty() => members.push(members[n].clone()),
            (3, Json::List(items)) => items.reverse(),
            (3, Json::Object(members)) => members.reverse(),
            // A child comes, or gets another name.
            (4 | 5, Json::Object(members)) => members.insert(n, (tape.word(), self.part(tape))),
            (4 | 5, Json::List(items)) => items.insert(n, self.part(tape)),
            (6, Json::Object(members)) if !members.is_empty() => members[n].0 = tape.text(),
            // The value changes its type, its depth, its size.
            (7, Json::Text(text)) => text.push_str(&tape.text()),
            (8, Json::Text(text)) => {
                let times = *tape.pick(&[2, 50, 1000]);
                *text = text.repeat(times.min(LONGEST_TEXT / (text.len() + 1)).max(1));
            }
            (7, Json::Bare(_)) => *value = Json::Text(value.to_string()),
            (9, _) => *value = Json::Text(value.to_string()),
            (10, _) => *value = Json::List(vec![value.clone()]),
            (11, _) => *value = Json::Object(vec![(tape.word(), value.clone())]),
            (12, _) => *value = tape.deep(),
            (13, _) => *value = tape.number(),
            (14, _) => *value = tape.leaf(),
            _ => *value = self.part(tape),
        }
    }

    fn part(&self, tape: &mut Tape<'_>) -> Json {
        match tape.below(4) {
            0 => tape.leaf(),
            1 => tape.json(2),
            _ => tape.pick(&self.values).clone(),
        }
    }
}

/// The value at this place of the walk.
fn nth<'a>(json: &'a mut Json, at: &mut usize) -> Option<&'a mut Json> {
    if *at == 0 {
        return Some(json);
    }
    *at -= 1;
    json.children_mut()
        .into_iter()
        .find_map(|child| nth(child, at))
}
