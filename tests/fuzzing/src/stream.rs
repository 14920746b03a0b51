//! Recorded streams, changed: the JSON of their lines, the lines themselves, their ends, their bytes.

use std::sync::Arc;

use proptest::prelude::*;

use crate::bytes::{Bytes, Garble, garble};
use crate::json::Json;
use crate::mutation::{Change, Stock, changes};

/// What happens to one line.
#[derive(Clone, Debug)]
enum Turn {
    Changes(Vec<Change>),
    Goes,
    ComesTwice,
    ChangesPlaces(u32),
}

/// Some of these streams - server-sent events, or JSON by lines -, changed.
pub fn mutated_stream<T: AsRef<str>>(recorded: &[T]) -> impl Strategy<Value = Bytes> + use<T> {
    let streams: Vec<Vec<Line>> = recorded
        .iter()
        .map(|stream| lines(stream.as_ref()))
        .collect();
    let parts = streams
        .iter()
        .flatten()
        .filter_map(|line| line.json.clone());
    let stock = Arc::new(Stock::of(parts.collect()));
    let turn = prop_oneof![
        5 => changes().prop_map(Turn::Changes),
        1 => Just(Turn::Goes),
        1 => Just(Turn::ComesTwice),
        1 => any::<u32>().prop_map(Turn::ChangesPlaces),
    ];
    let turns = proptest::collection::vec((any::<u32>(), turn), 0..5);
    let end = proptest::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r"]);
    let garbles = prop_oneof![
        3 => Just(Vec::new()),
        1 => proptest::collection::vec(Garble::any(), 1..4),
    ];
    let streams = proptest::sample::select(streams);
    (streams, turns, end, garbles).prop_map(move |(mut lines, turns, end, garbles)| {
        for (at, turn) in &turns {
            take_turn(&stock, *at as usize, turn, &mut lines);
        }
        let mut bytes = Vec::new();
        for line in &lines {
            bytes.extend_from_slice(line.written().as_bytes());
            bytes.extend_from_slice(end.as_bytes());
        }
        garble(&garbles, &mut bytes);
        Bytes(bytes)
    })
}

fn take_turn(stock: &Stock, at: usize, turn: &Turn, lines: &mut Vec<Line>) {
    if lines.is_empty() {
        return;
    }
    let at = at % lines.len();
    match turn {
        Turn::Goes => drop(lines.remove(at)),
        Turn::ComesTwice => lines.insert(at, lines[at].clone()),
        Turn::ChangesPlaces(other) => {
            let other = *other as usize % lines.len();
            lines.swap(at, other);
        }
        Turn::Changes(changes) => {
            // Most lines of events are empty or names: the next one with data is meant.
            let json = lines[at..].iter_mut().find_map(|line| line.json.as_mut());
            if let Some(json) = json {
                changes.iter().for_each(|change| stock.apply(change, json));
            }
        }
    }
}

/// One line: what stands before its JSON, and the JSON where there is one.
#[derive(Clone, Debug)]
struct Line {
    begin: String,
    json: Option<Json>,
}

impl Line {
    fn written(&self) -> String {
        let json = self.json.as_ref().map(Json::to_string);
        format!("{}{}", self.begin, json.unwrap_or_default())
    }
}

fn lines(stream: &str) -> Vec<Line> {
    let line = |line: &str| {
        let json = line
            .find('{')
            .and_then(|at| Some((at, Json::parse(&line[at..])?)));
        match json {
            Some((at, json)) => Line {
                begin: line[..at].into(),
                json: Some(json),
            },
            None => Line {
                begin: line.into(),
                json: None,
            },
        }
    };
    stream.lines().map(line).collect()
}
