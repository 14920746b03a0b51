//! How busy the last minutes were: one look after the other, for the plots.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

/// Looks that are kept: ten minutes, at one every two seconds.
const MAX_LOOKS: usize = 300;
/// LLMs of which a history is kept.
const MAX_LLMS: usize = 64;

/// A quantity over time, in tenths, oldest first.
pub(crate) type Track = VecDeque<u64>;

/// The last looks.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Tokens per second of all LLMs.
    pub(crate) tokens: Track,
    /// Requests that waited at all LLMs.
    pub(crate) queued: Track,
    /// Requests that ran at all LLMs.
    pub(crate) in_flight: Track,
    /// Tokens per second by LLM.
    pub(crate) by_llm: BTreeMap<String, Track>,
}

impl History {
    /// Takes a look's items.
    pub(crate) fn take(&mut self, items: &[Value]) {
        let sum = |field: &str| items.iter().map(|load| tenths(load, field)).sum();
        push(&mut self.tokens, sum("tokensPerSecond"));
        push(&mut self.queued, sum("queued"));
        push(&mut self.in_flight, sum("inFlight"));
        let looks = self.tokens.len();
        let named = |name: &String| items.iter().any(|load| load["llm"] == **name);
        self.by_llm.retain(|name, _| named(name));
        for load in items {
            let Some(name) = load["llm"].as_str() else {
                continue;
            };
            if self.by_llm.len() >= MAX_LLMS && !self.by_llm.contains_key(name) {
                continue;
            }
            let track = self.by_llm.entry(name.into()).or_default();
            // One that is new was idle before.
            while track.len() + 1 < looks {
                track.push_back(0);
            }
            push(track, tenths(load, "tokensPerSecond"));
        }
    }

    /// The LLMs that said most within the history, busiest first; those that said nothing are
    /// left out.
    pub(crate) fn busiest(&self) -> Vec<(&str, &Track)> {
        let sums = self.by_llm.iter();
        let mut sums: Vec<_> = sums
            .map(|(name, track)| (track.iter().sum::<u64>(), name.as_str(), track))
            .filter(|(sum, ..)| *sum > 0)
            .collect();
        sums.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        sums.into_iter()
            .map(|(_, name, track)| (name, track))
            .collect()
    }
}

fn push(track: &mut Track, value: u64) {
    while track.len() >= MAX_LOOKS {
        track.pop_front();
    }
    track.push_back(value);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and what is negative or no number becomes 0"
)]
fn tenths(load: &Value, field: &str) -> u64 {
    let value = load.get(field).and_then(Value::as_f64).unwrap_or_default();
    ((value * 10.0).round() as u64).min(1 << 40)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn looks_add_up_and_are_bounded() {
        let mut history = History::default();
        let load = |llm: &str, rate: f64| json!({"llm": llm, "tokensPerSecond": rate, "queued": 2});
        history.take(&[load("a", 1.5)]);
        history.take(&[load("a", 0.0), load("b", 4.0)]);
        assert_eq!(history.tokens, [15, 40]);
        assert_eq!(history.queued, [20, 40]);
        assert_eq!(history.by_llm["b"], [0, 40]);
        let names: Vec<_> = history.busiest().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["b", "a"]);
        for _ in 0..MAX_LOOKS * 2 {
            history.take(&[load("b", -1.0)]);
        }
        assert_eq!(history.tokens.len(), MAX_LOOKS);
        assert_eq!(history.by_llm.len(), 1, "`a` is gone");
        assert!(history.busiest().is_empty());
    }
}
