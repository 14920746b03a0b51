//! `chat-llm` one shot: what a pipe sees, and that a cut answer never looks complete.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::process::Stdio;

use insta::assert_snapshot;
use support::{FakeServer, Sandbox, run, run_with};

fn setup() -> (Sandbox, FakeServer) {
    (Sandbox::new(), FakeServer::start())
}

#[test]
fn piped_output_is_the_answer_alone() {
    let (sandbox, server) = setup();
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "laptop", "-m", "hi"]));
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "you said: hi\n", "")
    );
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "laptop", "-m", "hi", "--no-stream"]));
    assert_eq!(ran.stdout, "you said: hi\n");
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "thinks", "-m", "hi"]));
    assert_eq!(ran.stdout, "you said: hi\n");
}

#[test]
fn stdin_joins_the_message() {
    let (sandbox, server) = setup();
    let ran = run_with(
        &mut sandbox.at(&server, &["chat-llm", "laptop", "-m", "read:"]),
        "file\n",
    );
    assert_eq!(ran.stdout, "you said: read:\n\nfile\n");
    let ran = run_with(
        &mut sandbox.at(&server, &["chat-llm", "laptop"]),
        "only this",
    );
    assert_eq!(ran.stdout, "you said: only this\n");
    let ran = run_with(&mut sandbox.at(&server, &["chat-llm", "laptop"]), "");
    assert_eq!(ran.code, Some(2));
}

#[test]
fn settings_reach_the_model_and_json_is_its_answer_unchanged() {
    let (sandbox, server) = setup();
    let args = [
        "chat-llm",
        "laptop",
        "-m",
        "hi",
        "--system",
        "brief",
        "--temperature",
        "0.5",
    ];
    let args = [&args[..], &["--max-tokens", "9", "-o", "json"]].concat();
    let ran = run(&mut sandbox.at(&server, &args));
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["usage"]["prompt_tokens"], 5);
    let sent: serde_json::Value =
        serde_json::from_str(&server.asked().last().unwrap().body).unwrap();
    assert_eq!(sent["messages"][0]["content"], "brief");
    assert_eq!(
        (&sent["temperature"], &sent["max_tokens"]),
        (&0.5.into(), &9.into())
    );
}

#[test]
fn a_cut_answer_is_an_error_and_what_came_stays() {
    let (sandbox, server) = setup();
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "cut", "-m", "hi"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 6
    you said: hi
    --- stderr
    error: the answer broke off
    cause: the stream ended before the model said that it was done
    try: ask again; `mcpctl get llm` shows whether it is still active
    ");
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "error", "-m", "hi"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 6
    you said: hi
    --- stderr
    error: the publisher went away
    cause: the answer above is not complete
    request id: req-7
    try: ask again; `mcpctl describe llm NAME` shows its last error
    ");
}

#[test]
fn an_llm_that_is_away_or_unknown() {
    let (sandbox, server) = setup();
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "offline", "-m", "hi"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 6
    --- stderr
    error: nobody serves `offline` now
    request id: req-1
    try: start `mcplocal run` on the machine that has it; `mcpctl get llm` shows what is active
    ");
    let ran = run(&mut sandbox.at(&server, &["chat-llm", "lapto", "-m", "hi"]));
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.stderr.contains("did you mean `laptop`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_alias_is_asked_and_meant_like_an_llm() {
    let (sandbox, server) = setup();
    let alias = serde_json::json!({"kind": "Alias", "metadata": {"name": "smart"}, "spec": {}});
    server.put("aliases", alias);
    for name in ["smart", "alias/smart"] {
        let ran = run(&mut sandbox.at(&server, &["chat-llm", name, "-m", "hi"]));
        assert_eq!(ran.stdout, "you said: hi\n", "{ran:?}");
    }
    for (typed, meant) in [("smrat", "smart"), ("gpt4o", "gpt-4o")] {
        let ran = run(&mut sandbox.at(&server, &["chat-llm", typed, "-m", "hi"]));
        assert_eq!(ran.code, Some(3));
        let hint = format!("did you mean `{meant}`?");
        assert!(ran.stderr.contains(&hint), "{ran:?}");
    }
}

#[test]
fn ctrl_c_ends_with_130_and_drops_the_stream() {
    use std::io::Read;
    let (sandbox, server) = setup();
    let mut child = sandbox
        .at(&server, &["chat-llm", "endless", "-m", "hi"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 8];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    assert_eq!(&first, b"you said");
    let sent = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let mut rest = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(server.wait_for_drop());
}
