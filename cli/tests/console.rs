//! `console`: the live view in a real terminal.

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

fn llm(name: &str, phase: &str) -> Value {
    json!({"kind": "Llm", "metadata": {"name": name, "owner": "alice",
            "createdAt": "2020-01-01T00:00:00.000Z"},
        "spec": {"kind": "virtual", "type": "ollama", "model": "llama3.2:3b"},
        "status": {"phase": phase, "inFlight": 0, "queued": 0}})
}

fn setup() -> (Sandbox, FakeServer) {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let event = |name: &str, data: &Value| format!("event: {name}\ndata: {data}\n\n");
    let mut dirty = llm("laptop", "active");
    dirty["spec"]["model"] = "llama\u{1b}[31m\u{1b}]0;title\u{7}\u{202e}3".into();
    let events = [
        event("added", &dirty),
        event("added", &llm("nowhere", "inactive")),
        event("synced", &json!({})),
    ];
    server.watch_events(&events.each_ref().map(String::as_str));
    let load = json!({"llm": "laptop", "kind": "virtual", "phase": "active", "breaker": "closed",
        "inFlight": 2, "queued": 1, "requests": 9, "errors": 0, "tokensOut": 90,
        "requestsPerSecond": 0.3, "tokensPerSecond": 38.2});
    server.answers(
        "/api/v1/load",
        json!({"at": "2026-11-21T09:30:00.000Z", "items": [load]}),
    );
    (sandbox, server)
}

fn has_rows(screen: &str) -> bool {
    screen.contains("> laptop") && screen.contains("2 running")
}

