//! Every error that a first-time user can meet: each has its own words, something to try and the
//! right exit code. The table itself is the snapshot.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::json;
use support::tls::{Certificate, tls_server};
use support::{FakeServer, Ran, Sandbox, TOKEN, run, run_with};
use tokio::net::TcpSocket;

/// From here it is a port that answers with bytes that are no HTTP, as any other program's.
const LOOKS_THE_SAME: &str = "http to a port with TLS";

/// What happened to the user, and what mcpctl said.
struct Row {
    situation: &'static str,
    ran: Ran,
    /// What changes from run to run, and what stands for it.
    names: Vec<(String, &'static str)>,
}

impl Row {
    fn new(situation: &'static str, ran: Ran) -> Self {
        Self {
            situation,
            ran,
            names: Vec::new(),
        }
    }

    fn at(situation: &'static str, url: &str, ran: Ran) -> Self {
        let authority = url.split_once("://").unwrap().1;
        let host = authority.split(':').next().unwrap();
        let (scheme, _) = url.split_once("://").unwrap();
        let named = if scheme == "https" {
            "https://SERVER"
        } else {
            "http://SERVER"
        };
        let names = vec![
            (url.to_owned(), named),
            (authority.to_owned(), "SERVER"),
            (format!("NO_PROXY={host}"), "NO_PROXY=HOST"),
        ];
        Self {
            situation,
            ran,
            names,
        }
    }

    fn text(&self) -> String {
        let ours = format!("mcpctl ({})", env!("CARGO_PKG_VERSION"));
        let mut text = self.ran.stderr.replace(&ours, "mcpctl (VERSION)");
        for (name, shown) in &self.names {
            text = text.replace(name, shown);
        }
        text
    }

    fn line(&self, label: &str) -> Option<String> {
        let text = self.text();
        let found = text.lines().find_map(|line| line.strip_prefix(label))?;
        Some(found.trim().to_owned())
    }
}

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

/// A port where nothing listens, and nothing else can as long as the socket is held; and its URL.
fn closed_port() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}

fn get_llm(sandbox: &Sandbox, url: &str) -> Command {
    let mut command = sandbox.mcpctl(&["get", "llm"]);
    command.env("MCPCTL_SERVER", url).env("MCPCTL_TOKEN", TOKEN);
    command
}

fn asked(situation: &'static str, url: &str) -> Row {
    let ran = run(&mut get_llm(&Sandbox::new(), url));
    Row::at(situation, url, ran)
}

fn of_server(situation: &'static str, change: impl FnOnce(&FakeServer), args: &[&str]) -> Row {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    change(&server);
    Row::at(
        situation,
        &server.url(),
        run(&mut sandbox.at(&server, args)),
    )
}

fn of_tls(situation: &'static str, certificate: &Certificate, host: &str) -> Row {
    let (port, root) = tls_server(certificate);
    let sandbox = Sandbox::new();
    let url = format!("https://{host}:{port}");
    let mut command = get_llm(&sandbox, &url);
    if certificate.is_trusted {
        command.env("SSL_CERT_FILE", sandbox.file("root.pem", &root));
    }
    Row::at(situation, &url, run(&mut command))
}

fn by_proxy(situation: &'static str, proxy: &str, server: &str) -> Row {
    let sandbox = Sandbox::new();
    let mut command = get_llm(&sandbox, server);
    let authority = proxy.split_once("://").unwrap().1;
    // The password of a proxy must not show.
    let with_password = format!("http://user:canary@{authority}");
    command
        .env("HTTP_PROXY", &with_password)
        .env("HTTPS_PROXY", &with_password);
    let mut row = Row::at(situation, server, run(&mut command));
    row.names.push((authority.to_owned(), "PROXY"));
    row
}

