//! `mcpctl local` against a socket that answers as mcplocal does.

#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use insta::assert_snapshot;
use support::{Sandbox, run};

/// Answers one question with `reply`; the question.
fn daemon(sandbox: &Sandbox, reply: &'static str) -> JoinHandle<String> {
    let path = sandbox.home.join("mcplocal.sock");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        reader.read_line(&mut question).unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
        question
    })
}

const STATUS: &str = r#"{"reply":"status","version":"0.1.0","pid":7,"startedAt":"2020-01-01T00:00:00.000Z","configPath":"/c","server":"http://s","link":{"state":"waiting","epoch":null,"providerSessionId":null,"since":"2020-01-01T00:00:00.000Z","lastError":"refused","retryInMs":4200},"providers":[{"name":"laptop","type":"ollama","model":"m","publish":true,"ready":false,"inFlight":0,"message":"no answer"}],"problems":["line 3: `typ` is no field"]}
"#;

#[test]
fn status_shows_channel_providers_and_problems() {
    let sandbox = Sandbox::new();
    let question = daemon(&sandbox, STATUS);
    let ran = run(&mut sandbox.mcpctl(&["local", "status"]));
    assert_eq!(question.join().unwrap(), "{\"do\":\"status\"}\n");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("mcplocal 0.1.0, process 7, up "));
    assert!(lines[3].starts_with("Channel: waiting for ") && lines[3].ends_with("next try in 4s"));
    assert_snapshot!(lines[4..].join("\n"), @"
             refused

    NAME    TYPE    MODEL  PUBLISH  READY  IN-FLIGHT  MESSAGE
    laptop  ollama  m      yes      no     0          no answer
    ");
    assert_eq!(ran.stderr, "warning: line 3: `typ` is no field\n");
}

#[test]
fn publish_says_what_was_done_or_why_not() {
    let sandbox = Sandbox::new();
    let question = daemon(
        &sandbox,
        "{\"reply\":\"done\",\"message\":\"laptop is published\"}\n",
    );
    let ran = run(&mut sandbox.mcpctl(&["local", "publish", "laptop"]));
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), "laptop is published\n")
    );
    assert_eq!(
        question.join().unwrap(),
        "{\"do\":\"publish\",\"name\":\"laptop\"}\n"
    );

    let reply = "{\"reply\":\"error\",\"message\":\"no provider `x`\",\"hint\":\"see status\"}\n";
    let question = daemon(&sandbox, reply);
    let ran = run(&mut sandbox.mcpctl(&["local", "unpublish", "x"]));
    assert_snapshot!(ran.shown(None, &sandbox.home), @"
    exit 1
    --- stderr
    error: no provider `x`
    try: see status
    ");
    question.join().unwrap();
}

#[test]
fn logs_are_data() {
    let sandbox = Sandbox::new();
    let lines = "{\"reply\":\"log\",\"line\":\"one\"}\n{\"reply\":\"log\",\"line\":\"two\"}\n";
    let question = daemon(&sandbox, lines);
    let ran = run(&mut sandbox.mcpctl(&["local", "logs", "--tail", "2"]));
    assert_eq!(ran.stdout, "one\ntwo\n");
    assert_eq!(
        question.join().unwrap(),
        "{\"do\":\"logs\",\"tail\":2,\"follow\":false}\n"
    );
}

#[test]
fn a_daemon_that_goes_without_a_word_is_a_failure() {
    let sandbox = Sandbox::new();
    let question = daemon(&sandbox, "");
    let ran = run(&mut sandbox.mcpctl(&["local", "reload"]));
    assert_eq!(ran.code, Some(6));
    question.join().unwrap();
}
