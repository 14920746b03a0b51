//! The completion scripts in the real shells. A shell that is not installed is passed over, and
//! says so.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use support::{FakeServer, Sandbox, TOKEN, run};

/// What Tab must offer behind each line.
const CASES: [(&str, &[&str]); 37] = [
    (
        "mcpctl chat-llm ",
        &["gpt", "laptop", "qwen2.5:7b", "smart"],
    ),
    ("mcpctl chat-llm la", &["laptop"]),
    ("mcpctl chat-llm sm", &["smart"]),
    ("mcpctl get llm ", &["gpt", "laptop", "qwen2.5:7b"]),
    ("mcpctl get llm gpt lap", &["laptop"]),
    ("mcpctl describe llm g", &["gpt"]),
    ("mcpctl delete llms g", &["gpt"]),
    (
        "mcpctl get ",
        &[
            "alias", "costs", "job", "llm", "price", "requests", "secret", "token", "usage",
        ],
    ),
    ("mcpctl describe p", &["price"]),
    ("mcpctl get alias s", &["smart"]),
    ("mcpctl delete pr gpt", &["gpt-4o"]),
    (
        "mcpctl explain route ",
        &["gpt", "laptop", "qwen2.5:7b", "smart"],
    ),
    ("mcpctl top llm lap", &["laptop"]),
    ("mcpctl get usage --by pr", &["principal", "provider"]),
    (
        "mcpctl create alias x --policy l",
        &["latency", "least-busy"],
    ),
    ("mcpctl set limits token/c", &["token/ci"]),
    ("mcpctl get llm/g", &["llm/gpt"]),
    ("mcpctl edit llm/g", &["llm/gpt"]),
    ("mcpctl logs llm la", &["laptop"]),
    ("mcpctl wait alias/s", &["alias/smart"]),
    ("mcpctl get llm,al", &["llm,alias"]),
    ("mcpctl --context t", &["two"]),
    ("mcpctl context show ", &["one", "two"]),
    ("mcpctl context use ", &["one", "two"]),
    ("mcpctl --context one context use t", &["two"]),
    ("mcpctl chat", &["chat-llm"]),
    ("mcpctl completions f", &["fish"]),
    ("mcpctl get llm -o js", &["json"]),
    ("mcpctl get llm --output=js", &["--output=json"]),
    ("mcpctl create secret x --from-s", &["--from-stdin"]),
    ("mcpctl local publish ", &["vllm-local"]),
    ("mcpctl jobs w", &["wait", "watch"]),
    ("mcpctl jobs watch ", &[JOB]),
    ("mcpctl jobs cancel 019", &[JOB]),
    ("mcpctl describe job ", &[JOB]),
    ("mcpctl get jobs --status ca", &["canceled"]),
    (
        "mcpctl create job --kind ol",
        &["ollama.embed", "ollama.generate"],
    ),
];

/// How often a shell is asked before the test fails.
const ROUNDS: usize = 20;
/// How often `mcpctl` itself is.
const PATIENCE: usize = 100;

const JOB: &str = "019aa5c3-1b7d-7f00-8000-000000000001";

fn setup() -> (Sandbox, FakeServer) {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    server.put_llm("qwen2.5:7b", "virtual", "active", "ollama", "qwen2.5:7b");
    for (plural, kind, name) in [
        ("aliases", "Alias", "smart"),
        ("prices", "Price", "gpt-4o"),
        ("tokens", "Token", "ci"),
    ] {
        let document = serde_json::json!({"kind": kind, "metadata": {"name": name}, "spec": {}});
        server.put(plural, document);
    }
    server.jobs().put(serde_json::json!({}));
    let config = format!(
        r#"{{"contexts": {{"one": {{"server": "{0}"}}, "two": {{"server": "{0}"}}, "$(id)": {{"server": "{0}"}}}},
            "currentContext": "one", "providers": [{{"name": "vllm-local"}}]}}"#,
        server.url()
    );
    sandbox.file("config.json", &config);
    (sandbox, server)
}

