//! What was seen of one LLM's requests: sums since the start, and how it went of late.

use std::time::Duration;

use shared::usage::{Outcome, Tokens};
use tokio::time::Instant;

use crate::standing::histogram::{Distribution, Fine};

/// Requests of so long ago still count for quantiles, at least; twice that at most.
const WINDOW: Duration = Duration::from_secs(120);
/// Rates are over so many seconds.
const RATE_SECONDS: usize = 10;

/// One request that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) status: u16,
    pub(crate) outcome: Outcome,
    pub(crate) tokens: Tokens,
    pub(crate) cost_nano_usd: i64,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) duration: Duration,
    /// Tokens of the answer that were told by [`Numbers::flowing`] already.
    pub(crate) told: u64,
}

/// The sums and windows of one LLM.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// By status, in the order of their first appearance.
    pub(crate) by_status: Vec<(u16, u64)>,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) cancelled: u64,
    pub(crate) tokens: Tokens,
    pub(crate) cost_nano_usd: i64,
    pub(crate) seconds: Distribution,
    pub(crate) first_byte_seconds: Distribution,
    /// This window and the one before.
    recent: [Window; 2],
    window_began: Option<Instant>,
    rate: Rate,
    /// Milliseconds to the first byte of late, as a moving average.
    pub(crate) first_byte_ms: Option<f64>,
}

#[derive(Debug, Default)]
struct Window {
    durations: Fine,
    first_bytes: Fine,
}

impl Numbers {
    pub(crate) fn new() -> Self {
        Self {
            by_status: Vec::new(),
            requests: 0,
            errors: 0,
            cancelled: 0,
            tokens: Tokens::default(),
            cost_nano_usd: 0,
            seconds: Distribution::default(),
            first_byte_seconds: Distribution::default(),
            recent: Default::default(),
            window_began: None,
            rate: Rate::default(),
            first_byte_ms: None,
        }
    }

    /// Adds a request that ended.
    pub(crate) fn add(&mut self, ended: &Ended, now: Instant) {
        self.requests += 1;
        match ended.outcome {
            Outcome::Ok => {}
            Outcome::Error => self.errors += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
        let known = self.by_status.iter_mut();
        match known
            .into_iter()
            .find(|(status, _)| *status == ended.status)
        {
            Some((_, count)) => *count += 1,
            None => self.by_status.push((ended.status, 1)),
        }
        self.tokens += ended.tokens;
        self.cost_nano_usd = self.cost_nano_usd.saturating_add(ended.cost_nano_usd);
        self.rate
            .add(now, 1, ended.tokens.output.saturating_sub(ended.told));
        self.seconds.add(ended.duration);
        if ended.outcome == Outcome::Ok {
            let window = self.window(now);
            window.durations.add(ended.duration);
        }
        if let Some(first_byte) = ended.first_byte {
            self.first_byte_seconds.add(first_byte);
        }
    }

    /// The first byte of a good answer came after so long.
    pub(crate) fn first_byte(&mut self, after: Duration, now: Instant) {
        self.window(now).first_bytes.add(after);
        let ms = after.as_secs_f64() * 1000.0;
        self.first_byte_ms = Some(match self.first_byte_ms {
            Some(before) => before * 0.8 + ms * 0.2,
            None => ms,
        });
    }

    /// Tokens of an answer under way.
    pub(crate) fn flowing(&mut self, tokens: u64, now: Instant) {
        self.rate.add(now, 0, tokens);
    }

    /// Requests and tokens per second of late.
    pub(crate) fn per_second(&mut self, now: Instant) -> (f64, f64) {
        self.rate.per_second(now)
    }

    /// Milliseconds below which the fraction `q` of requests stayed of late, and of first bytes.
    pub(crate) fn quantiles_ms(&mut self, q: f64, now: Instant) -> (Option<u64>, Option<u64>) {
        self.window(now);
        let [this, before] = &self.recent;
        (
            Fine::quantile_ms([&this.durations, &before.durations], q),
            Fine::quantile_ms([&this.first_bytes, &before.first_bytes], q),
        )
    }

    fn window(&mut self, now: Instant) -> &mut Window {
        let began = *self.window_began.get_or_insert(now);
        let age = now.saturating_duration_since(began);
        if age >= WINDOW {
            self.recent.swap(0, 1);
            self.recent[0] = Window::default();
            if age >= 2 * WINDOW {
                self.recent[1] = Window::default();
            }
            self.window_began = Some(now);
        }
        &mut self.recent[0]
    }
}

/// Counts per second, for the last ten.
#[derive(Debug, Default)]
struct Rate {
    began: Option<Instant>,
    seconds: [(u64, u64, u64); RATE_SECONDS],
}

impl Rate {
    fn add(&mut self, now: Instant, requests: u64, tokens: u64) {
        let second = self.second(now);
        let slot = &mut self.seconds[index(second)];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        slot.1 += requests;
        slot.2 += tokens;
    }

    /// Whole seconds since the first use, from 1.
    fn second(&mut self, now: Instant) -> u64 {
        let began = *self.began.get_or_insert(now);
        now.saturating_duration_since(began).as_secs() + 1
    }

    fn per_second(&mut self, now: Instant) -> (f64, f64) {
        let second = self.second(now);
        let oldest = second.saturating_sub(RATE_SECONDS as u64 - 1);
        let fresh = self.seconds.iter().filter(|slot| slot.0 >= oldest.max(1));
        let (requests, tokens) = fresh.fold((0, 0), |(r, t), slot| (r + slot.1, t + slot.2));
        let over = RATE_SECONDS as f64;
        (requests as f64 / over, tokens as f64 / over)
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second % RATE_SECONDS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(millis: u64) -> Ended {
        Ended {
            status: 200,
            outcome: Outcome::Ok,
            tokens: Tokens {
                output: 10,
                ..Tokens::default()
            },
            cost_nano_usd: 5,
            first_byte: None,
            duration: Duration::from_millis(millis),
            told: 4,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn quantiles_forget_what_is_old() {
        let (mut numbers, start) = (Numbers::new(), Instant::now());
        for _ in 0..100 {
            numbers.add(&ended(1000), start);
        }
        let (p50, _) = numbers.quantiles_ms(0.5, start);
        assert!(p50.unwrap().abs_diff(1000) < 130, "{p50:?}");
        let later = start + 3 * WINDOW;
        numbers.add(&ended(10), later);
        let (p99, _) = numbers.quantiles_ms(0.99, later);
        assert!(p99.unwrap() < 20, "{p99:?}");
        assert_eq!(numbers.requests, 101);
    }

    #[tokio::test(start_paused = true)]
    async fn rates_are_over_ten_seconds_and_count_a_token_once() {
        let (mut numbers, start) = (Numbers::new(), Instant::now());
        numbers.flowing(4, start);
        numbers.add(&ended(1), start);
        assert_eq!(numbers.per_second(start), (0.1, 1.0));
        let later = start + Duration::from_secs(30);
        assert_eq!(numbers.per_second(later), (0.0, 0.0));
    }
}
