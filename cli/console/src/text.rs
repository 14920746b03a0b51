//! Texts as they fit into cells: cut, padded and wrapped by what they take on the screen.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` on one line of at most `cells`, with `…` where it was longer.
pub(crate) fn cut(text: &str, cells: usize) -> String {
    let text = visible(&text.replace(['\n', '\t'], " "));
    if width(&text) <= cells {
        return text;
    }
    let mut kept = head(&text, cells.saturating_sub(1)).to_owned();
    if cells > 0 {
        kept.push('…');
    }
    kept
}

/// The same, its end kept: ids that were made one after the other differ there.
pub(crate) fn cut_start(text: &str, cells: usize) -> String {
    let text = cut(text, usize::MAX);
    let mut kept = text.as_str();
    while width(kept) > cells.saturating_sub(1) && width(&text) > cells {
        let mut letters = kept.graphemes(true);
        letters.next();
        kept = letters.as_str();
    }
    if kept.len() < text.len() && cells > 0 {
        return format!("…{kept}");
    }
    kept.to_owned()
}

/// `text` in lines of at most `cells`; its own line ends stay, what continues is indented as its
/// line.
pub(crate) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let line = visible(&line.replace('\t', "    "));
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let indent = " ".repeat(if spaces + 12 > cells { 0 } else { spaces });
        let mut rest = line.as_str();
        let mut begun = String::new();
        while width(&begun) + width(rest) > cells {
            let part = head(rest, cells - width(&begun));
            if part.is_empty() {
                break;
            }
            // Between words, where that leaves no large gap.
            let word = part.rfind(' ').filter(|at| *at > part.len() / 2);
            let end = word.map_or(part.len(), |at| at + 1);
            lines.push((begun + &rest[..end]).trim_end_matches(' ').to_owned());
            rest = &rest[end..];
            begun = indent.clone();
        }
        lines.push(begun + rest);
    }
    lines
}

/// What moves no cursor and turns no direction. Whoever brought the text has cleaned it of whole
/// sequences; this is for the one that forgot.
fn visible(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = text.chars().filter(|c| !c.is_control() && !turns(*c));
    kept.collect()
}

/// The longest beginning of `text` that takes at most `cells`; at least one letter where there is
/// room for any, so that whoever cuts goes on.
fn head(text: &str, cells: usize) -> &str {
    let (mut used, mut end) = (0, 0);
    for letter in text.graphemes(true) {
        used += width(letter);
        if used > cells && (end > 0 || cells == 0 || used > cells.max(2)) {
            break;
        }
        end += letter.len();
    }
    &text[..end]
}

/// 12000 as `12,000`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_cut_between_and_never_within() {
        assert_eq!(cut("你好世界", 5), "你好…");
        assert_eq!(cut("你好世界", 4), "你…");
        assert_eq!(cut("👩‍👩‍👧 x", 4), "👩‍👩‍👧 x");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc\nd", 4), "abc…");
        assert_eq!(cut_start("abcdef", 4), "…def");
        assert_eq!(cut_start("abcdef", 6), "abcdef");
        assert_eq!(cut_start("a你好", 4), "…好");
        assert_eq!(cut_start("abc", 0), "");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut("a\u{1b}b\u{202e}c", 9), "abc");
    }

    #[test]
    fn a_long_line_goes_on_below_itself() {
        assert_eq!(wrap("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrap("  abcdefghijklmn", 14), ["  abcdefghijkl", "  mn"]);
        assert_eq!(wrap("one two three", 9), ["one two", "three"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(wrap("你好", 3), ["你", "好"]);
        assert_eq!(wrap("你", 1), ["你", ""]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 12_000, 1_234_567].map(count),
            ["0", "999", "12,000", "1,234,567"]
        );
    }
}
