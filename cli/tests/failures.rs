//! What holds for every way to fail: a closed pipe is no failure, and a token shows nowhere. What each
//! failure says stands in `error_table.rs`.

#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod support;

use support::{FakeServer, Sandbox, run};

#[test]
fn a_closed_pipe_ends_quietly() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    for args in [
        &["get", "llm"][..],
        &["chat-llm", "endless", "-m", "x"],
        &["help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = sandbox.at(&server, args).stdout(writer).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), stderr.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[test]
fn the_token_shows_nowhere() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    for args in [
        &["-v", "get", "llm"][..],
        &["-v", "whoami"],
        &["-v", "chat-llm", "laptop", "-m", "x"],
        &["-v", "get", "llm", "missing"],
    ] {
        let ran = run(&mut sandbox.at(&server, args));
        assert!(ran.stderr.contains("authorization: Bearer ***"), "{ran:?}");
        assert!(
            !ran.stderr.contains("canary") && !ran.stdout.contains("canary"),
            "{ran:?}"
        );
    }
}

#[test]
fn a_line_that_is_not_understood_ends_with_2_and_the_nearest_word() {
    let sandbox = Sandbox::new();
    let ran = run(&mut sandbox.mcpctl(&["gett"]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("'get'"), "{}", ran.stderr);
    assert_eq!(run(&mut sandbox.mcpctl(&[])).code, Some(2));
}
