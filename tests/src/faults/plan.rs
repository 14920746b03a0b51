//! What happens when, and to whom.

use crate::dice::Dice;
use crate::proxy::{IdleCut, Lane, Rules};
use std::fmt;
use std::time::Duration;

/// Quiet before a fault, in milliseconds: some of them come while the last one still aches.
const QUIET_MS: std::ops::Range<u32> = 200..4000;
/// How long one lasts, in milliseconds.
const LASTS_MS: std::ops::Range<u32> = 200..6000;
/// A dark network, in milliseconds. Some are longer than what both ends put up with when their times are quick.
const DARK_MS: std::ops::Range<u32> = 500..12_000;

/// What happens, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The network loses every packet, or behaves badly in another way.
    Network(Rules),
    /// Every connection of the network is reset.
    ResetAll,
    /// The publisher's control channel is reset, and nothing else.
    ResetChannel,
    /// The server is killed as by `kill -9`, and started again.
    KillServer,
    /// The server neither runs nor dies.
    FreezeServer,
    /// The server is asked to stop, and is started again.
    StopServer,
    /// The publisher is killed as by `kill -9`, and started again.
    KillPublisher,
    /// The publisher neither runs nor dies.
    FreezePublisher,
    /// The publisher is asked to stop, and is started again.
    StopPublisher,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Quiet before it, from the end of the last one.
    pub after: Duration,
    /// What happens.
    pub what: What,
    /// How long it lasts before it is undone: a process stays frozen or away so long, a network bad.
    pub lasts: Duration,
}

impl Fault {
    /// Its time with the quiet before it.
    #[must_use]
    pub fn takes(&self) -> Duration {
        self.after + self.lasts
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (after, lasts) = (self.after, self.lasts);
        match &self.what {
            What::Network(rules) => write!(f, "after {after:?}, for {lasts:?}: {}", named(rules)),
            other => write!(f, "after {after:?}, for {lasts:?}: {other:?}"),
        }
    }
}

/// Without what is as ever.
fn named(rules: &Rules) -> String {
    let mut text = format!("network: up {:?}, down {:?}", rules.up, rules.down);
    if rules.idle_cut != IdleCut::Never {
        text += &format!(", {:?}", rules.idle_cut);
    }
    for usual in [
        "dark: false, ",
        "delay: 0ns, ",
        "jitter: 0ns, ",
        "bytes_per_second: 0, ",
        "half_closed: false, ",
        "cut_at: 0 ",
    ] {
        text = text.replace(usual, "");
    }
    text
}

/// The faults of one seed, without an end.
#[derive(Debug, Clone)]
pub struct Plan {
    dice: Dice,
}

impl Plan {
    /// Those of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0x6661_756c_7473);
        Self { dice }
    }

    /// As many as fit into `length`, one after the other.
    #[must_use]
    pub fn within(self, length: Duration) -> Vec<Fault> {
        let mut left = length;
        let fits = move |fault: &Fault| match left.checked_sub(fault.takes()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        self.take_while(fits).collect()
    }

    fn what(&mut self) -> What {
        let dice = &mut self.dice;
        match dice.roll(100) {
            0..30 => What::Network(dark(dice)),
            30..52 => What::Network(bad(dice)),
            52..60 => What::ResetAll,
            60..68 => What::ResetChannel,
            68..74 => What::KillServer,
            74..80 => What::FreezeServer,
            80..85 => What::StopServer,
            85..91 => What::KillPublisher,
            91..96 => What::FreezePublisher,
            _ => What::StopPublisher,
        }
    }

    fn time(&mut self, range: std::ops::Range<u32>) -> Duration {
        let ms = range.start + self.dice.roll(range.end - range.start);
        Duration::from_millis(ms.into())
    }
}

impl Iterator for Plan {
    type Item = Fault;

    /// The next one; there always is one.
    fn next(&mut self) -> Option<Fault> {
        let after = self.time(QUIET_MS);
        let what = self.what();
        let lasts = match what {
            What::Network(rules) if rules.up.dark || rules.down.dark => self.time(DARK_MS),
            What::ResetAll | What::ResetChannel => Duration::ZERO,
            _ => self.time(LASTS_MS),
        };
        Some(Fault { after, what, lasts })
    }
}

/// Up, down or both.
fn on_some(dice: &mut Dice, lane: Lane) -> Rules {
    let (up, down) = *dice.pick(&[(true, false), (false, true), (true, true)]);
    let of = |is_bad| if is_bad { lane } else { Lane::default() };
    Rules {
        up: of(up),
        down: of(down),
        ..Rules::default()
    }
}

fn dark(dice: &mut Dice) -> Rules {
    on_some(dice, Lane::dark())
}

fn bad(dice: &mut Dice) -> Rules {
    let usual = Lane::default();
    let lane = match dice.roll(4) {
        0 => Lane {
            cut_at: 1 + u64::from(dice.roll(4000)),
            ..usual
        },
        1 => Lane {
            bytes_per_second: 500 + u64::from(dice.roll(20_000)),
            ..usual
        },
        2 => Lane {
            delay: Duration::from_millis(dice.roll(200).into()),
            jitter: Duration::from_millis(dice.roll(400).into()),
            ..usual
        },
        _ => {
            let after = Duration::from_millis(u64::from(300 + dice.roll(2000)));
            let how = *dice.pick(&[IdleCut::Close(after), IdleCut::Forget(after)]);
            return Rules::idle(how);
        }
    };
    on_some(dice, lane)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTES: Duration = Duration::from_secs(20 * 60);

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_gives_others() {
        let plan = |seed| Plan::new(seed).within(MINUTES);
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn a_long_plan_has_every_sort_and_fits_its_time() {
        let plan = Plan::new(1).within(MINUTES);
        let took: Duration = plan.iter().map(Fault::takes).sum();
        assert!(took <= MINUTES && took > MINUTES * 9 / 10, "{took:?}");
        let has = |sort: fn(&What) -> bool| plan.iter().any(|fault| sort(&fault.what));
        let network = |sort: fn(&Rules) -> bool| {
            let mut all = plan.iter();
            all.any(|fault| matches!(&fault.what, What::Network(rules) if sort(rules)))
        };
        assert!(network(|r| r.up.dark && !r.down.dark));
        assert!(network(|r| !r.up.dark && r.down.dark));
        assert!(network(|r| r.up.dark && r.down.dark));
        assert!(network(|r| r.up.cut_at != 0));
        assert!(network(|r| r.down.bytes_per_second != 0));
        assert!(network(|r| matches!(r.idle_cut, IdleCut::Forget(_))));
        let sorts: [fn(&What) -> bool; 8] = [
            |what| *what == What::ResetAll,
            |what| *what == What::ResetChannel,
            |what| *what == What::KillServer,
            |what| *what == What::FreezeServer,
            |what| *what == What::StopServer,
            |what| *what == What::KillPublisher,
            |what| *what == What::FreezePublisher,
            |what| *what == What::StopPublisher,
        ];
        for sort in sorts {
            assert!(has(sort));
        }
    }

    #[test]
    fn a_fault_says_in_short_what_it_is() {
        let fault = Fault {
            after: Duration::from_millis(5),
            what: What::Network(Rules {
                up: Lane::dark(),
                ..Rules::default()
            }),
            lasts: Duration::from_secs(1),
        };
        let text = fault.to_string();
        assert!(text.contains("up Lane { dark: true"), "{text}");
        assert!(!text.contains("cut_at"), "{text}");
    }
}
