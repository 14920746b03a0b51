//! What holds for every text, however it comes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "test code: a failure is a panic"
)]

use markdown::{Line, Stream, Theme, width_of};
use proptest::prelude::*;

fn whole(text: &str, width: usize, theme: Theme) -> Vec<Line> {
    let mut stream = Stream::new(width, theme);
    let mut lines = stream.push(text).finished;
    lines.extend(stream.finish().finished);
    lines
}

fn in_pieces(text: &str, sizes: &[usize], width: usize, theme: Theme) -> Vec<Line> {
    let mut stream = Stream::new(width, theme);
    let (mut lines, mut rest, mut turn) = (Vec::new(), text, 0);
    while !rest.is_empty() {
        let size = sizes[turn % sizes.len()];
        turn += 1;
        let end = rest
            .char_indices()
            .nth(size)
            .map_or(rest.len(), |(at, _)| at);
        lines.extend(stream.push(&rest[..end]).finished);
        rest = &rest[end..];
    }
    lines.extend(stream.finish().finished);
    lines
}

/// The text of a line without its SGR sequences; panics at any other sequence.
fn bare(line: &Line) -> String {
    let mut bare = String::new();
    let mut rest = line.text.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        bare += &rest[..at];
        let sequence = rest[at..].strip_prefix("\u{1b}[").unwrap();
        let end = sequence.find('m').unwrap();
        assert!(
            sequence[..end]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b';')
        );
        rest = &sequence[end + 1..];
    }
    bare + rest
}

fn check(line: &Line, width: usize) {
    let bare = bare(line);
    let unwanted =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!bare.contains(unwanted), "{line:?}");
    assert!(line.width <= width, "{line:?} is wider than {width}");
    assert!(
        width_of(&bare) <= width,
        "{line:?} is {} wide, not {width}",
        width_of(&bare)
    );
    assert!(!line.text.contains('\u{1b}') || line.text.contains("\u{1b}[0m"));
}

/// Bits of Markdown that are put together in all ways.
fn bit() -> impl Strategy<Value = String> {
    let fixed = [
        "*",
        "**",
        "***",
        "_",
        "__",
        "~~",
        "`",
        "``",
        "```",
        "```rust\n",
        "~~~",
        "\n",
        "\n\n",
        " ",
        "  ",
        "    ",
        "\t",
        "- ",
        "* ",
        "+ ",
        "1. ",
        "23) ",
        "# ",
        "### ",
        "> ",
        ">",
        "| a | b |\n",
        "|---|:-:|\n",
        "| 1 | `x|y` |\n",
        "|",
        "---\n",
        "***\n",
        "[",
        "](",
        "](http://x.y/z)",
        ")",
        "!",
        "![",
        "\\",
        "\\*",
        "&",
        "&amp;",
        "&lt",
        "<",
        "<https://a.b>",
        "<br>",
        "[ ] ",
        "[x] ",
        "word",
        "a",
        "fn main() { let x = \"s\"; }",
        "你好，世界。",
        "👩‍👩‍👧",
        "👩",
        "\u{200d}",
        "\u{fe0f}",
        "e\u{301}",
        "\u{301}",
        "🇩🇪",
        "🇩",
        "क्षि",
        "\u{1b}[31m",
        "\u{1b}]0;t\u{7}",
        "\u{9b}2J",
        "\u{202e}",
        "\r\n",
        "\u{a0}",
        "supercalifragilisticexpialidocious",
        "https://example.com/a_b_c/d*e",
    ];
    prop_oneof![
        1 => fuzzing::odd_strings(),
        9 => proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => (proptest::sample::select(vec!["*", "`", "[", "x ", "你", "|", "-", "\u{301}"]), 1..1500_usize)
            .prop_map(|(text, times)| text.repeat(times)),
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(bit(), 0..40).prop_map(|bits| bits.concat())
}

fn theme() -> impl Strategy<Value = Theme> {
    proptest::sample::select(vec![Theme::none(), Theme::basic(), Theme::rich().dimmed()])
}

fuzzing::targets! {
    #![cases(48)]

    fn pieces_make_no_difference(
        text in text(), width in 1..60_usize, theme in theme(),
        sizes in proptest::collection::vec(1..60_usize, 1..6),
    ) {
        prop_assert_eq!(in_pieces(&text, &sizes, width, theme), whole(&text, width, theme));
    }

    fn no_line_is_too_wide_and_nothing_controls_the_terminal(
        text in text(), width in 4..60_usize, theme in theme(), size in 1..40_usize,
        other in 4..60_usize,
    ) {
        let mut stream = Stream::new(width, theme);
        let chars: Vec<char> = text.chars().collect();
        let pieces = chars.chunks(size).map(|piece| piece.iter().collect::<String>());
        let mut now = width;
        for (turn, piece) in pieces.enumerate() {
            let paint = stream.push(&piece);
            for line in paint.finished.iter().chain(&paint.unfinished) {
                check(line, now);
            }
            if turn % 7 == 6 {
                // What was full before is handed out before the next paint: at the old width.
                now = if now == width { other } else { width };
                stream.resize(now);
                for line in stream.paint().finished {
                    check(&line, width.max(other));
                }
            }
        }
        for line in stream.finish().finished {
            check(&line, now);
        }
    }
}

/// Pieces of a token's size cost the same at the end of a long answer as at its beginning.
#[test]
fn a_piece_costs_the_same_however_long_the_answer_is() {
    let kinds = [
        "plain words without an end, ",
        "**open emphasis that nobody closes ",
        "`code that nobody closes ",
        "[a link [that [nobody [closes ",
        "- item\n",
        "| a | cell |\n",
        "* _ ` [ ~~ ** __ ",
        "你好世界",
        "> quote\n",
        "x*y*z**a_b_",
    ];
    for opening in ["", "```\n", "| a | b |\n|---|---|\n", "# "] {
        for kind in kinds {
            let mut stream = Stream::new(80, Theme::basic());
            stream.push(opening);
            let mut dearest = 0;
            for _ in 0..600 {
                let before = stream.work();
                stream.push(kind);
                dearest = dearest.max(stream.work() - before);
            }
            // Forty rows of a table are the most that is painted again; the answer is longer than all that is held back.
            assert!(dearest < 20_000, "{opening:?} {kind:?}: {dearest}");
        }
    }
}
