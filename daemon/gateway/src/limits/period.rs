//! When a budget's period began.

use shared::timestamp::Timestamp;
use shared::token::Period;

const DAY_MS: i64 = 86_400_000;
/// 1970-01-01 was a Thursday, three days after a Monday.
const DAYS_AFTER_MONDAY: i64 = 3;

/// The beginning of the period that holds `now`, in UTC.
pub fn period_start(period: Period, now: Timestamp) -> Timestamp {
    let day = now.as_millis().div_euclid(DAY_MS);
    let first = match period {
        Period::Day => day,
        Period::Week => day - (day + DAYS_AFTER_MONDAY).rem_euclid(7),
        Period::Month => day - (day_of_month(day) - 1),
        Period::Total => return Timestamp::from_millis(0),
    };
    Timestamp::from_millis(first * DAY_MS)
}

/// The day of its month, from 1, of a day counted from 1970-01-01.
fn day_of_month(day: i64) -> i64 {
    let at = time::OffsetDateTime::from_unix_timestamp(day * DAY_MS / 1000);
    at.map_or(1, |at| i64::from(at.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(period: Period, now: &str) -> String {
        let now: Timestamp = now.parse().unwrap();
        period_start(period, now).to_string()
    }

    #[test]
    fn periods_begin_at_midnight_on_mondays_and_on_the_first() {
        let now = "2026-11-21T09:30:00Z";
        assert_eq!(start(Period::Day, now), "2026-11-21T00:00:00.000Z");
        assert_eq!(start(Period::Week, now), "2026-11-16T00:00:00.000Z");
        assert_eq!(start(Period::Month, now), "2026-11-01T00:00:00.000Z");
        assert_eq!(start(Period::Total, now), "1970-01-01T00:00:00.000Z");
        let monday = "2026-11-16T00:00:00Z";
        assert_eq!(start(Period::Week, monday), "2026-11-16T00:00:00.000Z");
        let leap = "2028-02-29T23:59:59Z";
        assert_eq!(start(Period::Month, leap), "2028-02-01T00:00:00.000Z");
    }
}