fn network() -> Vec<Row> {
    let (_closed, closed_url) = closed_port();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let sandbox = Sandbox::new();
    let mut slow = get_llm(&sandbox, &silent_url);
    slow.args(["--timeout", "1s"]);
    let html = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";
    let login = b"HTTP/1.1 302 X\r\nlocation: https://login.example/\r\ncontent-length: 0\r\n\r\n";
    let proxy = b"HTTP/1.1 502 X\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n";
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    let wants_password = b"HTTP/1.1 407 X\r\ncontent-length: 0\r\n\r\n";
    let refuses = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    vec![
        asked("the server is down", &closed_url),
        asked("the host name is wrong", "http://mcpd.invalid:8765"),
        Row::at("the server does not answer", &silent_url, run(&mut slow)),
        asked("the port belongs to a web server", &answers(html)),
        asked(
            "the port belongs to no web server",
            &answers(b"SSH-2.0-OpenSSH_9.2\r\n"),
        ),
        asked("a proxy in front of it has no server", &answers(proxy)),
        asked("a login page stands in between", &answers(login)),
        asked("the answer breaks off", &answers(cut)),
        asked(
            "https to a port without TLS",
            &answers(b"HTTP/1.1 400 X\r\n\r\n").replace("http:", "https:"),
        ),
        http_to_tls(),
        of_tls(
            "the certificate is nobody's we know",
            &Certificate::unknown(),
            "localhost",
        ),
        of_tls(
            "the certificate has expired",
            &Certificate::expired(),
            "localhost",
        ),
        of_tls(
            "the certificate is for another host",
            &Certificate::trusted("other.example"),
            "localhost",
        ),
        by_proxy("the proxy is down", &closed_url, "http://mcpd.example"),
        by_proxy(
            "the proxy is down, on the way to https",
            &closed_url,
            "https://mcpd.example",
        ),
        by_proxy(
            "the proxy wants a password",
            &answers(wants_password),
            "http://mcpd.example",
        ),
        by_proxy(
            "the proxy refuses",
            &answers(refuses),
            "https://mcpd.example",
        ),
    ]
}

fn http_to_tls() -> Row {
    let (port, _) = tls_server(&Certificate::unknown());
    asked(LOOKS_THE_SAME, &format!("http://127.0.0.1:{port}"))
}

fn rights() -> Vec<Row> {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let mut wrong = sandbox.at(&server, &["get", "llm"]);
    let url = server.url();
    let expired = |server: &FakeServer| {
        let message = "the access token expired at 2026-11-01T00:00:00.000Z";
        server.refuses("/api/v1/llms", 401, "invalid_api_key", message);
    };
    let login = Sandbox::new();
    let mut cut = login.mcpctl(&["login", &url]);
    vec![
        Row::at(
            "not logged in",
            &url,
            run(sandbox.mcpctl(&["get", "llm"]).env("MCPCTL_SERVER", &url)),
        ),
        Row::at(
            "the token is wrong",
            &url,
            run(wrong.env("MCPCTL_TOKEN", "canary")),
        ),
        Row::at(
            "the token is wrong at login",
            &url,
            run_with(&mut cut, "mcp_user_cut\n"),
        ),
        of_server("the token has expired", expired, &["get", "llm"]),
        of_server(
            "the role is missing",
            |_| {},
            &[
                "create",
                "llm",
                "forbidden",
                "--type",
                "demo",
                "--model",
                "m",
            ],
        ),
    ]
}

fn resources() -> Vec<Row> {
    let unknown = |server: &FakeServer| {
        let message = "this mcpd (0.0.9) has nothing at `/api/v1/aliases`";
        server.refuses("/api/v1/aliases", 404, "unknown_url", message);
    };
    let overloaded = |server: &FakeServer| {
        server.refuses("/api/v1/llms", 503, "overloaded", "too many requests wait");
    };
    let newer = |server: &FakeServer| server.answers("/api/v1/llms", json!("a list of the future"));
    vec![
        of_server(
            "the name is not there, another is near",
            |_| {},
            &["get", "llm", "laptob"],
        ),
        of_server("the name is not there", |_| {}, &["get", "llm", "zzz"]),
        of_server(
            "the LLM to talk to is not there",
            |_| {},
            &["chat-llm", "laptob", "-m", "x"],
        ),
        of_server("it is in use", |_| {}, &["delete", "secret", "busy"]),
        of_server(
            "it is there already",
            |_| {},
            &["create", "llm", "gpt", "--type", "demo", "--model", "m"],
        ),
        of_server("the server is too busy", overloaded, &["get", "llm"]),
        of_server("the server is older", unknown, &["get", "alias"]),
        of_server("the server speaks another language", newer, &["get", "llm"]),
    ]
}

