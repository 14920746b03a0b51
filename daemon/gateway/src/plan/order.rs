//! The order inside a pool.

use std::cmp::Ordering::{self, Equal};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::alias::Policy;

use crate::plan::{Candidate, Readiness};
use crate::prices::Prices;

/// Pools whose turns are remembered; beyond, the turns begin again.
const MAX_POOLS: usize = 10_000;

/// Whose turn it is in each pool.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, usize>>);

impl Turns {
    /// The number of this request among those of the pool.
    pub(crate) fn next(&self, pool: &str) -> usize {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get_mut(pool) {
            *turn = turn.wrapping_add(1);
            return *turn;
        }
        if turns.len() >= MAX_POOLS {
            turns.clear();
        }
        turns.insert(pool.to_owned(), 0);
        0
    }

    /// What [`Turns::next`] will say.
    pub(crate) fn look(&self, pool: &str) -> usize {
        let turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.get(pool).map_or(0, |turn| turn.wrapping_add(1))
    }
}

/// Sorts the candidates of one pool, which come ordered by name: who can be called first, then the
/// policy's choice, then the fewest in flight.
pub(crate) fn by_policy(
    candidates: &mut [Candidate],
    policy: Policy,
    turn: usize,
    prices: &Prices,
) {
    if candidates.len() < 2 {
        return;
    }
    if policy == Policy::RoundRobin {
        let by = turn % candidates.len();
        candidates.rotate_left(by);
    }
    let seen = |one: &Candidate| Seen {
        ready: class(one.readiness),
        policy: match policy {
            Policy::Cost => prices
                .of(&one.row)
                .map_or(0.0, |price| price.input + price.output),
            // One that was never called is tried, or it never would be.
            Policy::Latency => one.standing.lock().numbers.first_byte_ms.unwrap_or(0.0),
            Policy::PreferLocal => f64::from(u8::from(!one.row.is_virtual())),
            Policy::LeastBusy | Policy::RoundRobin => 0.0,
        },
        busy: match policy {
            Policy::RoundRobin => 0,
            _ => {
                let gate = &one.row.live().gate;
                u64::from(gate.in_flight()) + u64::from(gate.queued())
            }
        },
    };
    // Looked at once each: the numbers move while we sort. The sort keeps the order of equals.
    candidates.sort_by_cached_key(seen);
}

/// A free slot anywhere comes before a place in a queue, whatever the policy prefers.
fn class(readiness: Readiness) -> u8 {
    match readiness {
        Readiness::Ready => 0,
        Readiness::Busy => 1,
        Readiness::Full => 2,
        Readiness::Asleep => 3,
        Readiness::Resting(_) => 4,
        Readiness::Offline => 5,
    }
}

/// What the order depends on, weightiest first.
#[derive(PartialEq)]
struct Seen {
    ready: u8,
    policy: f64,
    busy: u64,
}

impl Eq for Seen {}

impl Ord for Seen {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_ready = self.ready.cmp(&other.ready);
        let by_policy = || self.policy.total_cmp(&other.policy);
        let by_busy = || self.busy.cmp(&other.busy);
        match by_ready.then_with(by_policy) {
            Equal => by_busy(),
            decided => decided,
        }
    }
}

impl PartialOrd for Seen {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
