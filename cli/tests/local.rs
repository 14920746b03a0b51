//! `mcpctl local` against a socket that answers as mcplocal does.

#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::Duration;

use insta::assert_snapshot;
use support::{FakeServer, Ran, Sandbox, run};

/// Answers one question with `reply`; the question.
fn daemon(sandbox: &Sandbox, reply: &str) -> JoinHandle<String> {
    daemon_of(sandbox, vec![reply.to_owned()])
}

/// Answers one question with each of `replies`; the questions.
fn daemon_of(sandbox: &Sandbox, replies: Vec<String>) -> JoinHandle<String> {
    let path = sandbox.home.join("mcplocal.sock");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let mut questions = String::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut questions).unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
        }
        questions
    })
}

/// Takes `laptop` back and says that it publishes to `server`.
fn unpublisher(sandbox: &Sandbox, server: &str) -> JoinHandle<String> {
    let done = "{\"reply\":\"done\",\"message\":\"laptop is no longer published\"}\n";
    daemon_of(
        sandbox,
        vec![done.into(), STATUS.replace("http://s", server)],
    )
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
fn unpublish_ends_when_the_server_knows() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let questions = unpublisher(&sandbox, &server.url());
    let mut command = sandbox.at(&server, &["local", "unpublish", "laptop"]);
    let child = command.stderr(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let looks = || {
        server
            .asked()
            .iter()
            .filter(|asked| asked.path.ends_with("/llms/laptop"))
            .count()
    };
    // At least twice: it was active at the first look.
    while looks() < 2 {
        assert_eq!(child.try_wait().unwrap(), None, "it did not wait");
        std::thread::sleep(Duration::from_millis(5));
    }
    server.put_llm("laptop", "virtual", "inactive", "ollama", "m");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(
        String::from_utf8(ended.stderr).unwrap(),
        "laptop is no longer published\n"
    );
    assert_eq!(
        questions.join().unwrap(),
        "{\"do\":\"unpublish\",\"name\":\"laptop\"}\n{\"do\":\"status\"}\n"
    );
}

#[test]
fn unpublish_says_that_it_is_on_its_way_where_the_server_does_not_know_or_cannot_be_asked() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let is_on_its_way = |ran: Ran, url: &str| {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let note = format!(
            "laptop is no longer published\n\
             {url} is being told: until then it may show `laptop` as active\n"
        );
        assert_eq!(ran.stderr, note);
    };
    let questions = unpublisher(&sandbox, &server.url());
    let args = ["local", "unpublish", "laptop", "--timeout", "2s"];
    is_on_its_way(run(&mut sandbox.at(&server, &args)), &server.url());
    questions.join().unwrap();
    let asked = server.asked().len();
    assert!(asked > 1, "it looked {asked} times");

    // Another server than this run's, and none at all to log in to.
    let questions = unpublisher(&sandbox, "http://elsewhere:8765");
    is_on_its_way(
        run(&mut sandbox.at(&server, &args)),
        "http://elsewhere:8765",
    );
    questions.join().unwrap();
    let questions = unpublisher(&sandbox, &server.url());
    is_on_its_way(run(&mut sandbox.mcpctl(&args)), &server.url());
    questions.join().unwrap();
    assert_eq!(server.asked().len(), asked, "nobody was asked");
}

#[test]
fn unpublish_does_not_wait_for_what_is_not_its_own() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    server.put_llm("laptop", "public", "active", "openai", "m");
    let questions = unpublisher(&sandbox, &server.url());
    let ran = run(&mut sandbox.at(&server, &["local", "unpublish", "laptop"]));
    assert_eq!(ran.stderr, "laptop is no longer published\n", "{ran:?}");
    assert_eq!(server.asked().len(), 1);
    questions.join().unwrap();
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
