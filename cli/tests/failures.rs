//! What holds for every way to fail: a closed pipe is no failure, and a token shows nowhere. What each
//! failure says stands in `error_table.rs`.

#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod support;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use support::{FakeServer, Sandbox, TOKEN, run, run_with};

/// A server that answers whatever it is asked with `answer`; where it is, and the heads of what it was asked.
fn always(answer: String) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, heads) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (tell, answer) = (tell.clone(), answer.clone());
            std::thread::spawn(move || exchange(&stream, &answer, &tell));
        }
    });
    (url, heads)
}

/// Serves one connection until its client closes it.
fn exchange(stream: &TcpStream, answer: &str, tell: &Sender<String>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let head = head.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        reader.read_exact(&mut vec![0; length]).ok()?;
        tell.send(head).ok()?;
        (&mut &*stream).write_all(answer.as_bytes()).ok()?;
    }
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

#[test]
fn a_redirect_is_not_followed() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}/stolen", other.local_addr().unwrap());
    for status in ["301 X", "302 X", "303 X", "307 X", "308 X"] {
        let answer =
            format!("HTTP/1.1 {status}\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
        let (url, heads) = always(answer);
        for args in [
            &["get", "llm"][..],
            &["get", "llm", "--watch"],
            &["whoami"],
            &["chat-llm", "laptop", "-m", "x"],
            &["create", "llm", "l", "--type", "demo", "--model", "m"],
            &["login", &url],
        ] {
            let sandbox = Sandbox::new();
            let mut command = sandbox.mcpctl(args);
            if args[0] != "login" {
                command
                    .env("MCPCTL_SERVER", &url)
                    .env("MCPCTL_TOKEN", TOKEN);
            }
            let ran = run_with(&mut command, &format!("{TOKEN}\n"));
            let what = format!("{status} {args:?}: {ran:?}");
            assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{what}");
            let blamed = format!("error: what answers at {url} is not an mcpd\n");
            assert!(ran.stderr.contains(&blamed), "{what}");
            let to = format!("it points to {elsewhere}");
            assert!(ran.stderr.contains(&to), "{what}");
            let bearer = format!("authorization: bearer {TOKEN}\r\n");
            let heads: Vec<_> = heads.try_iter().collect();
            assert!(heads.iter().any(|head| head.contains(&bearer)), "{heads:?}");
            let nobody = other.accept().unwrap_err();
            assert_eq!(nobody.kind(), ErrorKind::WouldBlock, "{what}");
        }
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
