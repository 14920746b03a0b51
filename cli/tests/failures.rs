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
use support::{FakeServer, Sandbox, TOKEN, run, run_with};

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
    try: `mcpctl login URL` where a server runs; `mcpd` starts one here and prints the line to log in with
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
    request id: req-1
    try: mcpctl login http://SERVER (the token is unknown, revoked or cut)
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

#[test]
fn a_token_is_stored_privately_and_bound_to_its_server() {
    use std::os::unix::fs::PermissionsExt;
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let login = ["login", &server.url(), "--context", "team"];
    let ran = run_with(&mut sandbox.mcpctl(&login), "wrong-canary\n");
    assert_eq!(ran.code, Some(4));
    assert!(!sandbox.home.join("credentials").exists());
    let ran = run_with(&mut sandbox.mcpctl(&login), &format!("{TOKEN}\n"));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 0
    --- stderr
    Logged in to http://SERVER as `alice` (admin); context `team`
    The token is in HOME/credentials, readable by you alone
    ");
    let file = sandbox.home.join("credentials");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ran = run(&mut sandbox.mcpctl(&["whoami"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 0
    Principal: alice
    Token:     admin
    Roles:     admin
    Server:    http://SERVER
    ");
    // Another server does not get it.
    let other = FakeServer::start();
    let ran = run(&mut sandbox.mcpctl(&["whoami", "--server", &other.url()]));
    assert_eq!(ran.code, Some(4));
    assert!(other.asked().is_empty());
    // A file that others may read is refused.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = run(&mut sandbox.mcpctl(&["whoami"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 4
    --- stderr
    error: the stored access token can't be used
    cause: HOME/credentials can be read by other users; run `chmod 600 HOME/credentials`
    ");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(run(&mut sandbox.mcpctl(&["logout"])).code, Some(0));
    assert_eq!(run(&mut sandbox.mcpctl(&["whoami"])).code, Some(4));
}

#[test]
fn contexts_are_listed_used_and_deleted() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "config.json",
        r#"{"contexts": {"one": {"server": "http://one"}, "two": {"server": "http://two"}},
            "currentContext": "one", "providers": []}"#,
    );
    let context = |args: &[&str]| run(&mut sandbox.mcpctl(&[&["context"], args].concat()));
    assert_snapshot!(context(&["list"]).stdout, @"
    NAME  SERVER      CURRENT
    one   http://one  *
    two   http://two  -
    ");
    assert_eq!(context(&["use", "two"]).code, Some(0));
    assert!(context(&["show"]).stdout.contains("http://two"));
    let ran = context(&["use", "tow"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("did you mean `two`?"));
    assert_eq!(context(&["delete", "two"]).code, Some(0));
    assert_eq!(context(&["show"]).code, Some(1));
    let config = std::fs::read_to_string(sandbox.home.join("config.json")).unwrap();
    assert!(config.contains("providers"));
}

#[test]
fn a_flag_goes_before_a_variable_and_a_variable_before_the_context() {
    let sandbox = Sandbox::new();
    let (flag, variable, context) = (
        FakeServer::start(),
        FakeServer::start(),
        FakeServer::start(),
    );
    let config = format!(
        r#"{{"contexts": {{"c": {{"server": "{}"}}}}, "currentContext": "c"}}"#,
        context.url()
    );
    sandbox.file("config.json", &config);
    let whoami = |server: Option<&FakeServer>, args: &[&str]| {
        let mut command = sandbox.mcpctl(&[&["whoami"], args].concat());
        if let Some(server) = server {
            command.env("MCPCTL_SERVER", server.url());
        }
        assert_eq!(run(command.env("MCPCTL_TOKEN", TOKEN)).code, Some(0));
    };
    whoami(Some(&variable), &["--server", &flag.url()]);
    whoami(Some(&variable), &[]);
    whoami(Some(&variable), &["--context", "c"]);
    whoami(None, &[]);
    let counts = [&flag, &variable, &context].map(|server| server.asked().len());
    assert_eq!(counts, [1, 1, 2]);
}

#[test]
fn versions_of_both_sides() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let ran = run(&mut sandbox.at(&server, &["version", "-o", "json"]));
    let version: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(version["server"], "9.9.9");
    let ran = run(&mut sandbox.mcpctl(&["version"]));
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("no server is configured"),
        "{}",
        ran.stderr
    );
}

