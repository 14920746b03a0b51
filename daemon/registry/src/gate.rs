//! Admission to one LLM: so many at once, so many waiting, the rest is refused at once.
//!
//! A permit is given back when it is dropped, whatever happened to its request; a caller that goes
//! while it waits leaves the queue at the same moment.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// The gate of one LLM. Cheap to clone; clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: AtomicU32,
    max_queue: AtomicU32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    in_flight: u32,
    waiting: VecDeque<Waiter>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    admit: oneshot::Sender<Permit>,
}

/// The right to run one request. Dropping it admits the next.
#[derive(Debug)]
pub struct Permit(Gate);

/// All slots are taken and the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{in_flight} requests are running and {queued} are waiting")]
pub struct Full {
    /// Requests that run.
    pub in_flight: u32,
    /// Requests that wait.
    pub queued: u32,
}

impl Gate {
    /// A gate that lets `limit` in at once and `max_queue` wait.
    pub fn new(limit: u32, max_queue: u32) -> Self {
        Self(Arc::new(Inner {
            limit: AtomicU32::new(limit),
            max_queue: AtomicU32::new(max_queue),
            state: Mutex::default(),
        }))
    }

    /// Changes the bounds. What runs or waits already is not touched, but a wider gate admits
    /// those who wait.
    pub fn resize(&self, limit: u32, max_queue: u32) {
        self.0.limit.store(limit, Ordering::Relaxed);
        self.0.max_queue.store(max_queue, Ordering::Relaxed);
        self.admit_waiting();
    }

    /// Waits for a slot, first come first served.
    ///
    /// Errors: [`Full`], at once, where the queue has no room either.
    pub async fn enter(&self) -> Result<Permit, Full> {
        let (ticket, admitted) = {
            let mut state = self.lock();
            let limit = self.0.limit.load(Ordering::Relaxed);
            if state.in_flight < limit && state.waiting.is_empty() {
                state.in_flight += 1;
                return Ok(Permit(self.clone()));
            }
            let queued = count(&state.waiting);
            if queued >= self.0.max_queue.load(Ordering::Relaxed) {
                let in_flight = state.in_flight;
                return Err(Full { in_flight, queued });
            }
            let (admit, admitted) = oneshot::channel();
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            state.waiting.push_back(Waiter { ticket, admit });
            (ticket, admitted)
        };
        let place = Place { gate: self, ticket };
        let permit = admitted.await;
        drop(place);
        // The sender lives in the queue, and leaves it only with a permit or with us.
        Ok(permit.unwrap_or_else(|_| unreachable!("a waiter leaves the queue with a permit")))
    }

    /// A slot, where one is free and nobody waits for it.
    pub fn try_enter(&self) -> Option<Permit> {
        let mut state = self.lock();
        let limit = self.0.limit.load(Ordering::Relaxed);
        if state.in_flight >= limit || !state.waiting.is_empty() {
            return None;
        }
        state.in_flight += 1;
        Some(Permit(self.clone()))
    }

    /// Whether a request would run at once (`true`) or wait; `None` where it would be refused.
    pub fn room(&self) -> Option<bool> {
        let state = self.lock();
        let limit = self.0.limit.load(Ordering::Relaxed);
        if state.in_flight < limit && state.waiting.is_empty() {
            return Some(true);
        }
        let max_queue = self.0.max_queue.load(Ordering::Relaxed);
        (count(&state.waiting) < max_queue).then_some(false)
    }

    /// Requests that would run at once.
    pub fn free(&self) -> u32 {
        let state = self.lock();
        match state.waiting.is_empty() {
            true => self.slots().saturating_sub(state.in_flight),
            false => 0,
        }
    }

    /// Requests that run side by side, at most.
    pub fn slots(&self) -> u32 {
        self.0.limit.load(Ordering::Relaxed)
    }

    /// Requests that run now.
    pub fn in_flight(&self) -> u32 {
        self.lock().in_flight
    }

    /// Requests that wait now.
    pub fn queued(&self) -> u32 {
        count(&self.lock().waiting)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit_waiting(&self) {
        loop {
            let admit = {
                let mut state = self.lock();
                if state.in_flight >= self.0.limit.load(Ordering::Relaxed) {
                    return;
                }
                let Some(waiter) = state.waiting.pop_front() else {
                    return;
                };
                state.in_flight += 1;
                waiter.admit
            };
            // A waiter that has gone drops the permit here, outside the lock, and the loop goes on.
            let _ = admit.send(Permit(self.clone()));
        }
    }
}

fn count(waiting: &VecDeque<Waiter>) -> u32 {
    u32::try_from(waiting.len()).unwrap_or(u32::MAX)
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
        self.0.admit_waiting();
    }
}

/// A place in the queue; gives it up when dropped.
struct Place<'a> {
    gate: &'a Gate,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.waiting.retain(|waiter| waiter.ticket != self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_gate_admits_in_order_and_refuses_when_the_queue_is_full() {
        let gate = Gate::new(1, 1);
        let first = gate.enter().await.unwrap();
        let second = gate.enter();
        tokio::pin!(second);
        assert!(
            tokio::time::timeout(Duration::from_secs(1), &mut second)
                .await
                .is_err()
        );
        let refused = gate.enter().await.unwrap_err();
        assert_eq!(
            refused,
            Full {
                in_flight: 1,
                queued: 1
            }
        );
        drop(first);
        let second = second.await.unwrap();
        assert_eq!((gate.in_flight(), gate.queued()), (1, 0));
        drop(second);
        assert_eq!(gate.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_while_it_waits_frees_its_place() {
        let gate = Gate::new(1, 1);
        let held = gate.enter().await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(1), gate.enter()).await;
        assert!(waited.is_err());
        assert_eq!(gate.queued(), 0);
        drop(held);
        assert_eq!(gate.in_flight(), 0);
        assert!(gate.enter().await.is_ok());
    }

    #[tokio::test]
    async fn a_wider_gate_admits_those_who_wait() {
        let gate = Gate::new(1, 8);
        let _held = gate.enter().await.unwrap();
        let entering = gate.clone();
        let (permit, ()) = tokio::join!(entering.enter(), async { gate.resize(2, 8) });
        assert!(permit.is_ok());
        assert_eq!(gate.in_flight(), 2);
    }
}
