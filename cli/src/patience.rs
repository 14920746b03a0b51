//! How often and how long something is tried again while the server is away.

use std::time::Duration;

use tokio::time::Instant;

/// The waits before each try: short at first, then longer.
const WAITS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// The longest that a server may be away at a stretch: an update of its machine fits.
const LIMIT: Duration = Duration::from_secs(3600);

/// What is left of it. A success makes it whole again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience {
    tries: usize,
    since: Option<Instant>,
}

impl Patience {
    /// It failed: the wait before the next try, or `None` where it was tried long enough.
    pub(crate) fn wait(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        let wait = WAITS[self.tries.min(WAITS.len() - 1)];
        self.tries += 1;
        (now.duration_since(since) < LIMIT).then_some(wait)
    }

    /// Whether it failed since the last success.
    pub(crate) const fn is_tried(&self) -> bool {
        self.since.is_some()
    }

    /// It went well. Says whether it had failed before.
    pub(crate) fn restore(&mut self) -> bool {
        self.tries = 0;
        self.since.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_grow_end_after_an_hour_and_begin_anew_after_a_success() {
        let mut patience = Patience::default();
        assert!(!patience.restore(), "nothing had failed");
        let waits = [(); 6].map(|()| patience.wait().unwrap().as_millis());
        assert_eq!(waits, [500, 1000, 2000, 5000, 10_000, 10_000]);
        tokio::time::advance(LIMIT).await;
        assert_eq!(patience.wait(), None);
        assert!(patience.restore());
        assert_eq!(patience.wait(), Some(WAITS[0]));
    }
}
