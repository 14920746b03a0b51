//! What goes wrong, one thing after the other, as a seed says.

use super::world::{BACK, PUBLISHERS, World};
use crate::dice::Dice;
use crate::proxy::{Lane, Rules};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two faults, in milliseconds.
const CALM_MS: (u32, u32) = (1_000, 6_000);
/// How long a network is bad or a process frozen, in milliseconds; one in ten lasts longer than any silence may.
const SHORT_MS: (u32, u32) = (300, 8_000);
const LONG_MS: (u32, u32) = (46_000, 60_000);
/// How long a server is away, in milliseconds.
const AWAY_MS: u32 = 3_000;
/// Longest that a stop by TERM may take: the server's drain, and a busy machine.
const STOP_LIMIT: Duration = Duration::from_secs(45);
/// A slow line, in bytes per second.
const SLOW_LINE: u64 = 20_000;

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `kill -9` of a publisher, which starts anew.
    PublisherKilled,
    /// TERM to a publisher, which starts anew.
    PublisherStopped,
    /// STOP and CONT of a publisher.
    PublisherFrozen,
    /// Nothing passes, either way or one way.
    NetworkDark,
    /// Every connection of a publisher is reset.
    NetworkReset,
    /// Few bytes per second pass.
    NetworkSlow,
    /// `kill -9` of the external worker, which starts anew.
    WorkerKilled,
    /// `kill -9` of the server, which starts anew.
    ServerKilled,
    /// TERM to the server, which starts anew.
    ServerStopped,
    /// STOP and CONT of the server.
    ServerFrozen,
}

/// All that a server may go through while it is left alone.
const OF_OTHERS: [Fault; 7] = [
    Fault::PublisherKilled,
    Fault::PublisherStopped,
    Fault::PublisherFrozen,
    Fault::NetworkDark,
    Fault::NetworkReset,
    Fault::NetworkSlow,
    Fault::WorkerKilled,
];
const OF_THE_SERVER: [Fault; 3] = [
    Fault::ServerKilled,
    Fault::ServerStopped,
    Fault::ServerFrozen,
];

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::PublisherKilled => "publisher killed (-9)",
            Self::PublisherStopped => "publisher stopped (TERM)",
            Self::PublisherFrozen => "publisher frozen (STOP/CONT)",
            Self::NetworkDark => "network dark, both or one way",
            Self::NetworkReset => "all connections of a publisher reset",
            Self::NetworkSlow => "line of 20 kB/s",
            Self::WorkerKilled => "worker killed (-9)",
            Self::ServerKilled => "server killed (-9)",
            Self::ServerStopped => "server stopped (TERM)",
            Self::ServerFrozen => "server frozen (STOP/CONT)",
        };
        f.pad(words)
    }
}

/// How often each fault was tried, and how long until all publishers served again, at most.
#[derive(Debug, Default)]
pub struct Faults(pub BTreeMap<Fault, (u32, Duration)>);

/// Does one thing after the other until `end`; until `spare` the server is among the victims. All is mended then, and
/// every publisher serves.
pub(super) async fn trouble(
    world: &mut World,
    mut dice: Dice,
    spare: Instant,
    end: Instant,
    told: impl Fn(Fault),
) -> Faults {
    let mut faults = Faults::default();
    loop {
        sleep(between(&mut dice, CALM_MS)).await;
        let now = Instant::now();
        if now >= end {
            return faults;
        }
        let server_too = now < spare && dice.in_a_hundred(25);
        let fault = match server_too {
            true => *dice.pick(&OF_THE_SERVER),
            false => *dice.pick(&OF_OTHERS),
        };
        told(fault);
        strike(world, fault, &mut dice).await;
        let mended = Instant::now();
        world.all_active().await;
        let seen = faults.0.entry(fault).or_default();
        *seen = (seen.0 + 1, seen.1.max(mended.elapsed()));
    }
}

/// From its beginning until it is mended.
async fn strike(world: &mut World, fault: Fault, dice: &mut Dice) {
    // The first is left alone, but for its network.
    let victim = 1 + dice.roll(u32::try_from(PUBLISHERS - 1).unwrap_or(1)) as usize;
    let any = dice.roll(u32::try_from(PUBLISHERS).unwrap_or(1)) as usize;
    let (a_while, away) = (how_long(dice), between(dice, (0, AWAY_MS)));
    match fault {
        Fault::PublisherKilled => {
            world.publishers[victim].local.process.kill();
            sleep(away).await;
            world.publishers[victim].local.start_again();
        }
        Fault::PublisherStopped => {
            let local = &mut world.publishers[victim].local;
            local.terminate();
            local.process.end(BACK).await;
            sleep(away).await;
            local.start_again();
        }
        Fault::PublisherFrozen => {
            let process = &world.publishers[victim].local.process;
            process.freeze();
            sleep(a_while).await;
            process.thaw();
        }
        Fault::NetworkDark => {
            let network = &world.publishers[any].network;
            network.set(darkness(dice));
            sleep(a_while).await;
            network.set(Rules::default());
        }
        Fault::NetworkReset => world.publishers[any].network.reset(),
        Fault::NetworkSlow => {
            let lane = Lane {
                bytes_per_second: SLOW_LINE,
                ..Lane::default()
            };
            let network = &world.publishers[any].network;
            network.set(Rules {
                up: lane,
                down: lane,
                ..Rules::default()
            });
            sleep(a_while.min(Duration::from_secs(10))).await;
            network.set(Rules::default());
        }
        Fault::WorkerKilled => {
            world.worker.process.kill();
            sleep(away).await;
            world.worker.revive();
        }
        Fault::ServerKilled => {
            world.absence.begins();
            world.mcpd.process.kill();
            sleep(away).await;
            world.server_again().await;
        }
        Fault::ServerStopped => {
            world.absence.begins();
            world.mcpd.terminate();
            world.mcpd.process.end(STOP_LIMIT).await;
            sleep(away).await;
            world.server_again().await;
        }
        Fault::ServerFrozen => {
            world.mcpd.process.freeze();
            sleep(a_while).await;
            world.mcpd.process.thaw();
        }
    }
}

fn darkness(dice: &mut Dice) -> Rules {
    let lane = |dark| Lane {
        dark,
        ..Lane::default()
    };
    let (up, down) = *dice.pick(&[(true, true), (true, false), (false, true)]);
    Rules {
        up: lane(up),
        down: lane(down),
        ..Rules::default()
    }
}

fn how_long(dice: &mut Dice) -> Duration {
    let range = match dice.in_a_hundred(10) {
        true => LONG_MS,
        false => SHORT_MS,
    };
    between(dice, range)
}

fn between(dice: &mut Dice, (least, most): (u32, u32)) -> Duration {
    Duration::from_millis(u64::from(least + dice.roll(most - least)))
}
