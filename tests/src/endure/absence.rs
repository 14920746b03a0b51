//! When the server was away on purpose: the only excuse for no answer at all.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts its goings and comings: odd while it is away.
#[derive(Debug, Default)]
pub(super) struct Absence(AtomicU64);

/// What was counted when a caller began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u64);

impl Absence {
    /// The server is about to go.
    pub(super) fn begins(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// It is back and ready.
    pub(super) fn ends(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Now.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.0.load(Ordering::SeqCst))
    }

    /// Whether it was away at `mark`, or at any time since.
    pub(super) fn was_since(&self, mark: Mark) -> bool {
        mark.0 % 2 == 1 || self.mark().0 != mark.0
    }
}

#[cfg(test)]
mod tests {
    use super::Absence;

    #[test]
    fn an_absence_excuses_whom_it_touched() {
        let absence = Absence::default();
        let before = absence.mark();
        assert!(!absence.was_since(before));
        absence.begins();
        let within = absence.mark();
        assert!(absence.was_since(before) && absence.was_since(within));
        absence.ends();
        assert!(absence.was_since(before) && absence.was_since(within));
        assert!(!absence.was_since(absence.mark()));
    }
}
