//! `mcpctl init` against a server, model servers and an mcplocal that answer as recorded.

#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::fake_local::{self, FakeLocal};
use support::fake_provider::FakeProvider;
use support::terminal::Terminal;
use support::{FakeServer, Sandbox, TOKEN, run, run_with};

/// `mcpctl init` that looks at the ports of these providers alone.
fn init(sandbox: &Sandbox, server: &FakeServer, ports: &[u16], args: &[&str]) -> Command {
    let args: Vec<&str> = ["init"].iter().chain(args).copied().collect();
    let mut command = sandbox.at(server, &args);
    command.env("MCPCTL_INIT_PORTS", ports_of(ports));
    command
}

fn ports_of(ports: &[u16]) -> String {
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    ports.join(",")
}

/// The session that the sandbox's mcplocal holds.
const SESSION: &str = "session-of-this-machine";

/// A server and an mcplocal that serves each of `names` to it.
fn stage(sandbox: &Sandbox, names: &[&str]) -> (FakeServer, FakeLocal) {
    let server = FakeServer::start();
    for name in names {
        serves(&server, name);
    }
    let first = names.first().unwrap_or(&"none");
    let mut status = fake_local::status(&server.url(), first, true, None);
    status["link"]["providerSessionId"] = SESSION.into();
    let local = FakeLocal::start(sandbox, status);
    sandbox.file("provider-session", &format!("{SESSION}\n"));
    put_program(sandbox);
    (server, local)
}

/// The row `name` is active, by this machine.
fn serves(server: &FakeServer, name: &str) {
    server.put("llms", row(name, "alice", SESSION));
}

fn row(name: &str, owner: &str, session: &str) -> Value {
    json!({"metadata": {"name": name, "owner": owner}, "spec": {"kind": "virtual"},
        "status": {"phase": "active", "providerSessionId": session}})
}

/// A program that is found on the PATH, and is never started.
fn put_program(sandbox: &Sandbox) {
    sandbox.file("mcplocal", "");
}

fn with_program(command: &mut Command, sandbox: &Sandbox) {
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", sandbox.home.display()));
}

fn config(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&std::fs::read(sandbox.home.join("config.json")).unwrap()).unwrap()
}

#[test]
fn without_questions_every_chat_model_is_published_and_waited_for() {
    let sandbox = Sandbox::new();
    let (server, local) = stage(&sandbox, &[]);
    let ollama = FakeProvider::ollama(&["llama3.2:3b", "nomic-embed-text:latest"]);
    let vllm = FakeProvider::openai("vllm", &["Qwen/Qwen3-8B"]);
    let mut command = init(&sandbox, &server, &[ollama.port, vllm.port], &["--yes"]);
    with_program(&mut command, &sandbox);
    let child = command
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // They become active when mcplocal was told, not before.
    local.wait_for("reload");
    for name in ["llama3.2-3b", "qwen3-8b"] {
        serves(&server, name);
    }
    let ran = child.wait_with_output().unwrap();
    let (out, err) = (
        String::from_utf8(ran.stdout).unwrap(),
        String::from_utf8(ran.stderr).unwrap(),
    );
    assert_eq!(ran.status.code(), Some(0), "{err}");
    assert!(
        out.contains("llm/llama3.2-3b active (") && out.contains("llm/qwen3-8b active ("),
        "{out}"
    );
    assert!(
        err.contains("Ollama 0.12.6 at") && err.contains("mcpctl chat-llm llama3.2-3b"),
        "{err}"
    );
    assert!(!err.contains(TOKEN) && !out.contains(TOKEN));
    let config = config(&sandbox);
    assert_eq!(config["server"], server.url());
    assert_eq!(
        config["providers"],
        json!([
            {"name": "llama3.2-3b", "type": "ollama", "url": ollama.url(), "model": "llama3.2:3b", "publish": true},
            {"name": "qwen3-8b", "type": "openai", "url": format!("{}/v1", vllm.url()), "model": "Qwen/Qwen3-8B", "publish": true}])
    );
    // Given by the environment, and kept for mcplocal.
    let kept = std::fs::read_to_string(sandbox.home.join("credentials")).unwrap();
    assert!(kept.contains(TOKEN));
}

#[test]
fn again_it_says_what_is_there_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let (server, _local) = stage(&sandbox, &["laptop"]);
    let ollama = FakeProvider::ollama(&["llama3.2:3b"]);
    let before = json!({"note": [1], "server": server.url(), "contexts": {"a": {"server": server.url()}},
        "currentContext": "a", "providers": [{"name": "laptop", "type": "ollama", "url": ollama.url(),
        "model": "llama3.2:3b", "publish": true, "numCtx": 8192}]});
    sandbox.file("config.json", &before.to_string());
    let mut command = init(&sandbox, &server, &[ollama.port], &["--yes"]);
    with_program(&mut command, &sandbox);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stderr.contains("laptop there already"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.starts_with("llm/laptop active ("),
        "{}",
        ran.stdout
    );
    assert_eq!(
        std::fs::read_to_string(sandbox.home.join("config.json")).unwrap(),
        before.to_string()
    );
}

