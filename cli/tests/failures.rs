//! What a person sees when it goes wrong, and the exit code a script sees.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;

use insta::assert_snapshot;
use support::{FakeServer, Sandbox, TOKEN, run};

/// Answers every connection with `bytes`.
fn answers(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    url
}

fn asked(url: &str, args: &[&str]) -> (Option<i32>, String) {
    let sandbox = Sandbox::new();
    let mut command = sandbox.mcpctl(args);
    let ran = run(command.env("MCPCTL_SERVER", url).env("MCPCTL_TOKEN", TOKEN));
    assert!(!ran.stderr.contains(TOKEN));
    (ran.code, ran.stderr.replace(url, "URL"))
}

#[test]
fn no_server() {
    let sandbox = Sandbox::new();
    let ran = run(&mut sandbox.mcpctl(&["get", "llm"]));
    assert_snapshot!(ran.shown(None, &sandbox.home), @"
    exit 1
    --- stderr
    error: no server is configured
    cause: neither --server, MCPCTL_SERVER nor config.json names one
    try: `mcpctl init` finds a server and this machine's models, `mcpctl login URL` goes to one that you know; `mcpd` starts one here
    ");
}

#[test]
fn not_logged_in() {
    let sandbox = Sandbox::new();
    let ran = run(&mut sandbox.mcpctl(&["get", "llm", "--server", "http://127.0.0.1:1"]));
    assert_snapshot!(ran.shown(None, &sandbox.home), @"
    exit 4
    --- stderr
    error: no access token for http://127.0.0.1:1
    cause: you are not logged in to this server
    try: mcpctl login http://127.0.0.1:1
    ");
}

#[test]
fn refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (code, stderr) = asked(&url, &["get", "llm"]);
    assert_eq!(code, Some(6));
    assert_snapshot!(stderr, @"
    error: URL refused the connection
    cause: the host is there, but nothing listens on this port
    try: is `mcpd` running? `mcpctl context show` shows which server is meant
    ");
}

#[test]
fn unknown_host() {
    let (code, stderr) = asked("http://mcpd.invalid:1", &["get", "llm", "--timeout", "9s"]);
    assert_eq!(code, Some(6));
    assert!(
        stderr.starts_with("error: the host of URL is not known\ncause: "),
        "{stderr}"
    );
}

#[test]
fn too_slow() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (code, stderr) = asked(&url, &["get", "llm", "--timeout", "100ms"]);
    assert_eq!(code, Some(6));
    assert_snapshot!(stderr, @"
    error: URL did not answer in time
    cause: the connection stands, but the answer took longer than --timeout allows
    try: allow it more time, such as --timeout 2m
    ");
}

#[test]
fn tls_to_a_port_without_it() {
    let url = answers(b"HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n").replace("http:", "https:");
    let (code, stderr) = asked(&url, &["get", "llm"]);
    assert_eq!(code, Some(6));
    assert!(
        stderr.contains("TLS") && stderr.contains("try: "),
        "{stderr}"
    );
    assert!(stderr.contains("http://127"), "{stderr}");
}

#[test]
fn something_that_is_no_mcpd() {
    let html = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";
    let (code, stderr) = asked(&answers(html), &["get", "llm"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(stderr, @"
    error: what answers at URL is not an mcpd
    cause: it answered HTTP 200 OK with text/html
    try: check the URL and the port; a proxy on the way may answer itself
    ");
    let moved = b"HTTP/1.1 302 X\r\nlocation: https://login.example/\r\ncontent-length: 0\r\n\r\n";
    let (code, stderr) = asked(&answers(moved), &["get", "llm"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("points to https://login.example/"),
        "{stderr}"
    );
    let proxy = b"HTTP/1.1 502 X\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(asked(&answers(proxy), &["get", "llm"]).0, Some(6));
}

#[test]
fn a_broken_answer() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(cut);
    });
    let (code, stderr) = asked(&url, &["get", "llm"]);
    assert_eq!(code, Some(6));
    assert!(stderr.contains("broke off"), "{stderr}");
}

#[test]
fn a_bad_token_and_a_missing_right() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let ran = run(sandbox
        .at(&server, &["get", "llm"])
        .env("MCPCTL_TOKEN", "canary"));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 4
    --- stderr
    error: the access token is not known
    cause: the token comes from MCPCTL_TOKEN
    request id: req-1
    try: unset MCPCTL_TOKEN, or set it to another
    ");
    let args = [
        "create",
        "llm",
        "forbidden",
        "--type",
        "demo",
        "--model",
        "m",
    ];
    let ran = run(&mut sandbox.at(&server, &args));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 4
    --- stderr
    error: this needs the role admin
    request id: req-1
    try: `mcpctl whoami` shows your roles; an admin can make a token with more: mcpctl create token NAME --role ROLE
    ");
}

#[test]
fn a_conflict() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let ran = run(&mut sandbox.at(&server, &["delete", "secret", "busy"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 5
    --- stderr
    error: secret `busy` is in use by llm `gpt`
    request id: req-1
    try: look at it again with `mcpctl get ... -o yaml`, then repeat
    ");
}

#[test]
fn wrong_words() {
    let sandbox = Sandbox::new();
    let ran = run(&mut sandbox.mcpctl(&["get", "lmls"]));
    assert_snapshot!(ran.shown(None, &sandbox.home), @"
    exit 2
    --- stderr
    error: there is no resource type `lmls`
    try: did you mean `llms`?
    ");
    assert_eq!(run(&mut sandbox.mcpctl(&["gett"])).code, Some(2));
    assert_eq!(run(&mut sandbox.mcpctl(&[])).code, Some(2));
    let ran = run(&mut sandbox.mcpctl(&["get", "llm", "--server", "localhost:8765"]));
    assert_snapshot!(ran.shown(None, &sandbox.home), @"
    exit 2
    --- stderr
    error: --server names no server
    cause: `localhost:8765` is not a server URL: it must begin with http:// or https://
    try: write http://localhost:8765
    ");
}

#[test]
fn mcplocal_is_not_running() {
    let sandbox = Sandbox::new();
    let ran = run(&mut sandbox.mcpctl(&["local", "status"]));
    assert_snapshot!(ran.shown(None, &sandbox.home), @"
    exit 6
    --- stderr
    error: mcplocal is not running on this machine
    cause: nothing listens on HOME/mcplocal.sock
    try: `mcplocal run` starts it here, `mcpctl local install` with every session
    ");
}

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
