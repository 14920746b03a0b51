//! `top llm`: once into a pipe, live in a real terminal.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use insta::assert_snapshot;
use serde_json::{Value, json};
use support::terminal::Terminal;
use support::{FakeServer, Sandbox, run};

fn load(in_flight: u32) -> Value {
    json!({"at": "2026-11-21T09:30:00.000Z", "items": [
        {"llm": "gpt", "kind": "public", "phase": "active", "breaker": "open",
            "breakerUntil": "2026-11-21T09:34:12.000Z", "inFlight": 0, "queued": 0,
            "requests": 120, "errors": 3, "tokensOut": 900, "requestsPerSecond": 0.0,
            "tokensPerSecond": 0.0},
        {"llm": "laptop", "kind": "virtual", "phase": "active", "breaker": "closed",
            "inFlight": in_flight, "queued": 1, "requests": 4711, "errors": 0,
            "tokensOut": 90000, "requestsPerSecond": 0.34, "tokensPerSecond": 38.2,
            "p50Ms": 850, "p99Ms": 12400, "ttftP50Ms": 210}]})
}

fn setup() -> (Sandbox, FakeServer) {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    server.answers("/api/v1/load", load(2));
    (sandbox, server)
}

#[test]
fn a_pipe_gets_the_table_once() {
    let (sandbox, server) = setup();
    let top = |args: &[&str]| {
        let ran = run(&mut sandbox.at(&server, &[&["top", "llm"], args].concat()));
        ran.shown(Some(&server), &sandbox.home)
    };
    assert_snapshot!(top(&[]), @"
    exit 0
    NAME    KIND     PHASE   BREAKER     IN-FLIGHT  QUEUED  REQ/S  TOK/S  P50    P99  TTFT   REQUESTS  ERRORS
    gpt     public   active  open/4m12s  0          0       0      0      -      -    -      120       3
    laptop  virtual  active  closed      2          1       0.3    38     850ms  12s  210ms  4711      0
    ");
    assert_eq!(server.asked().len(), 1);
    assert_snapshot!(top(&["laptop", "--once", "--no-headers"]), @"
    exit 0
    laptop  virtual  active  closed  2  1  0.3  38  850ms  12s  210ms  4711  0
    ");
    assert_eq!(top(&["laptop", "-o", "name"]), "exit 0\nllm/laptop\n");
    assert_snapshot!(top(&["lpatop"]), @"
    exit 3
    --- stderr
    error: there is no LLM `lpatop`
    try: did you mean `laptop`?
    ");
    let ran = run(&mut sandbox.at(&server, &["top", "llm", "gpt", "-o", "json"]));
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["items"], json!([load(2)["items"][0]]));
}

#[test]
fn a_terminal_is_redrawn_in_place_and_given_back() {
    let (sandbox, server) = setup();
    let args = "top llm --interval 200ms";
    let Some(terminal) = Terminal::start_wide(&sandbox, &server, args, 110) else {
        return;
    };
    let screen = terminal.wait("the table", |screen| screen.contains("laptop"));
    let screen = screen.replace(&server.url(), "http://SERVER");
    assert_snapshot!(screen.trim_end(), @"
    mcpctl top llm  http://SERVER  every 200ms  q leaves
    2 LLMs, 2 active; 2 in flight, 1 queued; 0.3 req/s, 38 tok/s

    NAME    KIND     PHASE   BREAKER     IN-FLIGHT  QUEUED  REQ/S  TOK/S  P50    P99  TTFT   REQUESTS  ERRORS
    gpt     public   active  open/4m12s  0          0       0      0      -      -    -      120       3
    laptop  virtual  active  closed      2          1       0.3    38     850ms  12s  210ms  4711      0
    ");

    server.answers("/api/v1/load", load(7));
    terminal.wait("the new number", |screen| {
        screen.contains("7 in flight") && screen.matches("laptop").count() == 1
    });

    server.hangs_up(true);
    let screen = terminal.wait("the lost connection", |screen| {
        screen.contains("connection lost, trying again: the connection to http")
    });
    assert!(screen.contains("laptop"), "what was seen stays:\n{screen}");
    server.hangs_up(false);
    terminal.wait("the connection again", |screen| {
        screen.contains("7 in flight") && !screen.contains("lost")
    });

    terminal.resize(40);
    let screen = terminal.wait("the narrow table", |screen| {
        screen.contains("IN-FLIGHT") && !screen.contains("KIND")
    });
    assert!(screen.contains("PHASE"), "{screen}");

    terminal.press(&["q"]);
    let screen = terminal.wait("the end", |screen| screen.contains("ended 0"));
    assert_eq!(screen.trim(), "ended 0", "the screen from before is back");
    terminal.press(&["echo", "Enter"]);
    terminal.wait("an echo", |screen| screen.contains("echo"));
}

#[test]
fn every_end_gives_the_terminal_back() {
    let (sandbox, server) = setup();
    let start = || Terminal::start(&sandbox, &server, "top llm laptop --interval 200ms");
    let Some(terminal) = start() else {
        return;
    };
    terminal.wait("the table", |screen| screen.contains("laptop"));
    terminal.press(&["C-c"]);
    let screen = terminal.wait("the end", |screen| screen.contains("ended"));
    assert_eq!(screen.trim(), "ended 130");

    let terminal = start().unwrap();
    terminal.wait("the table", |screen| screen.contains("laptop"));
    // No answer that trying again would mend: the reason stands on the screen from before.
    server.answers("/api/v1/load", json!("nonsense"));
    let screen = terminal.wait("the end", |screen| screen.contains("ended"));
    assert!(
        screen.starts_with("error: the server's load can't be read\n")
            && screen.contains("ended 1"),
        "{screen}"
    );

    server.answers("/api/v1/load", load(2));
    let terminal = start().unwrap();
    terminal.wait("the table", |screen| screen.contains("laptop"));
    let pid = terminal.pid();
    let killed = std::process::Command::new("kill").arg(pid).status();
    assert!(killed.unwrap().success());
    let screen = terminal.wait("the end", |screen| screen.contains("ended"));
    assert_eq!(screen.trim(), "ended 130");
}
