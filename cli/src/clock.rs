//! The one place that reads the wall clock: ages in tables, the end of a new token.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::timestamp::Timestamp;

/// The wall-clock time.
#[expect(
    clippy::disallowed_methods,
    reason = "the daemons' clock is not for a program that ends at once"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
