//! A slow server is waited for with a sign of life, which leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use support::terminal::Terminal;
use support::{FakeServer, Sandbox, run};

#[test]
fn a_wait_is_shown_and_then_gone() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    server.holds(true);
    let Some(terminal) = Terminal::start(&sandbox, &server, "get llm -o name") else {
        return;
    };
    let waits = format!("waiting for {}", server.url());
    terminal.wait("the wait", |screen| screen.contains(&waits));
    server.holds(false);
    let screen = terminal.wait("the end", |screen| screen.contains("ended 0"));
    assert_eq!(screen.trim_end(), "llm/gpt\nllm/laptop\nended 0");
}

#[test]
fn no_wait_is_shown_to_a_script_or_where_quiet_is_wanted() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    server.holds(true);
    let mut piped = sandbox.at(&server, &["get", "llm", "--timeout", "600ms"]);
    let ran = run(&mut piped);
    assert_eq!(ran.code, Some(6));
    assert!(!ran.stderr.contains("waiting"), "{}", ran.stderr);

    let line = "get llm -q --timeout 600ms";
    let Some(terminal) = Terminal::start(&sandbox, &server, line) else {
        return;
    };
    let screen = terminal.wait("the end", |screen| {
        assert!(!screen.contains("waiting"), "{screen}");
        screen.contains("ended 6")
    });
    assert!(screen.contains("did not answer in time"), "{screen}");
}