#[test]
fn a_dry_run_shows_the_file_and_writes_none() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    // Bob's, so the name is not free.
    server.put("llms", row("llama3.2-3b", "bob", "s9"));
    let ollama = FakeProvider::ollama(&["llama3.2:3b", "other"]);
    let args = ["--dry-run", "--publish", "llama3.2:3b"];
    let ran = run(&mut init(&sandbox, &server, &[ollama.port], &args));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
    let name = shown["providers"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("llama3.2-3b-"), "{name}");
    assert_eq!(shown["providers"].as_array().unwrap().len(), 1);
    assert_eq!(std::fs::read_dir(&sandbox.home).unwrap().count(), 0);
}

#[test]
fn a_model_that_is_not_there_is_told_with_the_nearest() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    let ollama = FakeProvider::ollama(&["llama3.2:3b"]);
    let ran = run(&mut init(
        &sandbox,
        &server,
        &[ollama.port],
        &["--dry-run", "--publish", "lama3.2:3b"],
    ));
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.stderr.contains("did you mean `llama3.2:3b`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn without_a_model_server_there_is_the_demo() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    let ran = run(&mut init(&sandbox, &server, &[], &["--dry-run"]));
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        shown["providers"],
        json!([{"name": "demo", "type": "demo", "publish": true}])
    );
    assert!(ran.stderr.contains("no model server"), "{}", ran.stderr);
}

#[test]
fn a_server_that_wants_a_key_is_told_of_with_what_to_do() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    let keyed = FakeProvider::start(&[
        ("/v1/models", 401, json!({"error": "Unauthorized"})),
        ("/version", 200, json!({"version": "0.11.0"})),
    ]);
    let elsewhere = FakeProvider::openai("me", &["m"]);
    let args = [
        "--dry-run",
        "--provider",
        &format!("{}/v1", elsewhere.url()),
        "--provider",
        "http://127.0.0.1:1",
    ];
    let ran = run(&mut init(&sandbox, &server, &[keyed.port], &args));
    assert!(
        ran.stderr.contains("vLLM 0.11.0") && ran.stderr.contains("it wants a key"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains(r#""apiKey":{"file":"PATH"}"#),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("no model server answers at http://127.0.0.1:1"),
        "{}",
        ran.stderr
    );
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        shown["providers"][0]["url"],
        format!("{}/v1", elsewhere.url())
    );
}

#[test]
fn ollamas_own_variable_says_where_it_is() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    let ollama = FakeProvider::ollama(&["llama3.2:3b"]);
    let mut command = init(&sandbox, &server, &[], &["--dry-run"]);
    command.env("OLLAMA_HOST", format!("0.0.0.0:{}", ollama.port));
    let shown: Value = serde_json::from_str(&run(&mut command).stdout).unwrap();
    assert_eq!(shown["providers"][0]["url"], ollama.url());
}

#[test]
fn a_token_comes_from_stdin_and_one_that_may_not_publish_is_refused() {
    let sandbox = Sandbox::new();
    let (server, _local) = stage(&sandbox, &["demo"]);
    let start = |args: &[&str]| {
        let mut command = init(&sandbox, &server, &[], args);
        command.env_remove("MCPCTL_TOKEN");
        with_program(&mut command, &sandbox);
        command
    };
    let none = run(&mut start(&["--yes"]));
    assert_eq!(none.code, Some(4), "{none:?}");
    assert!(none.stderr.contains("--token-stdin"), "{}", none.stderr);
    let wrong = run_with(&mut start(&["--yes", "--token-stdin"]), "mcp_wrong\n");
    assert_eq!(wrong.code, Some(4), "{wrong:?}");
    assert!(
        !sandbox.home.join("config.json").exists() && !sandbox.home.join("credentials").exists()
    );
    server.answers(
        "/api/v1/whoami",
        json!({"principal": "bob", "roles": ["user"], "serverVersion": "9"}),
    );
    let user = run_with(&mut start(&["--yes", "--token-stdin"]), TOKEN);
    assert_eq!(user.code, Some(4), "{user:?}");
    assert!(user.stderr.contains("--role publisher"), "{}", user.stderr);
    server.answers(
        "/api/v1/whoami",
        json!({"principal": "bob", "roles": ["publisher"], "serverVersion": "9"}),
    );
    let good = run_with(&mut start(&["--yes", "--token-stdin"]), TOKEN);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.stdout.starts_with("llm/demo active ("));
}

