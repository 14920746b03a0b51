//! Money, rates and spans as they stand in table cells: short, without blanks.
//!
//! One text for a quantity, in lists as in the live views. Pure.

use std::time::Duration;

/// US dollars: two decimals where they say it all, else up to six.
pub fn money(usd: f64) -> String {
    let mut text = format!("{usd:.6}");
    while text.ends_with('0') && text.find('.').is_some_and(|dot| text.len() > dot + 3) {
        text.pop();
    }
    match text.as_str() {
        "0.00" | "-0.00" if usd > 0.0 => "<0.000001".into(),
        "0.00" | "-0.00" => "0".into(),
        _ => text,
    }
}

/// Something per second: one decimal below ten.
pub fn rate(per_second: f64) -> String {
    if per_second <= 0.0 || !per_second.is_finite() {
        "0".into()
    } else if per_second < 9.95 {
        format!("{per_second:.1}")
    } else {
        format!("{per_second:.0}")
    }
}

/// Milliseconds: `850ms`, `1.2s`, `45s`, `3m`.
pub fn latency(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis}ms"),
        // Tenths, cut and not rounded: 9,999 ms are not 10.0 s.
        1_000..10_000 => format!("{}.{}s", millis / 1_000, millis % 1_000 / 100),
        _ => age(Duration::from_millis(millis)),
    }
}

/// A span that runs out: `4m12s`, `9s`, `1h05m`.
pub fn left(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// The span in its largest unit, as the AGE column shows it: `5s`, `3m`, `4h`, `12d`.
pub fn age(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fuzzing::targets! {
        fn any_quantity_is_a_short_word(number in any::<f64>(), millis in any::<u64>()) {
            let span = Duration::from_millis(millis);
            for text in [rate(number), latency(millis), left(span), age(span)] {
                prop_assert!(!text.is_empty() && !text.contains(char::is_whitespace), "{:?}", text);
            }
            prop_assert!(!money(number).contains(char::is_whitespace));
            if (0.0..1e9).contains(&number) {
                let read: f64 = money(number).trim_start_matches('<').parse().unwrap();
                prop_assert!((read - number).abs() <= 0.000_001, "{} is not {}", read, number);
            }
        }
    }

    #[test]
    fn quantities_are_short_and_lose_nothing_that_counts() {
        assert_eq!([0.0, 2.5, 10.0].map(money), ["0", "2.50", "10.00"]);
        assert_eq!(
            [0.000_02, 1.234_567_8, 0.000_000_01].map(money),
            ["0.00002", "1.234568", "<0.000001"]
        );
        assert_eq!(
            [0.0, 0.31, 9.96, 123.4].map(rate),
            ["0", "0.3", "10", "123"]
        );
        assert_eq!(
            [0, 999, 1_250, 9_999, 45_000, 180_000].map(latency),
            ["0ms", "999ms", "1.2s", "9.9s", "45s", "3m"]
        );
        let left = |seconds| left(Duration::from_secs(seconds));
        assert_eq!([9, 252, 3_900].map(left), ["9s", "4m12s", "1h05m"]);
    }

    #[test]
    fn an_age_keeps_two_figures_of_its_smaller_unit() {
        let shown = |seconds| age(Duration::from_secs(seconds));
        assert_eq!([0, 119, 120].map(shown), ["0s", "119s", "2m"]);
        assert_eq!([7_199, 7_200, 172_800].map(shown), ["119m", "2h", "2d"]);
    }
}