/// The shell with `mcpctl` on its path; `None` where it is not installed.
fn shell(name: &str, args: &[&str], sandbox: &Sandbox) -> Option<Command> {
    let found = Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if found.is_err() {
        eprintln!("SKIPPED: {name} is not installed, its completion was NOT tested");
        return None;
    }
    let own = Path::new(env!("CARGO_BIN_EXE_mcpctl")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new(name);
    command
        .args(args)
        .env_clear()
        .env("PATH", format!("{}:{path}", own.display()))
        .env("HOME", &sandbox.home)
        .env("TERM", "xterm")
        .env("LANG", "C.UTF-8")
        .env("MCPCTL_HOME", &sandbox.home)
        .env("MCPCTL_TOKEN", TOKEN)
        .stdin(Stdio::null());
    Some(command)
}

/// Runs `program` for each case, all in one shell, and compares what it prints, in any order. Where nothing came, it
/// asks again: on a busy machine an answer may come later than a person would wait.
fn check(name: &str, args: &[&str], prelude: &str, program: impl Fn(&str) -> String) {
    let (sandbox, server) = setup();
    warm_up(&sandbox, &server);
    let file = sandbox.home.join("script");
    let script = run(&mut sandbox.mcpctl(&["completions", name])).stdout;
    std::fs::write(&file, script).unwrap();
    let mut cases = CASES.to_vec();
    for _ in 0..ROUNDS {
        let Some(mut command) = shell(name, args, &sandbox) else {
            return;
        };
        let mut text = format!("{prelude}\nsource '{}'\n", file.display());
        for (line, _) in &cases {
            text += &format!("{}\necho END\n", program(line));
        }
        let ran = run(command.arg("-c").arg(&text));
        let offers: Vec<&str> = ran.stdout.split("END\n").collect();
        assert_eq!(offers.len(), cases.len() + 1, "{name}: {ran:?}");
        let mut offers = offers.into_iter();
        cases.retain(|(line, expected)| {
            let words = offers.next().unwrap().lines();
            let words = words.map(|line| line.split('\t').next().unwrap_or(line));
            let mut words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            words.sort_unstable();
            let nothing_came = words.is_empty();
            assert!(
                nothing_came || words == *expected,
                "{name}: {line:?} gave {words:?}\n{}",
                ran.stderr
            );
            nothing_came
        });
        if cases.is_empty() {
            return;
        }
    }
    panic!("{name}: nothing ever came for {cases:?}");
}

/// What `mcpctl __complete` says; asked again where it was late.
fn completed(sandbox: &Sandbox, kind: &str, prefix: &str) -> Option<String> {
    let mut said = (0..PATIENCE).map(|_| {
        let mut command = sandbox.mcpctl(&["__complete", kind, prefix]);
        run(command.env("MCPCTL_TOKEN", TOKEN)).stdout
    });
    said.find(|said| !said.is_empty())
}

/// Fills the cache.
fn warm_up(sandbox: &Sandbox, server: &FakeServer) {
    for kind in ["llm", "alias", "price", "token"] {
        let came = completed(sandbox, kind, "");
        let asked = server.asked().len();
        assert!(
            came.is_some(),
            "no {kind} came; the server was asked {asked} times"
        );
    }
}

/// As bash does it: the words are split at `:` and `=`, and what is replaced is the last of them.
fn bash_program(line: &str) -> String {
    format!(
        r#"COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
        _mcpctl
        full="${{COMP_LINE##*[[:space:]]}}"; head="${{full%"${{full##*[:=]}}"}}"
        printf '%s\n' "${{COMPREPLY[@]/#/$head}}""#
    )
}

#[test]
fn bash_completes() {
    check("bash", &["--norc"], "", bash_program);
    // A shell that stops at an unset variable must not stop here.
    check("bash", &["--norc", "-u"], "", bash_program);
}

#[test]
fn bash_completes_a_name_with_a_colon() {
    let (sandbox, server) = setup();
    warm_up(&sandbox, &server);
    let script = run(&mut sandbox.mcpctl(&["completions", "bash"])).stdout;
    let program = script
        + "\nCOMP_LINE='mcpctl chat-llm qwen2.5:'; COMP_POINT=${#COMP_LINE}; _mcpctl; \
           printf '%s\\n' \"${COMPREPLY[@]}\"";
    for _ in 0..ROUNDS {
        let Some(mut command) = shell("bash", &["--norc"], &sandbox) else {
            return;
        };
        let ran = run(command.arg("-c").arg(&program));
        // Late, as in `check`.
        if ran.stdout != "\n" {
            assert_eq!(ran.stdout, "7b\n", "{}", ran.stderr);
            return;
        }
    }
    panic!("nothing ever came");
}

/// zsh completes only in its line editor; the builtins that would show the words print them here.
const ZSH: &str = r#"
    autoload -Uz compinit; compinit -u -D
    compset() { before="${PREFIX%%=*}="; PREFIX="${PREFIX#*=}"; }
    show() {
        local word
        for word in "$@"; do [[ $word == "$PREFIX"* ]] && print -r -- "$before$word"; done
    }
    compadd() { [[ $1 == -a ]] && show "${(@P)2}"; }
    _describe() { local list="${@[-1]}"; show "${(@)${(@P)list}%%:*}"; }
"#;

#[test]
fn zsh_completes() {
    check("zsh", &["-f"], ZSH, |line| {
        format!(
            r#"line='{line}'
            words=("${{(@s: :)line}}"); CURRENT=$#words
            PREFIX="${{words[CURRENT]}}"; before=''
            _mcpctl"#
        )
    });
}

#[test]
fn fish_completes() {
    check("fish", &["--no-config"], "", |line| {
        format!("complete --do-complete '{line}'")
    });
}

#[test]
fn completion_is_silent_and_quick_where_nothing_answers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sandbox = Sandbox::new();
    for args in [
        &["__complete", "llm", ""][..],
        &["__complete", "nonsense", "x"],
    ] {
        let mut command = sandbox.mcpctl(args);
        let ran = run(command
            .env("MCPCTL_SERVER", &url)
            .env("MCPCTL_TOKEN", TOKEN));
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (Some(0), "", "")
        );
    }
}

#[test]
fn names_are_asked_for_once_in_a_while() {
    let (sandbox, server) = setup();
    warm_up(&sandbox, &server);
    let before = server.asked().len();
    for _ in 0..3 {
        let names = completed(&sandbox, "llm", "l");
        assert_eq!(names.as_deref(), Some("laptop\n"));
    }
    assert_eq!(server.asked().len(), before);
}