#[test]
fn mcplocal_is_not_moved_to_another_server_unasked() {
    let sandbox = Sandbox::new();
    let (server, _local) = stage(&sandbox, &["demo"]);
    let before = r#"{"server": "http://other:1", "providers": []}"#;
    sandbox.file("config.json", before);
    let mut command = init(&sandbox, &server, &[], &["--yes"]);
    with_program(&mut command, &sandbox);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("mcplocal publishes to http://other:1"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        std::fs::read_to_string(sandbox.home.join("config.json")).unwrap(),
        before
    );
    let url = server.url();
    let mut command = init(&sandbox, &server, &[], &["--yes", "--server", &url]);
    with_program(&mut command, &sandbox);
    assert_eq!(run(&mut command).code, Some(0));
    assert_eq!(config(&sandbox)["server"], url);
}

#[test]
fn a_model_that_does_not_become_active_is_told_with_mcplocals_reason() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    let why = "Ollama has no model `m`";
    let _local = FakeLocal::start(
        &sandbox,
        fake_local::status(&server.url(), "demo", false, Some(why)),
    );
    put_program(&sandbox);
    let mut command = init(&sandbox, &server, &[], &["--yes"]);
    with_program(&mut command, &sandbox);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(
        ran.stderr
            .contains(&format!("llm/demo is not active: {why}")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("mcpctl doctor"), "{}", ran.stderr);
}

#[test]
fn without_a_terminal_it_says_which_flag_answers() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    let ran = run(&mut init(&sandbox, &server, &[], &[]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("`mcpctl init --yes`"), "{}", ran.stderr);
    let ran = run_with(&mut init(&sandbox, &server, &[], &["--token-stdin"]), TOKEN);
    assert_eq!(ran.code, Some(2));
}

#[test]
fn a_server_that_is_away_is_told_as_everywhere() {
    let sandbox = Sandbox::new();
    put_program(&sandbox);
    let mut command = sandbox.mcpctl(&["init", "--yes", "--server", "http://127.0.0.1:1"]);
    with_program(&mut command, &sandbox);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(
        ran.stderr.contains("refused the connection"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_person_is_asked_nonsense_is_asked_again_and_ctrl_c_leaves_all_as_it_was() {
    let sandbox = Sandbox::new();
    let (server, _local) = stage(&sandbox, &["llama3.2-3b"]);
    let ollama = FakeProvider::ollama(&["llama3.2:3b", "qwen3:8b"]);
    let env = format!(
        "MCPCTL_INIT_PORTS={} PATH={}:/usr/bin:/bin",
        ollama.port,
        sandbox.home.display()
    );
    let Some(terminal) = Terminal::start_with(&sandbox, &server, &env, "init", 80) else {
        return;
    };
    let screen = terminal.wait("the question", |screen| screen.ends_with("[1]:"));
    assert!(
        screen.contains("1   llama3.2:3b  Ollama  chat  llama3.2-3b"),
        "{screen}"
    );
    terminal.press(&["1-9", "Enter"]);
    terminal.wait("the complaint", |screen| {
        screen.contains("the list goes from 1 to 2") && screen.ends_with("[1]:")
    });
    terminal.press(&["Enter"]);
    terminal.wait("the next question", |screen| screen.ends_with("[y/N]:"));
    terminal.press(&["C-c"]);
    // The shell around it goes, too, as it does in a script.
    terminal.wait("nothing any more", str::is_empty);
    assert!(
        !sandbox.home.join("config.json").exists() && !sandbox.home.join("credentials").exists()
    );

    let Some(terminal) = Terminal::start_with(&sandbox, &server, &env, "init", 80) else {
        return;
    };
    terminal.wait("the question", |screen| screen.ends_with("[1]:"));
    terminal.press(&["Enter"]);
    terminal.wait("the next question", |screen| screen.ends_with("[y/N]:"));
    terminal.press(&["y", "Enter"]);
    let screen = terminal.wait("the end", |screen| screen.contains("ended 0"));
    assert!(screen.contains("llm/llama3.2-3b active ("), "{screen}");
    assert_eq!(config(&sandbox)["providers"][0]["name"], "llama3.2-3b");
    // The admin's token is not kept: one of lesser rights was made.
    let asked = server.asked();
    let made = asked
        .iter()
        .find(|asked| asked.method == "POST" && asked.path == "/api/v1/tokens");
    assert!(
        made.unwrap()
            .body
            .contains(r#""roles":["publisher","user"]"#)
    );
    let kept = std::fs::read_to_string(sandbox.home.join("credentials")).unwrap();
    assert!(kept.contains("mcp_new_token_value") && !kept.contains(TOKEN));
}

#[test]
fn where_mcplocal_is_not_installed_nothing_is_asked() {
    let sandbox = Sandbox::new();
    let alone = sandbox.home.join("mcpctl");
    let program = env!("CARGO_BIN_EXE_mcpctl");
    // A program of its own folder, with nothing beside it.
    if std::fs::hard_link(program, &alone).is_err() {
        std::fs::copy(program, &alone).unwrap();
    }
    let mut command = Command::new(&alone);
    command
        .args(["init", "--yes"])
        .env_clear()
        .env("MCPCTL_HOME", sandbox.home.join("home"));
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr
            .contains("`mcplocal`, which publishes models, is not installed"),
        "{}",
        ran.stderr
    );
}
