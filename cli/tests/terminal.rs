//! `chat-llm` in a real terminal: `tmux` holds one, and shows what a person would see.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use support::terminal::Terminal;
use support::{FakeServer, Sandbox};

fn at_prompt(screen: &str) -> bool {
    screen.ends_with("\n>")
}

#[test]
fn a_conversation_at_the_terminal() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let Some(terminal) = Terminal::start(&sandbox, &server, "chat-llm laptop") else {
        return;
    };
    let screen = terminal.wait("the header", at_prompt);
    insta::assert_snapshot!(screen.trim_end(), @"
    ────────────────────────────────────────
    LLM: laptop  ollama → llama3.2:3b
    Kind: virtual    Status: active
    ────────────────────────────────────────
    >
    ");

    terminal.press(&["hello?", "Enter"]);
    let screen = terminal.wait("the answer", |screen| {
        at_prompt(screen) && screen.contains("tokens: 5 in, 2 out")
    });
    assert!(
        screen.contains("> hello?\nyou said: hello?\nlaptop · "),
        "{screen}"
    );

    terminal.press(&["\"\"\"one", "Enter", "two\"\"\"", "Enter"]);
    terminal.wait("both lines", |screen| {
        at_prompt(screen) && screen.contains("you said: one\ntwo\n")
    });

    terminal.press(&["/mo", "Tab", "gp", "Tab", "Enter"]);
    terminal.wait("the other LLM", |screen| {
        at_prompt(screen) && screen.contains("LLM: gpt  openai → gpt-4o")
    });

    // Twice at an empty prompt leaves.
    terminal.press(&["C-c"]);
    terminal.wait("the warning", |screen| screen.contains("once more"));
    terminal.press(&["C-c"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
    let sent = server.asked();
    let last = sent
        .iter()
        .rfind(|asked| asked.path.ends_with("/infer"))
        .unwrap();
    assert!(
        last.body.contains("you said: hello?"),
        "the model sees what was said before"
    );
}

#[test]
fn ctrl_c_stops_the_answer_and_the_conversation_goes_on() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    server.put_llm("endless", "virtual", "active", "demo", "demo");
    let Some(terminal) = Terminal::start(&sandbox, &server, "chat-llm endless") else {
        return;
    };
    terminal.wait("the prompt", at_prompt);
    terminal.press(&["go", "Enter"]);
    terminal.wait("the status line", |screen| {
        screen
            .lines()
            .last()
            .is_some_and(|last| last.contains("tokens/s"))
    });
    terminal.press(&["C-c"]);
    let screen = terminal.wait("the prompt again", at_prompt);
    assert!(screen.contains("(stopped)\n>"), "{screen}");
    // Not only at the next question: the model must stop while the person thinks.
    assert!(server.wait_for_drop());
    terminal.press(&["C-d"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
}

#[test]
fn a_conversation_with_an_alias_says_who_is_behind_it() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let alias = serde_json::json!({"kind": "Alias", "metadata": {"name": "smart"},
        "spec": {"llms": ["laptop", "attic"], "policy": "least-busy"},
        "status": {"members": ["laptop"], "active": 1}});
    server.put("aliases", alias);
    let Some(terminal) = Terminal::start(&sandbox, &server, "chat-llm smart") else {
        return;
    };
    let screen = terminal.wait("the prompt", at_prompt);
    let header = "Alias: smart  least-busy → laptop,attic\nActive: 1/2\n";
    assert!(screen.contains(header), "{screen}");
    // A model id, too.
    terminal.press(&["/model gpt-4o", "Enter"]);
    terminal.wait("the pool", |screen| {
        screen.contains("Model: gpt-4o → gpt\nActive: 1/1\n") && at_prompt(screen)
    });
    terminal.press(&["C-d"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
}

#[test]
fn a_terminal_sees_thinking_and_no_control_sequences() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let ask = |llm: &str| {
        let args = format!("chat-llm {llm} -m hi </dev/null");
        let terminal = Terminal::start(&sandbox, &server, &args)?;
        // A cause may hold the word too.
        let screen = terminal.wait("the end", |screen| screen.contains("\nended "));
        Some(screen)
    };
    if let Some(screen) = ask("dirty") {
        assert!(screen.starts_with("abyou said: hi\nlaptop · "), "{screen}");
    }
    if let Some(screen) = ask("thinks") {
        assert!(
            screen.starts_with("let me think\n\nyou said: hi\n"),
            "{screen}"
        );
    }
    if let Some(screen) = ask("cut") {
        assert!(screen.contains("you said: hi\n"), "{screen}");
        assert!(screen.contains("error: the answer broke off") && screen.contains("ended 6"));
    }
}