#[test]
fn rows_are_seen_keys_are_answered_and_the_terminal_is_given_back() {
    let (sandbox, server) = setup();
    let Some(terminal) = Terminal::start_wide(&sandbox, &server, "console", 80) else {
        return;
    };
    let screen = terminal.wait("the rows", has_rows);
    let screen = screen.replace(&server.url(), "http://SERVER");
    let screen = screen.lines().take(6).collect::<Vec<_>>().join("\n");
    // A model's name moves no cursor.
    assert!(screen.contains("llama3"), "{screen}");
    assert_snapshot!(screen.split_once('\n').unwrap().1, @"
    1 llm 2 publishers 3 jobs 4 usage 5 requests 6 alias 7 price 8 secret 9 token
     llm 2 ─────────────────────────────────────────────────────────────────────────
      NAME     STATUS    TYPE    MODEL        RUN  WAIT  TOK/S  PUBLISHER
    > laptop   active    ollama  llama3         2     1     38  alice
      nowhere  inactive  ollama  llama3.2:3b    0     0      -  alice
    ");

    terminal.press(&["d"]);
    terminal.wait("all fields", |screen| screen.contains("  createdAt: "));
    terminal.press(&["Escape"]);
    terminal.wait("the table", has_rows);
    terminal.press(&["/", "now"]);
    terminal.wait("what fits", |screen| {
        screen.contains("> nowhere") && !screen.contains("laptop")
    });
    terminal.press(&["C-u", "Enter", "Tab"]);
    terminal.wait("the next view", |screen| screen.contains("alice/-"));
    terminal.resize(38);
    terminal.wait("too small", |screen| screen.contains("too small: 38x14"));
    terminal.resize(80);
    terminal.wait("the view again", |screen| screen.contains("alice/-"));
    terminal.press(&["C-z"]);
    terminal.wait("a refusal", |screen| {
        screen.contains("no shell could bring it back")
    });

    terminal.press(&["q"]);
    let screen = terminal.wait("the end", |screen| screen.contains("ended"));
    assert_eq!(screen.trim(), "ended 0", "the screen from before is back");
    terminal.press(&["echo", "Enter"]);
    terminal.wait("an echo", |screen| screen.contains("echo"));
}

#[test]
fn a_server_that_goes_away_comes_back_by_itself() {
    let (sandbox, server) = setup();
    let Some(terminal) = Terminal::start_wide(&sandbox, &server, "console", 80) else {
        return;
    };
    terminal.wait("the rows", has_rows);
    terminal.press(&["v"]);
    server.hangs_up(true);
    let screen = terminal.wait("the lost connection", |screen| {
        screen.contains("connection lost") && screen.contains("trying again")
    });
    assert!(
        screen.contains("> laptop"),
        "what was seen stays:\n{screen}"
    );
    // Keys are answered all the same.
    terminal.press(&["j"]);
    terminal.wait("the next row", |screen| screen.contains("> nowhere"));
    server.hangs_up(false);
    terminal.wait("the connection again", |screen| {
        screen.contains("connection back") && !screen.contains("trying again")
    });
    terminal.press(&["C-c"]);
    let screen = terminal.wait("the end", |screen| screen.contains("ended"));
    assert_eq!(screen.trim(), "ended 130");
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let (sandbox, server) = setup();
    for (signal, exit) in [("TERM", 143), ("HUP", 143), ("INT", 130)] {
        let Some(terminal) = Terminal::start_wide(&sandbox, &server, "console", 80) else {
            return;
        };
        terminal.wait("the rows", has_rows);
        let pid = terminal.pid();
        let kill = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status();
        assert!(kill.unwrap().success());
        let screen = terminal.wait("the end", |screen| screen.contains("ended"));
        assert_eq!(screen.trim(), format!("ended {exit}"), "{signal}");
        terminal.press(&["echo", "Enter"]);
        terminal.wait("an echo", |screen| screen.contains("echo"));
    }
}

#[test]
fn it_ends_with_its_terminal() {
    let (sandbox, server) = setup();
    let Some(terminal) = Terminal::start_wide(&sandbox, &server, "console", 80) else {
        return;
    };
    terminal.wait("the rows", has_rows);
    let process = format!("/proc/{}", terminal.pid());
    let process = std::path::Path::new(&process);
    if !process.exists() {
        eprintln!("SKIPPED: no /proc, the end with the terminal was NOT tested");
        return;
    }
    drop(terminal);
    // As long as a screen may take, on a busy machine.
    for _ in 0..400 {
        if !process.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it runs on without a terminal");
}

#[test]
fn what_is_deleted_was_confirmed_and_what_became_of_it_is_told() {
    let (sandbox, server) = setup();
    let Some(terminal) = Terminal::start_wide(&sandbox, &server, "console", 80) else {
        return;
    };
    terminal.wait("the rows", has_rows);
    let deleted = || server.asked().iter().any(|asked| asked.method == "DELETE");
    terminal.press(&["C-d"]);
    terminal.wait("the question", |screen| {
        screen.contains("Delete llm/laptop?")
    });
    terminal.press(&["n"]);
    terminal.wait("a no", |screen| screen.contains("llm/laptop stays"));
    assert!(!deleted());
    terminal.press(&["C-d", "y"]);
    terminal.wait("the end of it", |screen| {
        screen.contains("llm/laptop deleted")
    });
    assert!(deleted());
    terminal.press(&["C-d", "y"]);
    terminal.wait("why not", |screen| {
        screen.contains("there is no Llm `laptop`")
    });
    terminal.press(&["q"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
}

#[test]
fn a_conversation_has_the_terminal_for_a_while() {
    let (sandbox, server) = setup();
    let Some(terminal) = Terminal::start_wide(&sandbox, &server, "console", 80) else {
        return;
    };
    terminal.wait("the rows", has_rows);
    terminal.press(&["c"]);
    terminal.wait("the prompt", |screen| screen.ends_with("\n>"));
    terminal.press(&["hello?", "Enter"]);
    // Only at the prompt is Ctrl-D the end of the conversation.
    terminal.wait("the answer", |screen| {
        screen.contains("you said: hello?") && screen.ends_with("\n>")
    });
    terminal.press(&["C-d"]);
    terminal.wait("the rows again", has_rows);
    // One that can't be had says why, for as long as it takes to read it.
    terminal.press(&["j", "c"]);
    terminal.wait("why not", |screen| {
        screen.contains("error: there is no LLM, alias or model id `nowhere`")
            && screen.contains("Press a key")
    });
    terminal.press(&["j"]);
    terminal.wait("the rows again", |screen| screen.contains("> nowhere"));
    terminal.press(&["q"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
}

#[test]
fn the_log_of_a_job_comes_as_it_is_told() {
    let (sandbox, server) = setup();
    let id = server
        .jobs()
        .put(json!({"kind": "llm.chat", "status": "running"}));
    let Some(terminal) = Terminal::start_wide(&sandbox, &server, "console jobs", 80) else {
        return;
    };
    terminal.wait("the job", |screen| screen.contains(&format!("> {id}")));
    terminal.press(&["l"]);
    let screen = terminal.wait("its end", |screen| screen.contains("\ndone\n"));
    let log = "running on built-in\n1 of 2\nhello\nthere\ndone\n";
    assert!(screen.contains(log), "{screen}");
    terminal.press(&["x"]);
    terminal.wait("what became of it", |screen| screen.contains("taken back"));
    terminal.press(&["q"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
}

#[test]
fn it_needs_a_terminal_and_a_view_that_there_is() {
    let (sandbox, server) = setup();
    let shown =
        |args: &[&str]| run(&mut sandbox.at(&server, args)).shown(Some(&server), &sandbox.home);
    assert_snapshot!(shown(&["console"]), @"
    exit 1
    --- stderr
    error: the console needs a terminal
    cause: stdin or stdout is not a terminal
    try: `mcpctl get llm -w` prints changes as lines
    ");
    assert_snapshot!(shown(&["console", "lmm"]), @"
    exit 2
    --- stderr
    error: invalid value 'lmm' for '[VIEW]'
      [possible values: llm, publishers, jobs, usage, requests, alias, price, secret, token]

      tip: a similar value exists: 'llm'

    For more information, try '--help'.
    ");
    assert!(server.asked().is_empty());
}
