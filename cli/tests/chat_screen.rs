//! A conversation as its screen shows it: what is painted while an answer comes, and what stays.

#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod support;

use std::sync::mpsc::Sender;

use insta::assert_snapshot;
use support::pty::Screen;
use support::terminal::Terminal;
use support::{FakeServer, Sandbox, run};

const ANSWER: &str = "\
# Numbers

Some **bold** words and `code`, and enough of them that they need more than one row.

1. one
   - nested, with 中文 in it

```rust
fn add(a: u32, b: u32) -> u32 { a + b } // the sum of both
```

| Name | Count |
|------|------:|
| a | 1 |

Done.
";

/// The screen without what differs from run to run.
fn masked(text: &str) -> String {
    let lines = text
        .trim_end()
        .lines()
        .map(|line| match line.find("laptop · ") {
            Some(0) => "laptop · (counts)",
            _ => line.trim_end(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

fn send(script: &Sender<String>, text: &str) {
    let chars: Vec<char> = text.chars().collect();
    for piece in chars.chunks(3) {
        script.send(piece.iter().collect()).unwrap();
    }
}

/// A conversation whose first question is answered by the script.
fn asked(size: (u16, u16), args: &[&str]) -> (Sandbox, FakeServer, Sender<String>, Screen) {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let script = server.script();
    let args = [&["chat-llm", "scripted"], args].concat();
    let screen = Screen::start(&sandbox, &server, &args, size, &[]);
    screen.wait_for_prompt();
    screen.enter("tell me");
    (sandbox, server, script, screen)
}

fn conversation(size: (u16, u16), environment: &[(&str, &str)]) -> (Sandbox, FakeServer, Screen) {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let screen = Screen::start(
        &sandbox,
        &server,
        &["chat-llm", "laptop"],
        size,
        environment,
    );
    screen.wait_for_prompt();
    (sandbox, server, screen)
}

/// Waits until an answer is over.
fn answered(screen: &Screen) -> String {
    screen.wait("the end of the answer", |text| {
        text.contains("tokens: ") && text.ends_with("\n>")
    })
}

#[test]
fn an_answer_is_rendered_while_it_comes() {
    let (_sandbox, _server, script, screen) = asked((24, 80), &[]);
    let (first, rest) = ANSWER.split_at(ANSWER.find("both").unwrap());
    send(&script, first);
    let text = screen.wait("the code", |text| {
        text.contains("// the sum of \nlaptop · ")
    });
    assert_snapshot!(masked(&text), @"
    ────────────────────────────────────────
    LLM: scripted  demo → demo
    Kind: virtual    Status: active
    ────────────────────────────────────────
    > tell me
    Numbers

    Some bold words and code, and enough of them that they need more than one row.

    1. one
       ◦ nested, with 中文 in it

    fn add(a: u32, b: u32) -> u32 { a + b } // the sum of
    laptop · (counts)
    ");
    send(&script, rest);
    drop(script);
    let text = answered(&screen);
    assert_snapshot!(masked(&text), @"
    ────────────────────────────────────────
    LLM: scripted  demo → demo
    Kind: virtual    Status: active
    ────────────────────────────────────────
    > tell me
    Numbers

    Some bold words and code, and enough of them that they need more than one row.

    1. one
       ◦ nested, with 中文 in it

    fn add(a: u32, b: u32) -> u32 { a + b } // the sum of both

    Name │ Count
    ─────┼──────
    a    │     1

    Done.
    laptop · (counts)
    >
    ");
    screen.look(|screen| {
        let cell = |row, column| screen.cell(row, column).unwrap();
        assert!(cell(5, 0).bold() && cell(5, 0).underline(), "the heading");
        assert!(cell(7, 5).bold() && !cell(7, 11).bold(), "the bold word");
        assert_eq!(cell(12, 0).fgcolor(), vt100::Color::Idx(5), "a keyword");
    });
}

#[test]
fn a_small_terminal_shows_the_same_and_scrolls() {
    let (_sandbox, _server, script, screen) = asked((20, 40), &[]);
    send(&script, ANSWER);
    drop(script);
    let text = answered(&screen);
    assert_snapshot!(masked(&text), @"
    > tell me
    Numbers

    Some bold words and code, and enough of
    them that they need more than one row.

    1. one
       ◦ nested, with 中文 in it

    fn add(a: u32, b: u32) -> u32 { a + b } // the sum of both

    Name │ Count
    ─────┼──────
    a    │     1

    Done.
    laptop · (counts)
    >
    ");
    // A copy by mouse gets the line of code as it was.
    screen.look(|screen| {
        let rows: Vec<String> = screen.rows(0, 40).collect();
        let code = rows
            .iter()
            .position(|row| row.starts_with("fn add"))
            .unwrap();
        assert!(screen.row_wrapped(u16::try_from(code).unwrap()));
    });
}

#[test]
fn an_answer_outlives_a_change_of_the_size() {
    let (_sandbox, _server, script, screen) = asked((24, 80), &[]);
    let words = "one two three four five six seven eight nine ten eleven twelve";
    send(&script, words);
    screen.wait("the words", |text| text.contains("twelve\nlaptop"));
    screen.resize(24, 40);
    send(&script, " thirteen fourteen\n\nlast");
    let text = screen.wait("the narrow answer", |text| text.contains("\nlast\nlaptop"));
    assert_eq!(text.matches("one two").count(), 1, "{text}");
    screen.resize(10, 60);
    send(&script, " word");
    screen.wait("the last word", |text| text.contains("\nlast word\nlaptop"));
    drop(script);
    let text = answered(&screen);
    assert!(
        text.contains("thirteen fourteen\n\nlast word\nlaptop · "),
        "{text}"
    );
}

#[test]
fn ctrl_c_stops_the_answer_and_not_the_conversation() {
    let (_sandbox, server, script, mut screen) = asked((24, 80), &[]);
    send(&script, "words that go **on");
    screen.wait("the words", |text| {
        text.contains("words that go on\nlaptop")
    });
    screen.press("not echoed");
    screen.press("\u{3}");
    let text = screen.wait("the prompt", |text| text.contains("(stopped)\n>"));
    assert!(text.contains("\nwords that go **on\nlaptop · "), "{text}");
    // The model stops while the person thinks.
    while script.send(".".into()).is_ok() {}
    assert!(server.wait_for_drop());
    screen.press("\u{3}");
    screen.wait("the warning", |text| text.contains("once more"));
    screen.press("\u{3}");
    assert!(screen.end().success());
}

#[test]
fn thinking_is_dim_or_hidden_and_counted() {
    let thought = |text: &str| serde_json::json!({"reasoning_content": text}).to_string();
    let (_sandbox, _server, script, screen) = asked((24, 80), &[]);
    script.send(thought("hm, *so*")).unwrap();
    screen.wait("the thought", |text| text.contains("hm, so\nlaptop"));
    screen.look(|screen| assert!(screen.cell(5, 0).unwrap().dim()));
    send(&script, "yes");
    drop(script);
    let text = answered(&screen);
    assert!(
        text.contains("> tell me\nhm, so\n\nyes\nlaptop · "),
        "{text}"
    );
    screen.look(|screen| assert!(!screen.cell(7, 0).unwrap().dim()));

    let (_sandbox, _server, script, screen) = asked((24, 80), &["--hide-thinking"]);
    script.send(thought("hm")).unwrap();
    screen.wait("the count", |text| {
        let count = text.split("laptop · thinking... ").nth(1);
        let seconds = count.and_then(|count| count.split_once(" s"));
        seconds.is_some_and(|(number, _)| number.parse::<u32>().is_ok())
    });
    send(&script, "yes");
    drop(script);
    let text = answered(&screen);
    assert!(text.contains("> tell me\nyes\nlaptop · "), "{text}");
}

#[test]
fn without_colour_nothing_is_coloured_and_raw_is_as_it_was_written() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let args = ["chat-llm", "laptop", "-m", "**a** `b`"];
    let mut screen = Screen::start(&sandbox, &server, &args, (10, 60), &[("NO_COLOR", "1")]);
    screen.end();
    let text = screen.wait("the answer", |text| text.contains("tokens: 5 in"));
    assert!(text.starts_with("you said: a `b`\n"), "{text}");
    screen.look(|screen| {
        for column in 0..60 {
            let cell = screen.cell(0, column).unwrap();
            assert!(cell.fgcolor() == vt100::Color::Default && !cell.bold());
        }
    });
    for raw in ["--raw", "--no-markdown"] {
        let args = [&args[..], &[raw]].concat();
        let screen = Screen::start(&sandbox, &server, &args, (10, 60), &[]);
        let text = screen.wait("the answer", |text| text.contains("tokens: 5 in"));
        assert!(text.starts_with("you said: **a** `b`\n"), "{text}");
    }
}

#[test]
fn conversations_are_kept_loaded_listed_and_deleted() {
    let (sandbox, server, screen) = conversation((24, 60), &[]);
    screen.enter("what is **this**?");
    screen.wait("the answer", |text| {
        text.contains("you said: what is this?") && text.ends_with("\n>")
    });
    screen.enter("/save");
    screen.wait("the name", |text| text.contains("Saved as what-is-this\n>"));
    screen.enter("/save talk");
    screen.wait("the other name", |text| text.contains("Saved as talk\n>"));
    screen.enter("/clear");
    screen.enter("/list");
    screen.wait("the list", |text| {
        text.contains("talk ") && text.contains("1 asked  laptop: what is **this**?")
    });
    screen.enter("/load tlak");
    screen.wait("the near miss", |text| {
        text.contains("try: did you mean `talk`?\n>")
    });
    screen.press("\u{c}");
    screen.wait("an empty screen", |text| text.trim_end() == ">");
    screen.enter("/load talk");
    let text = screen.wait("the history", |text| {
        text.contains("Loaded talk: 2 messages\n>")
    });
    assert!(
        text.contains("\n> what is **this**?\nyou said: what is this?\n"),
        "{text}"
    );
    screen.enter("/delete talk");
    screen.wait("the end of it", |text| text.contains("Deleted talk\n>"));

    let kept = sandbox.home.join("conversations/what-is-this.json");
    let meta = std::fs::metadata(&kept).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777,
        0o600
    );
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    assert_eq!(
        (&kept["version"], &kept["model"]),
        (&1.into(), &"laptop".into())
    );
    drop(screen);

    let args = ["chat-llm", "laptop", "--continue"];
    let screen = Screen::start(&sandbox, &server, &args, (24, 60), &[]);
    let text = screen.wait_for_prompt();
    assert!(
        text.contains("> what is **this**?\nyou said: what is this?\n>"),
        "{text}"
    );
}

#[test]
fn files_go_with_the_next_message() {
    let (sandbox, server, screen) = conversation((24, 70), &[]);
    sandbox.file("note.txt", "inside\n");
    sandbox.file("binary", "a\0b");
    screen.press("/file no");
    screen.press("\t");
    screen.wait("the completed path", |text| text.contains("/file note.txt"));
    screen.press("\r");
    screen.wait("what is attached", |text| {
        text.contains("note.txt (1 line, 7 bytes)\n>")
    });
    screen.enter("/file binary");
    screen.wait("the refusal", |text| {
        text.contains("it is neither text nor an image")
    });
    screen.enter("explain");
    screen.wait("the answer", |text| {
        text.contains("you said: <file name=\"note.txt\">") && text.ends_with("\n>")
    });
    let sent = server.asked();
    let last = sent
        .iter()
        .rfind(|asked| asked.path.ends_with("/infer"))
        .unwrap();
    let sent: serde_json::Value = serde_json::from_str(&last.body).unwrap();
    assert_eq!(
        sent["messages"][0]["content"],
        "<file name=\"note.txt\">\ninside\n</file>\n\nexplain"
    );
}

#[test]
fn tab_offers_what_fits() {
    let (_sandbox, _server, screen) = conversation((24, 80), &[]);
    screen.press("/s");
    screen.press("\t");
    let text = screen.wait("the menu", |text| text.contains("keep the conversation"));
    for offered in ["/system", "/set", "/show", "/save"] {
        assert!(text.contains(offered), "{text}");
    }
    screen.press("\u{3}");
    screen.wait_for_prompt();
    screen.press("/set thi");
    screen.press("\t");
    screen.press("of");
    screen.press("\t");
    screen.wait("the setting", |text| {
        text.trim_end().ends_with("> /set thinking off")
    });
    screen.press("\r");
    screen.wait("the change", |text| text.contains("thinking: off\n>"));
}

#[test]
fn many_lines_and_wide_characters_are_edited_right() {
    let (_sandbox, server, screen) = conversation((24, 40), &[]);
    screen.press("one\\\r");
    screen.press("two\u{1b}\r");
    screen.enter("three");
    screen.wait("three lines", |text| {
        text.contains("you said: one\ntwo\nthree\n") && text.ends_with("\n>")
    });
    screen.paste("a \\\nb\n");
    screen.wait("the pasted lines", |text| text.contains("> a \\\n. b\n"));
    screen.press("\u{7f}\r");
    screen.wait("the pasted answer", |text| {
        text.contains("you said: a \\\nb\n") && text.ends_with("\n>")
    });
    // 你好世界: back over one, another taken out.
    screen.press("你好世界\u{1b}[D\u{7f}");
    screen.wait("the edited word", |text| {
        text.trim_end().ends_with("> 你好界")
    });
    screen.press("\r");
    screen.wait("its answer", |text| {
        text.contains("you said: 你好界\n") && text.ends_with("\n>")
    });
    // What was typed before is offered; the end of the line takes it.
    screen.press("你好");
    screen.wait("the hint", |text| text.trim_end().ends_with("> 你好界"));
    screen.press("\u{1b}[F\r");
    screen.wait("the same again", |text| {
        text.matches("you said: 你好界\n").count() == 2
    });
    let infers = server.asked().into_iter();
    assert_eq!(
        infers
            .filter(|asked| asked.path.ends_with("/infer"))
            .count(),
        4
    );
}

#[test]
fn a_dumb_terminal_reads_line_by_line() {
    let (_sandbox, _server, mut screen) = conversation((24, 80), &[("TERM", "dumb")]);
    screen.enter("**hi**");
    screen.wait("the answer", |text| text.contains("\nyou said: **hi**\n>"));
    screen.enter("\"\"\"one");
    screen.enter("two\"\"\"");
    screen.wait("both lines", |text| text.contains("you said: one\ntwo\n>"));
    screen.enter("/exit");
    assert!(screen.end().success());
}

#[test]
fn an_answer_can_be_asked_again_taken_back_and_copied() {
    let (_sandbox, server, screen) = conversation((24, 80), &[]);
    screen.enter("first");
    screen.wait("an answer", |text| {
        text.contains("you said: first") && text.ends_with("\n>")
    });
    screen.enter("/retry");
    screen.wait("another", |text| {
        text.matches("you said: first").count() == 2 && text.ends_with("\n>")
    });
    screen.enter("/copy code");
    screen.wait("no code", |text| {
        text.contains("the last answer has no code block")
    });
    screen.enter("/copy");
    screen.wait("the copy", |text| text.contains("Copied the answer"));
    screen.enter("/undo");
    screen.wait("the rest", |text| {
        text.contains("Took back 1 question; 0 messages are left")
    });
    screen.enter("/show");
    screen.wait("the sums", |text| {
        text.contains("tokens:      10 in, 4 out in 2 answers")
    });
    screen.enter("/hepl");
    screen.wait("the near miss", |text| {
        text.contains("did you mean `/help`?")
    });
    let infers: Vec<_> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.path.ends_with("/infer"))
        .collect();
    assert_eq!(infers[0].body, infers[1].body, "the answer was replaced");
}

#[test]
fn a_message_is_written_in_the_own_editor() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let editor = "#!/bin/sh\ncat \"$1\" >seen; printf 'from the\\neditor\\n' >\"$1\"\n";
    let editor = sandbox.file("editor.sh", editor);
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).unwrap();
    let server = FakeServer::start();
    let environment = [("EDITOR", editor.to_str().unwrap())];
    let args = ["chat-llm", "laptop"];
    let screen = Screen::start(&sandbox, &server, &args, (24, 60), &environment);
    screen.wait_for_prompt();
    screen.enter("/edit a draft");
    screen.wait("the text", |text| text.contains("> from the\n. editor"));
    let seen = std::fs::read_to_string(sandbox.home.join("seen")).unwrap();
    assert_eq!(seen, "a draft");
    screen.press("\r");
    answered(&screen);
    screen.press("by key");
    screen.press("\u{f}");
    screen.wait("the text again", |text| {
        text.matches("> from the\n. editor").count() == 2
    });
    let seen = std::fs::read_to_string(sandbox.home.join("seen")).unwrap();
    assert_eq!(seen, "by key");
}

#[test]
fn an_editor_that_is_not_there_ends_nothing() {
    let environment = [("EDITOR", "/nowhere/editor")];
    let (_sandbox, _server, screen) = conversation((24, 60), &environment);
    screen.enter("/edit");
    screen.wait("the reason", |text| {
        text.contains("/nowhere/editor can't be started") && text.ends_with("\n>")
    });
    screen.enter("hi");
    assert!(answered(&screen).contains("you said: hi"));
}

#[test]
fn a_terminal_that_breaks_rows_anew_shows_nothing_twice() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let script = server.script();
    let Some(terminal) = Terminal::start(&sandbox, &server, "chat-llm scripted") else {
        return;
    };
    terminal.wait("the prompt", |screen| screen.ends_with("\n>"));
    terminal.press(&["go", "Enter"]);
    let words = "one two three four five six seven eight nine ten eleven twelve";
    send(&script, words);
    terminal.wait("the words", |screen| screen.contains("twelve\nlaptop"));
    terminal.resize(30);
    send(&script, " thirteen");
    let wanted =
        "one two three four five six\nseven eight nine ten eleven\ntwelve thirteen\nlaptop";
    let screen = terminal.wait("the narrow answer", |screen| screen.contains(wanted));
    assert_eq!(screen.matches("one two").count(), 1, "{screen}");
    drop(script);
    terminal.wait("the end", |screen| {
        screen.contains("tokens: ~") && screen.ends_with("\n>")
    });
}

#[test]
fn continue_needs_a_terminal_and_a_conversation() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "laptop", "--continue"]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("stdin is no terminal"), "{ran:?}");
    let args = ["chat-llm", "laptop", "--continue"];
    let mut screen = Screen::start(&sandbox, &server, &args, (10, 60), &[]);
    screen.wait("the reason", |text| {
        text.contains("there is no conversation to continue")
    });
    assert_eq!(screen.end().code(), Some(3));
}
