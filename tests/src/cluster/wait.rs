//! Bounded waits on conditions, which report the last thing they saw.

use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// What a look may come too late, where the thing that is looked at says itself when it was.
pub const LOOKING: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Looks until `look` gives `Ok`, and returns that; `Err` is what was there instead.
///
/// # Panics
/// When `limit` passes first, with the last thing seen.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let end = Instant::now() + limit;
    let mut last = "nothing".to_owned();
    loop {
        match timeout_at(end, look()).await {
            Ok(Ok(seen)) => return seen,
            Ok(Err(instead)) => last = instead,
            Err(_) => {}
        }
        assert!(
            Instant::now() < end,
            "{what}: not within {limit:?}; seen last: {last}"
        );
        sleep(LOOK).await;
    }
}

/// `Ok` where `holds`, else what `seen` shows: for conditions of [`until`].
///
/// # Errors
/// What was seen.
pub fn when(holds: bool, seen: impl std::fmt::Debug) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("{seen:?}"))
    }
}
