//! How many retries the gateway may have on the way at once.
//!
//! When a provider is in trouble, retries multiply its load just then. So at most a fifth of the
//! requests in flight may be retries (and always a few, or a quiet server could never retry).
//!
//! A request that goes elsewhere since its publisher went away is none: all of that publisher's
//! requests do at once, and each is served by one LLM all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Retries that may always be on the way.
const ALWAYS: u32 = 3;
/// One of so many requests in flight may be a retry.
const ONE_IN: u32 = 5;

/// The budget of all retries.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    active: AtomicU32,
    retries: AtomicU32,
}

/// A request in flight. Dropping it takes it off.
#[derive(Debug)]
pub(crate) struct Active(Arc<Budget>);

/// A retry on its way. Dropping it gives its part of the budget back.
#[derive(Debug)]
pub(crate) struct Retry(Arc<Budget>);

impl Budget {
    /// Counts a request in.
    pub(crate) fn enter(self: &Arc<Self>) -> Active {
        self.active.fetch_add(1, Ordering::Relaxed);
        Active(self.clone())
    }

    /// The right to try once more; `None` where too many do already.
    pub(crate) fn try_retry(self: &Arc<Self>) -> Option<Retry> {
        let most = (self.active.load(Ordering::Relaxed) / ONE_IN).max(ALWAYS);
        let more = |retries: u32| (retries < most).then_some(retries + 1);
        let taken = self
            .retries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_| Retry(self.clone()))
    }

    /// Requests and retries in flight.
    #[cfg(test)]
    pub(crate) fn load(&self) -> (u32, u32) {
        let load = |count: &AtomicU32| count.load(Ordering::Relaxed);
        (load(&self.active), load(&self.retries))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Retry {
    fn drop(&mut self) {
        self.0.retries.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_may_retry_and_always_three() {
        let budget = Arc::new(Budget::default());
        let few: Vec<_> = (0..5).filter_map(|_| budget.try_retry()).collect();
        assert_eq!(few.len(), 3);
        let active: Vec<_> = (0..100).map(|_| budget.enter()).collect();
        let many: Vec<_> = (0..100).filter_map(|_| budget.try_retry()).collect();
        assert_eq!(few.len() + many.len(), 20);
        drop((few, many, active));
        assert_eq!(budget.load(), (0, 0));
    }
}
