//! What each part of Markdown looks like.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "test code: a failure is a panic"
)]

use markdown::{Line, Stream, Theme, code_blocks};

fn lines(text: &str, width: usize, theme: Theme) -> Vec<Line> {
    let mut stream = Stream::new(width, theme);
    let mut lines = stream.push(text).finished;
    lines.extend(stream.finish().finished);
    lines
}

/// The lines without colour, joined.
fn plain(text: &str, width: usize) -> String {
    let lines = lines(text, width, Theme::none()).into_iter();
    lines.map(|line| line.text).collect::<Vec<_>>().join("\n")
}

/// One line with its SGR sequences, `ESC` written as `^`.
fn coloured(text: &str) -> String {
    let lines = lines(text, 60, Theme::basic()).into_iter();
    let texts: Vec<_> = lines.map(|line| line.text).collect();
    texts.join("\n").replace('\u{1b}', "^")
}

/// What is unfinished after a piece.
fn unfinished(stream: &mut Stream, piece: &str) -> String {
    let rows = stream.push(piece).unfinished.into_iter();
    rows.map(|line| line.text).collect::<Vec<_>>().join("\n")
}

#[test]
fn emphasis_code_and_links() {
    assert_eq!(
        coloured("**a** *b* ***c*** ~~d~~ `e`"),
        "^[1ma^[0m ^[3mb^[0m ^[1;3mc^[0m ^[9md^[0m ^[36me^[0m"
    );
    assert_eq!(
        coloured("[x](http://y.z \"title\") <http://a.b>"),
        "^[4;36mx^[0m (^[2mhttp://y.z^[0m) ^[4;36mhttp://a.b^[0m"
    );
    assert_eq!(coloured("**a `b`**"), "^[1ma ^[0m^[1;36mb^[0m");
    assert_eq!(
        plain("[http://a.b](http://a.b) ![cat](c.png)", 60),
        "http://a.b cat (c.png)"
    );
}

#[test]
fn what_is_no_emphasis_stays_as_it_was_typed() {
    for text in [
        "2 * 3 * 4",
        "snake_case_name",
        "a ** b",
        "~1 ~2",
        "[a] (b)",
        "a *",
        "`a",
        "**a",
    ] {
        assert_eq!(plain(text, 60), text);
    }
    assert_eq!(plain("a\\*b\\* &lt;x&gt; &amp;nbsp", 60), "a*b* <x> &nbsp");
    assert_eq!(plain("**a*b**", 60), "a*b");
}

#[test]
fn headings_rules_and_quotes() {
    assert_eq!(coloured("# A\n## B"), "^[1;4;35mA^[0m\n^[1;35mB^[0m");
    assert_eq!(plain("## A\n#tag", 60), "## A\n#tag");
    assert_eq!(plain("***\n- - -\n", 8), "────────\n────────");
    assert_eq!(
        plain("> one two three four\n>\n> > deep\nout", 12),
        "│ one two\n│ three four\n│\n│ │ deep\nout"
    );
}

#[test]
fn lists_within_lists() {
    let text =
        "1. one\n   - a b c d e f g\n     text\n  * two in\n2) three\n- [ ] no\n- [x] yes\n\nafter";
    assert_eq!(
        plain(text, 14),
        "1. one\n   ◦ a b c d e\n     f g\n     text\n   ◦ two in\n2) three\n• [ ] no\n• [x] yes\n\nafter"
    );
    assert_eq!(
        plain("10. ten\n    more\n\n    still", 20),
        "10. ten\n    more\n\n    still"
    );
}

