//! The legal state changes of a virtual LLM's row.
//!
//! ```text
//!             hello acknowledged                 retention passed
//!  (register) ───────────────────► active ─┐   ┌──────────────────► (deleted)
//!      │                         ▲   │     │   │
//!      ▼                         │   │     ▼   │
//!   inactive ────────────────────┴───┼── inactive
//!      ▲     hello acknowledged      │     ▲
//!      └───────────── hibernating ◄──┘     │ channel closed, silent, withdrawn
//!                          └───────────────┘
//! ```

use crate::llm::Phase;

/// Something that happens to a virtual row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The channel is bound, its hello acknowledged, and the publisher can serve at once.
    Bound,
    /// The same, but the publisher must wake the provider first.
    BoundAsleep,
    /// The channel was closed by either side.
    ChannelClosed,
    /// No heartbeat came in time.
    Silent,
    /// The publisher took the provider back.
    Withdrawn,
    /// The row was inactive for the whole retention time.
    RetentionPassed,
}

/// What becomes of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It stays as it is.
    Unchanged,
    /// It changes to this phase.
    Become(Phase),
    /// It is deleted.
    Delete,
}

/// The phase after `event`. Pure: what follows from it is the caller's business.
pub fn step(phase: Phase, event: Event) -> Next {
    let become_phase = |next: Phase| {
        if next == phase {
            Next::Unchanged
        } else {
            Next::Become(next)
        }
    };
    match event {
        Event::Bound => become_phase(Phase::Active),
        Event::BoundAsleep => become_phase(Phase::Hibernating),
        Event::ChannelClosed | Event::Silent | Event::Withdrawn => become_phase(Phase::Inactive),
        Event::RetentionPassed if phase == Phase::Inactive => Next::Delete,
        Event::RetentionPassed => Next::Unchanged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_inactive_row_is_deleted() {
        for phase in [Phase::Active, Phase::Hibernating] {
            assert_eq!(step(phase, Event::RetentionPassed), Next::Unchanged);
        }
        assert_eq!(step(Phase::Inactive, Event::RetentionPassed), Next::Delete);
    }

    #[test]
    fn only_a_bound_channel_makes_a_row_callable() {
        for event in [Event::ChannelClosed, Event::Silent, Event::Withdrawn] {
            for phase in [Phase::Active, Phase::Inactive, Phase::Hibernating] {
                let callable = matches!(
                    step(phase, event),
                    Next::Become(Phase::Active | Phase::Hibernating)
                );
                assert!(!callable, "{phase} after {event:?}");
            }
        }
        assert_eq!(
            step(Phase::Inactive, Event::Bound),
            Next::Become(Phase::Active)
        );
        assert_eq!(step(Phase::Active, Event::Bound), Next::Unchanged);
    }
}