fn machine() -> Vec<Row> {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let mut homeless = sandbox.at(&server, &["get", "llm"]);
    homeless.env_remove("MCPCTL_HOME");
    let broken = Sandbox::new();
    broken.file("config.json", "{\"server\": \n");
    let mut rows = vec![
        Row::new(
            "no server is configured",
            run(&mut Sandbox::new().mcpctl(&["get", "llm"])),
        ),
        Row::new("HOME is not set", run(&mut homeless)),
        in_home(
            "config.json is broken",
            &broken,
            &mut broken.mcpctl(&["get", "llm"]),
        ),
        in_home(
            "mcplocal is not running",
            &sandbox,
            &mut sandbox.mcpctl(&["local", "status"]),
        ),
        Row::new(
            "a type is misspelt",
            run(&mut sandbox.mcpctl(&["get", "lmls"])),
        ),
        Row::new(
            "the URL lacks its scheme",
            run(&mut sandbox.mcpctl(&["get", "llm", "--server", "localhost:8765"])),
        ),
    ];
    rows.extend(read_only_home(&server));
    rows
}

fn in_home(situation: &'static str, sandbox: &Sandbox, command: &mut Command) -> Row {
    let mut row = Row::new(situation, run(command));
    row.names.push((sandbox.home.display().to_string(), "HOME"));
    row
}

/// To root nothing is read-only: then the program runs as nobody, where nobody can reach it.
fn read_only_home(server: &FakeServer) -> Option<Row> {
    const NOBODY: u32 = 65534;
    let sandbox = Sandbox::new();
    let mut permissions = std::fs::metadata(&sandbox.home).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o555);
    std::fs::set_permissions(&sandbox.home, permissions).unwrap();
    let mut command = sandbox.mcpctl(&["login", &server.url()]);
    if std::fs::write(sandbox.home.join("probe"), "").is_ok() {
        let probe = Command::new(env!("CARGO_BIN_EXE_mcpctl"))
            .arg("--version")
            .uid(NOBODY)
            .output();
        if !probe.is_ok_and(|ran| ran.status.success()) {
            eprintln!("SKIPPED: root can write everywhere, and nobody can't run the program");
            return None;
        }
        command.uid(NOBODY);
    }
    let mut row = Row::at(
        "HOME is read-only",
        &server.url(),
        run_with(&mut command, &format!("{TOKEN}\n")),
    );
    row.names.push((sandbox.home.display().to_string(), "HOME"));
    Some(row)
}

#[test]
fn every_error_has_its_own_words_and_something_to_try() {
    let rows = [network(), rights(), resources(), machine()];
    let mut table = String::new();
    let mut said = BTreeSet::new();
    for row in rows.iter().flatten() {
        let (text, situation) = (row.text(), row.situation);
        assert!(
            !text.contains("canary"),
            "{situation}: a secret shows: {text}"
        );
        assert_ne!(row.ran.code, Some(0), "{situation}");
        assert!(
            row.line("error:").is_some(),
            "{situation}: no error line: {text}"
        );
        assert!(
            row.line("try:").is_some(),
            "{situation}: nothing to try: {text}"
        );
        let words = (row.line("error:"), row.line("cause:"), row.line("try:"));
        assert!(
            said.insert(words) || situation == LOOKS_THE_SAME,
            "{situation}: the same words as another: {text}"
        );
        let code = row.ran.code.unwrap_or(-1);
        let _ = writeln!(table, "{situation} (exit {code})");
        for line in text.lines() {
            let _ = writeln!(table, "    {}", told_by_the_system(line));
        }
    }
    assert_snapshot!(table);
}

/// A line without the words that come from the C library.
fn told_by_the_system(line: &str) -> &str {
    match line.starts_with("cause: failed to lookup") {
        true => "cause: failed to lookup address information: ...",
        false => line,
    }
}
