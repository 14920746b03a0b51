//! Idle connections, newest first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::exchange::Wire;

/// The idle connections of one client.
pub(crate) struct Pool {
    idle: Mutex<HashMap<String, Vec<Idle>>>,
    max_idle_per_origin: usize,
    max_idle_age: Duration,
}

struct Idle {
    wire: Wire,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(max_idle_per_origin: usize, max_idle_age: Duration) -> Self {
        Self {
            idle: Mutex::default(),
            max_idle_per_origin,
            max_idle_age,
        }
    }

    /// The youngest idle connection to `origin`, where it waited for less than `max_idle_age`.
    pub(crate) fn take(&self, origin: &str, max_idle_age: Duration) -> Option<Wire> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.get_mut(origin)?;
        let young = waiting.last()?.since.elapsed() < max_idle_age.min(self.max_idle_age);
        if !young && max_idle_age < self.max_idle_age {
            // Too old for this one, and good for others.
            return None;
        }
        let found = waiting.pop()?;
        young.then_some(found.wire)
    }

    /// Drops all idle connections.
    pub(crate) fn forget_all(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = std::mem::take(&mut *idle);
        drop(idle);
        drop(dropped);
    }

    /// Drops all idle connections to `origin`.
    pub(crate) fn forget(&self, origin: &str) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = idle.get_mut(origin).map(std::mem::take);
        drop(idle);
        drop(dropped);
    }

    /// Keeps a connection whose exchange is over; drops those that waited too long.
    pub(crate) fn put(&self, origin: &str, wire: Wire) {
        let now = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !idle.contains_key(origin) {
            // Rare: the time to drop what other origins left behind.
            let max_age = self.max_idle_age;
            idle.retain(|_, waiting| {
                waiting.retain(|one| now - one.since < max_age);
                !waiting.is_empty()
            });
            idle.insert(origin.to_owned(), Vec::new());
        }
        let Some(waiting) = idle.get_mut(origin) else {
            return;
        };
        let too_old = waiting
            .first()
            .is_some_and(|oldest| now - oldest.since >= self.max_idle_age);
        if too_old || waiting.len() >= self.max_idle_per_origin {
            waiting.remove(0);
        }
        waiting.push(Idle { wire, since: now });
    }
}