#[test]
fn help_has_topics() {
    let sandbox = Sandbox::new();
    assert_snapshot!(run(&mut sandbox.mcpctl(&["help", "exit-codes"])).stdout, @"
    How mcpctl ends, for scripts. These numbers don't change.

        0  done
        1  failed, for a reason that no other code names
        2  the command line can't be understood
        3  what was named is not there
        4  no credential, a bad one, or one without the right
        5  it exists already, or has changed meanwhile
        6  server or model unreachable, too busy, too slow, or an answer that broke off
      130  interrupted by Ctrl-C

    A closed pipe (`mcpctl get llm | head -1`) is no failure: 0.
    ");
    for words in [
        &["help", "config"][..],
        &["help", "environment"],
        &["help", "create", "secret"],
    ] {
        assert_eq!(run(&mut sandbox.mcpctl(words)).code, Some(0));
    }
    assert_eq!(
        run(&mut sandbox.mcpctl(&["help", "exit-code"])).code,
        Some(2)
    );
    let reference = run(&mut sandbox.mcpctl(&["__markdown-help"])).stdout;
    assert!(reference.contains("## mcpctl create secret") && !reference.contains("__complete"));
}

#[test]
fn the_first_page_of_help() {
    let sandbox = Sandbox::new();
    assert_snapshot!(run(&mut sandbox.mcpctl(&["-h"])).stdout, @"
    One command line over all your LLMs

    Usage: mcpctl [OPTIONS] <COMMAND>

    Commands:
      login          Log in to a server and remember it
      logout         Forget the token of a server
      whoami         Show whom the server takes you for
      context        Choose among servers
      get            List resources, or show some of them
      describe       Show all fields of resources
      create         Create a resource
      apply          Make resources be as files say
      delete         Delete resources
      api-resources  List the resource types and their short forms
      chat-llm       Talk to an LLM
      local          Control the mcplocal of this machine
      completions    Print the completion script of a shell
      version        Show the versions of mcpctl and of the server
      help           Explain a command or a topic

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --server <URL>     The server to talk to [env: MCPCTL_SERVER]
          --context <NAME>   The context to use instead of the current one
      -o, --output <FORMAT>  How to print: table, wide, json, yaml or name
      -v, --verbose          Show the HTTP exchange, secrets masked
      -q, --quiet            Say nothing but data, warnings and errors
          --no-color         Use no colour [env: NO_COLOR]
          --timeout <TIME>   Give up after this time, such as 30s or 2m

    Examples:
      mcpctl login http://127.0.0.1:8765      log in; the token comes from stdin or a prompt
      mcpctl get llm                          list what can be called
      mcpctl chat-llm laptop                  talk to one
      mcpctl chat-llm laptop -m 'hello?'      ask one thing and leave

    `mcpctl help TOPIC` explains `exit-codes`, `environment` and `config`.
    ");
    assert_snapshot!(run(&mut sandbox.mcpctl(&["delete", "--help"])).stdout, @"
    Delete resources

    One resource that is named is deleted at once. Several need a confirmation, or --yes.

    Usage: mcpctl delete [OPTIONS] <TYPE[/NAME]>...

    Arguments:
      <TYPE[/NAME]>...
              What to delete: TYPE NAME... or TYPE/NAME...

    Options:
          --all
              Delete all of the type

      -y, --yes
              Don't ask

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --server <URL>
              The server to talk to [env: MCPCTL_SERVER]

          --context <NAME>
              The context to use instead of the current one

      -o, --output <FORMAT>
              How to print: table, wide, json, yaml or name

      -v, --verbose
              Show the HTTP exchange, secrets masked

      -q, --quiet
              Say nothing but data, warnings and errors

          --no-color
              Use no colour [env: NO_COLOR]

          --timeout <TIME>
              Give up after this time, such as 30s or 2m

    Examples:
      mcpctl delete llm gpt
      mcpctl delete llm/gpt secret/openai --yes
      mcpctl delete token --all
    ");
}
