//! What happened, the last of it: the event pane.

use std::collections::VecDeque;

use shared::timestamp::Timestamp;

use crate::theme::Tone;

/// Events that are kept.
const MAX_EVENTS: usize = 500;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// The last ones, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Events(VecDeque<Event>);

impl Events {
    pub(crate) fn add(&mut self, at: Timestamp, tone: Tone, text: String) {
        if self.0.len() == MAX_EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(Event { at, tone, text });
    }

    /// At most `count`, the newest last.
    pub(crate) fn last(&self, count: usize) -> impl Iterator<Item = &Event> {
        let skipped = self.0.len().saturating_sub(count);
        self.0.iter().skip(skipped)
    }
}

/// The time of day in UTC: `09:30:00`.
pub(crate) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_are_kept() {
        let mut events = Events::default();
        for n in 0..MAX_EVENTS + 7 {
            events.add(Timestamp::from_millis(0), Tone::Plain, n.to_string());
        }
        let texts: Vec<_> = events.last(2).map(|event| event.text.clone()).collect();
        assert_eq!(texts, ["505", "506"]);
        assert_eq!(events.last(usize::MAX).count(), MAX_EVENTS);
        assert_eq!(clock(Timestamp::from_millis(1_795_253_400_125)), "09:30:00");
    }
}
