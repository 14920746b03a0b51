//! How a command tells how far it is: lines of its stderr.

use serde::Deserialize;
use shared::job::Progress;

/// The longest message that is handed on, in bytes; a longer one is cut.
const MAX_MESSAGE_BYTES: usize = 1024;

/// The progress that `line` tells; `None` where it is a line like any other.
///
/// Shape: `progress DONE/TOTAL [message]`, `progress N% [message]`, or a JSON object of `done`, `total` and `message`
/// and nothing else.
pub(super) fn parse(line: &str) -> Option<Progress> {
    let line = line.trim();
    if line.starts_with('{') {
        return json(line);
    }
    let rest = line.strip_prefix("progress ")?.trim_start();
    let (figure, message) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (done, total) = match figure.strip_suffix('%') {
        Some(percent) => (whole_percent(percent)?, 100),
        None => {
            let (done, total) = figure.split_once('/')?;
            (number(done)?, number(total)?)
        }
    };
    let message = message.trim();
    Some(Progress {
        done,
        total: Some(total),
        message: (!message.is_empty()).then(|| cut(message)),
    })
}

fn json(line: &str) -> Option<Progress> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Told {
        done: u64,
        total: Option<u64>,
        message: Option<String>,
    }
    let told: Told = serde_json::from_str(line).ok()?;
    Some(Progress {
        done: told.done,
        total: told.total,
        message: told.message.as_deref().map(cut),
    })
}

/// Digits alone: `+3` is no count.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// `40`, or `40` of `40.7`.
fn whole_percent(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    number(part)?;
    number(whole).filter(|percent| *percent <= 100)
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(done: u64, total: Option<u64>, message: Option<&str>) -> Option<Progress> {
        Some(Progress {
            done,
            total,
            message: message.map(Into::into),
        })
    }

    #[test]
    fn three_ways_to_tell_progress_are_understood() {
        for (line, progress) in [
            ("progress 3/10", told(3, Some(10), None)),
            (
                "progress 3/10 of the pages ",
                told(3, Some(10), Some("of the pages")),
            ),
            (
                "  progress  40%  reading",
                told(40, Some(100), Some("reading")),
            ),
            ("progress 40.7%", told(40, Some(100), None)),
            (r#"{"done":1}"#, told(1, None, None)),
            (
                r#"{"done":1,"total":3,"message":"x"}"#,
                told(1, Some(3), Some("x")),
            ),
        ] {
            assert_eq!(parse(line), progress, "{line}");
        }
    }

    #[test]
    fn other_lines_are_left_alone() {
        for line in [
            "",
            "progress",
            "progress is slow",
            "progress 3",
            "progress 3/",
            "progress -1/3",
            "progress +1/3",
            "progress 101%",
            "progress 99999999999999999999/3",
            "in progress 1/3",
            r#"{"level":"info","done":1}"#,
            r#"{"done":"1"}"#,
            "{",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let line = format!("progress 1/2 {}", "你".repeat(1000));
        let message = parse(&line).unwrap().message.unwrap();
        assert!(message.len() <= MAX_MESSAGE_BYTES && message.starts_with("你"));
    }
}
