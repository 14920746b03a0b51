//! When an LLM that fails is left alone, and when it is tried again.
//!
//! ```text
//!            failures in a row                 time passed, one request
//!  closed ─────────────────────► open ─────────────────────────────────► probing
//!    ▲  ▲                          ▲        the probe fails                │ │
//!    │  └── Retry-After passed ──┐ └───────────────────────────────────────┘ │
//!    │       closed, cooling ◄───┘        the probe's first byte came        │
//!    └───────────────────────────────────────────────────────────────────────┘
//! ```
//! Pure: the time comes in as an argument. Only what the LLM is to blame for is told to it: a caller
//! that goes is not.

use std::time::Duration;

use shared::llm::{self, BreakerState};
use tokio::time::Instant;

/// An LLM that is the only candidate may be probed so often though its breaker is open: a user who
/// mended the provider does not wait for the whole time.
pub(crate) const LAST_RESORT_INTERVAL: Duration = Duration::from_secs(10);
/// A probe that says nothing for so long is taken for abandoned.
const PROBE_PATIENCE: Duration = Duration::from_secs(120);
/// The longest `Retry-After` that is believed.
const MAX_COOLING: Duration = Duration::from_secs(3600);

/// The breaker of one LLM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    state: State,
    /// Failures in a row while closed.
    failures: u32,
    /// Until when the provider asked for peace; it is the last choice until then.
    cooling_until: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
        /// When the only candidate may be probed nevertheless.
        last_resort_at: Instant,
    },
    Probing {
        since: Instant,
        /// As it was, should the probe be given up.
        until: Instant,
    },
}

/// Whether a request may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Pass,
    /// It may, and decides whether others may.
    Probe,
    /// It may not, before this moment.
    Refused(Instant),
}

impl Breaker {
    /// What a request would get now. `only` where there is no other candidate.
    pub(crate) fn look(&self, now: Instant, only: bool) -> Admission {
        match self.state {
            State::Closed => match self.cooling_until {
                Some(until) if until > now && !only => Admission::Refused(until),
                _ => Admission::Pass,
            },
            State::Open {
                until,
                last_resort_at,
            } => {
                let at = if only { last_resort_at } else { until };
                match now >= at.min(until) {
                    true => Admission::Probe,
                    false => Admission::Refused(at.min(until)),
                }
            }
            State::Probing { since, .. } if now >= since + PROBE_PATIENCE => Admission::Probe,
            State::Probing { since, until } => {
                Admission::Refused(until.max(now).min(since + PROBE_PATIENCE))
            }
        }
    }

    /// Lets a request pass, or not.
    pub(crate) fn admit(&mut self, now: Instant, only: bool) -> Admission {
        let admission = self.look(now, only);
        if admission == Admission::Probe {
            let until = self.until().unwrap_or(now);
            self.state = State::Probing { since: now, until };
        }
        admission
    }

    /// The first byte of a good answer came.
    pub(crate) fn began(&mut self) {
        if let State::Probing { .. } = self.state {
            *self = Self::default();
        }
        self.cooling_until = None;
    }

    /// A good answer came to its end.
    pub(crate) fn succeeded(&mut self) {
        if self.state == State::Closed {
            self.failures = 0;
        }
    }

    /// The LLM failed. `retry_after`: it asks for peace, which is no failure by itself.
    ///
    /// Shape: whether the breaker has opened by it.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        retry_after: Option<Duration>,
        settings: llm::Breaker,
    ) -> bool {
        let open = |open_for: Duration| State::Open {
            until: now + open_for,
            last_resort_at: now + open_for.min(LAST_RESORT_INTERVAL),
        };
        if let State::Probing { .. } = self.state {
            let open_for = retry_after.map_or(settings.open_for.0, |after| after.min(MAX_COOLING));
            self.state = open(open_for);
            return false;
        }
        if let Some(after) = retry_after {
            self.cooling_until = Some(now + after.min(MAX_COOLING));
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        if self.state != State::Closed || self.failures < settings.failures.max(1) {
            return false;
        }
        self.failures = 0;
        self.state = open(settings.open_for.0);
        true
    }

    /// A probe ended without saying anything of the LLM: its caller went.
    pub(crate) fn abandoned(&mut self, now: Instant) {
        if let State::Probing { until, .. } = self.state {
            self.state = State::Open {
                until,
                last_resort_at: now.min(until),
            };
        }
    }

    /// For those who look.
    pub(crate) fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::Probing { .. } => BreakerState::Probing,
        }
    }

    /// Until when it is open, or was.
    pub(crate) fn until(&self) -> Option<Instant> {
        match self.state {
            State::Closed => None,
            State::Open { until, .. } | State::Probing { until, .. } => Some(until),
        }
    }

    /// Until when the provider asked for peace.
    pub(crate) fn cooling_until(&self) -> Option<Instant> {
        self.cooling_until
    }
}

#[cfg(test)]
mod tests {
    use shared::span::Span;

    use super::*;

    const SETTINGS: llm::Breaker = llm::Breaker {
        failures: 3,
        open_for: Span(Duration::from_secs(300)),
    };

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        let opened: Vec<_> = (0..3)
            .map(|_| breaker.failed(now, None, SETTINGS))
            .collect();
        assert_eq!(opened, [false, false, true]);
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_open_it_and_one_probe_closes_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let until = now + after(300);
        assert_eq!(breaker.admit(now, false), Admission::Refused(until));
        assert_eq!(breaker.admit(until, false), Admission::Probe);
        assert!(matches!(breaker.admit(until, false), Admission::Refused(_)));
        breaker.began();
        assert_eq!(breaker.admit(until, false), Admission::Pass);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_it_again_and_an_abandoned_one_does_not_close_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let later = now + after(300);
        assert_eq!(breaker.admit(later, false), Admission::Probe);
        breaker.abandoned(later);
        assert_eq!(breaker.admit(later, false), Admission::Probe);
        breaker.failed(later, None, SETTINGS);
        assert_eq!(
            breaker.admit(later, false),
            Admission::Refused(later + after(300))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_between_failures_starts_the_count_again() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            breaker.failed(now, None, SETTINGS);
            breaker.failed(now, None, SETTINGS);
            breaker.began();
            breaker.succeeded();
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_asks_for_peace_is_spared_where_there_is_another() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            breaker.failed(now, Some(after(7)), SETTINGS);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        let until = now + after(7);
        assert_eq!(breaker.look(now, false), Admission::Refused(until));
        assert_eq!(breaker.look(now, true), Admission::Pass);
        assert_eq!(breaker.look(until, false), Admission::Pass);
    }

    #[tokio::test(start_paused = true)]
    async fn the_only_candidate_is_probed_every_ten_seconds() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert!(matches!(breaker.admit(now, true), Admission::Refused(_)));
        assert_eq!(breaker.admit(now + after(10), true), Admission::Probe);
        breaker.failed(now + after(10), None, SETTINGS);
        let refused = breaker.admit(now + after(11), true);
        assert_eq!(refused, Admission::Refused(now + after(20)));
    }
}
