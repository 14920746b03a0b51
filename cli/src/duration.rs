//! Spans of time as people write them (`30s`, `15m`, `30d`) and read them (`5d`).

use std::time::Duration;

pub(crate) use quantity::age;

/// Reads `500ms`, `30s`, `15m`, `12h`, `30d`; a bare number is seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a span of time: write 30s, 15m, 12h or 30d");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let millis_each: u64 = match &text[digits..] {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let millis = number.checked_mul(millis_each).filter(|n| *n > 0);
    millis.map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_every_unit_and_nonsense_is_refused() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("30d"), Ok(Duration::from_secs(30 * 86_400)));
        for wrong in ["", "0s", "5w", "-1s", "d", "99999999999999999d", "1 s"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