#[test]
fn code_stands_alone_as_it_was_written() {
    let text = "a:\n```rust\nlet x = 1;\n\n    **y**\n```\nb";
    assert_eq!(plain(text, 20), "a:\n\nlet x = 1;\n\n    **y**\n\nb");
    assert_eq!(
        coloured("```rust\nlet x = \"s\"; // c\n```"),
        "^[35mlet^[0m x = ^[32m\"s\"^[0m; ^[2m// c^[0m"
    );
    assert_eq!(coloured("```nosuch\nlet x\n```"), "let x");
    // A comment that goes on over lines: the state goes on too.
    assert_eq!(
        coloured("```c\n/* a\nb */\n```"),
        "^[2m/* a^[0m\n^[2mb */^[0m"
    );
    assert_eq!(plain("- x\n  ```\n  in\n  ```\n", 20), "• x\n\nin");
    assert_eq!(plain("~~~\n```\n~~~", 20), "```");
    let long = lines("```\nabcdefgh ij\n```", 8, Theme::none());
    assert_eq!((long[0].text.as_str(), long[0].goes_on), ("abcdefgh", true));
    assert_eq!((long[1].text.as_str(), long[1].goes_on), (" ij", false));
}

#[test]
fn tables_fit_the_width_or_become_records() {
    let text = "| Name | Count |\n|:-----|------:|\n| a | 1 |\n| `b|c` | 1,000 |\n\nafter";
    assert_eq!(
        plain(text, 40),
        "Name  │ Count\n──────┼──────\na     │     1\n`b|c` │ 1,000\n\nafter"
    );
    let wide = "| A | B |\n|---|---|\n| one two three four | x |\n";
    assert_eq!(
        plain(wide, 16),
        "A           │ B\n────────────┼───\none two     │ x\nthree four  │"
    );
    assert_eq!(
        plain("| A | B | C |\n|-|-|-|\n| one two | x | y |\n", 12),
        "A: one two\nB: x\nC: y"
    );
    assert_eq!(plain("| no | table |\ntext", 40), "| no | table |\ntext");
}

#[test]
fn wide_characters_and_control_characters() {
    assert_eq!(plain("你好世界 你好", 8), "你好世界\n你好");
    assert_eq!(
        plain("a\u{1b}[31mb\u{9b}2Jc\u{202e}d\r\n", 40),
        "a[31mb2Jcd"
    );
    let family = lines("👩‍👩‍👧 e\u{301}", 40, Theme::none());
    assert_eq!(
        (family[0].text.as_str(), family[0].width),
        ("👩‍👩‍👧 e\u{301}", 4)
    );
}

#[test]
fn what_is_open_is_shown_as_it_will_be() {
    let mut stream = Stream::new(40, Theme::none());
    assert_eq!(unfinished(&mut stream, "a **bo"), "a bo");
    assert_eq!(unfinished(&mut stream, "ld*"), "a bold");
    assert_eq!(unfinished(&mut stream, "* [li"), "a bold [li");
    assert_eq!(unfinished(&mut stream, "nk](http://x"), "a bold link");
    assert_eq!(unfinished(&mut stream, ".y)\n"), "");
    assert_eq!(unfinished(&mut stream, "``"), "");
    assert_eq!(unfinished(&mut stream, "`rust\nlet"), "\nlet");
    assert_eq!(unfinished(&mut stream, "\n``"), "");
    assert_eq!(unfinished(&mut stream, "`\n|a|\n|-|\n|b"), "\na\n──\nb");
}

#[test]
fn a_row_is_finished_when_the_next_word_has_no_room() {
    let mut stream = Stream::new(10, Theme::none());
    assert!(stream.push("one two th").finished.is_empty());
    let paint = stream.push("ree f");
    assert_eq!(paint.finished.len(), 1);
    assert_eq!(paint.finished[0].text, "one two");
    assert_eq!(paint.unfinished[0].text, "three f");
    stream.resize(30);
    assert_eq!(unfinished(&mut stream, "our"), "three four");
}

#[test]
fn blocks_of_code_are_found() {
    let text = "a\n```rust\nx\n\ny\n```\n> ```\n> z\n> ```\n~~~sh\nopen";
    let blocks = code_blocks(text);
    let told: Vec<_> = blocks
        .iter()
        .map(|b| (b.language.as_str(), b.text.as_str()))
        .collect();
    assert_eq!(told, [("rust", "x\n\ny\n"), ("", "z\n"), ("sh", "open\n")]);
}
