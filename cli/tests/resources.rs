//! `get`, `describe`, `create`, `apply`, `delete` against a server.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use insta::assert_snapshot;
use support::{FakeServer, Sandbox, run, run_with};

fn setup() -> (Sandbox, FakeServer) {
    (Sandbox::new(), FakeServer::start())
}

#[test]
fn get_llm_prints_the_promised_columns() {
    let (sandbox, server) = setup();
    let ran = run(&mut sandbox.at(&server, &["get", "llm"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 0
    NAME    KIND     STATUS  TYPE    MODEL        TIER  KEY                    ID
    gpt     public   active  openai  gpt-4o       -     secret/openai#api-key  id-gpt
    laptop  virtual  active  ollama  llama3.2:3b  -     -                      id-laptop
    ");
}

#[test]
fn every_way_to_name_llms_gives_the_same_rows() {
    let (sandbox, server) = setup();
    for args in [
        &["get", "llm", "laptop", "--no-headers"][..],
        &["get", "llms", "laptop", "--no-headers"],
        &["get", "llm/laptop", "--no-headers"],
        &["get", "model", "laptop", "--no-headers"],
    ] {
        let ran = run(&mut sandbox.at(&server, args));
        assert!(ran.stdout.starts_with("laptop  virtual  active"), "{ran:?}");
        assert_eq!(ran.stdout.lines().count(), 1);
    }
}

#[test]
fn wide_json_yaml_and_name_are_what_scripts_expect() {
    let (sandbox, server) = setup();
    let get = |args: &[&str]| run(&mut sandbox.at(&server, &[&["get"], args].concat())).stdout;
    let wide = get(&["llm", "-o", "wide"]);
    let header = "NAME    KIND     STATUS  TYPE    MODEL        TIER  KEY                    \
        ID         OWNER  IN-FLIGHT  HEARTBEAT  AGE";
    assert_eq!(wide.lines().next(), Some(header));
    assert_eq!(get(&["llm", "-o", "name"]), "llm/gpt\nllm/laptop\n");
    let list: serde_json::Value = serde_json::from_str(&get(&["llm", "-o", "json"])).unwrap();
    assert_eq!(list["kind"], "LlmList");
    assert_eq!(list["items"][1]["spec"]["x-newer"]["kept"][0], 1.5);
    assert_snapshot!(get(&["llm", "laptop", "-o", "yaml"]), @r#"
    apiVersion: mcpctl/v1
    kind: Llm
    metadata:
      name: laptop
      id: id-laptop
      owner: alice
      createdAt: "2020-01-01T00:00:00.000Z"
      resourceVersion: 1
    spec:
      kind: virtual
      type: ollama
      model: llama3.2:3b
      x-newer:
        kept:
        - 1.5
    status:
      phase: active
      inFlight: 0
      queued: 0
    "#);
    let both: serde_json::Value =
        serde_json::from_str(&get(&["llm,secret", "-o", "json"])).unwrap();
    assert_eq!(both["kind"], "List");
}

#[test]
fn an_empty_list_says_so_on_stderr() {
    let (sandbox, server) = setup();
    server.remove_all();
    let ran = run(&mut sandbox.at(&server, &["get", "llm"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert!(ran.stderr.starts_with("No LLMs;"), "{}", ran.stderr);
}

#[test]
fn a_missing_name_offers_the_near_one_and_shows_those_that_are_there() {
    let (sandbox, server) = setup();
    let ran = run(&mut sandbox.at(&server, &["get", "llm", "lapto", "gpt", "--no-headers"]));
    assert!(ran.stdout.starts_with("gpt"), "{ran:?}");
    let ran = run(&mut sandbox.at(&server, &["get", "llm", "lapto"]));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 3
    --- stderr
    error: there is no Llm `lapto`
    request id: req-1
    try: did you mean `laptop`?
    ");
}

#[test]
fn describe_shows_all_fields_and_the_next_step() {
    let (sandbox, server) = setup();
    let ran = run(&mut sandbox.at(&server, &["describe", "llm/gpt"]));
    assert!(ran.stdout.contains("Key:"), "{ran:?}");
    assert!(ran.stdout.contains("secret/openai#api-key"));
    assert_eq!(ran.stderr, "Talk to it: mcpctl chat-llm gpt\n");
}

#[test]
fn an_llm_is_created_once() {
    let (sandbox, server) = setup();
    let args = [
        "create", "llm", "org/m", "--type", "demo", "--model", "demo",
    ];
    let ran = run(&mut sandbox.at(&server, &args));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "llm/org/m created\n")
    );
    let ran = run(&mut sandbox.at(&server, &args));
    assert_snapshot!(ran.shown(Some(&server), &sandbox.home), @"
    exit 5
    --- stderr
    error: there is a Llm `org/m` already
    request id: req-1
    try: choose another
    ");
    let ran = run(&mut sandbox.at(&server, &["get", "llm", "org/m", "-o", "name"]));
    assert_eq!(ran.stdout, "llm/org/m\n");
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let (sandbox, server) = setup();
    let args = [
        "create", "llm", "x", "--type", "openai", "--model", "m", "--url", "http://x",
    ];
    let args = [&args[..], &["--key", "sk-canary"]].concat();
    let ran = run(&mut sandbox.at(&server, &args));
    assert_eq!(ran.code, Some(2));
    assert!(!ran.stderr.contains("canary") && ran.stderr.contains("secret/NAME#FIELD"));
}

#[test]
fn a_secret_comes_from_stdin_files_and_variables_and_is_never_shown() {
    let (sandbox, server) = setup();
    let file = sandbox.file("cert", "canary-file\n");
    let from_file = format!("cert={}", file.display());
    let mut command = sandbox.at(
        &server,
        &[
            "-v",
            "create",
            "secret",
            "s",
            "--from-stdin",
            "a",
            "--from-env",
            "b=B",
            "--from-file",
            &from_file,
        ],
    );
    let ran = run_with(command.env("B", "canary-env"), "canary-stdin\n");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "secret/s created\n"),
        "{ran:?}"
    );
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    let sent: serde_json::Value = serde_json::from_str(&server.asked()[0].body).unwrap();
    assert_eq!(
        sent["data"],
        serde_json::json!({"cert": "canary-file\n", "b": "canary-env", "a": "canary-stdin"})
    );
    let ran = run(&mut sandbox.at(&server, &["get", "secret", "--no-headers"]));
    assert!(ran.stdout.starts_with("s  cert,b,a "), "{ran:?}");
}

#[test]
fn a_token_s_value_is_alone_on_stdout() {
    let (sandbox, server) = setup();
    let args = [
        "create",
        "token",
        "ci",
        "--role",
        "user",
        "--expires",
        "30d",
    ];
    let ran = run(&mut sandbox.at(&server, &args));
    assert_eq!(ran.stdout, "mcp_new_token_value\n");
    assert!(ran.stderr.contains("shown this once"));
    let ran = run(&mut sandbox.at(&server, &["create", "token", "x", "--role", "king"]));
    assert_eq!(ran.code, Some(2));
}

const MANIFEST: &str = "\
apiVersion: mcpctl/v1
kind: Llm
metadata: {name: new}
spec: {kind: public, type: openai, model: m, url: 'https://x/v1', maxConcurrency: 3}
---
name: gpt
type: openai
model: gpt-4o
url: https://api.example/v1
key: secret/openai#api-key
x-newer: {kept: [1.5]}
";

#[test]
fn applying_twice_changes_nothing_the_second_time() {
    let (sandbox, server) = setup();
    let file = sandbox.file("llms.yaml", MANIFEST);
    let path = file.to_str().unwrap();
    let apply = |args: &[&str]| {
        run(&mut sandbox.at(&server, &[&["apply", "-f", path], args].concat())).stdout
    };
    assert_eq!(
        apply(&["--dry-run"]),
        "llm/new created (dry run)\nllm/gpt unchanged (dry run)\n"
    );
    assert!(server.asked().iter().all(|asked| asked.method == "GET"));
    assert_eq!(apply(&[]), "llm/new created\nllm/gpt unchanged\n");
    assert_eq!(apply(&[]), "llm/new unchanged\nllm/gpt unchanged\n");
    let changed = MANIFEST.replace("model: m,", "model: other,");
    let ran = run_with(&mut sandbox.at(&server, &["apply", "-f", "-"]), &changed);
    assert_eq!(ran.stdout, "llm/new configured\nllm/gpt unchanged\n");
}

#[test]
fn what_get_prints_can_be_applied() {
    let (sandbox, server) = setup();
    for format in ["yaml", "json"] {
        let got = run(&mut sandbox.at(&server, &["get", "llm", "-o", format])).stdout;
        let ran = run_with(&mut sandbox.at(&server, &["apply", "-f", "-"]), &got);
        assert_eq!(
            ran.stdout, "llm/gpt unchanged\nllm/laptop unchanged\n",
            "{ran:?}"
        );
    }
}

#[test]
fn one_bad_document_does_not_stop_the_others() {
    let (sandbox, server) = setup();
    let manifest = MANIFEST.replace("name: new", "name: forbidden");
    let ran = run_with(&mut sandbox.at(&server, &["apply", "-f", "-"]), &manifest);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(4), "llm/gpt unchanged\n")
    );
    assert!(
        ran.stderr.contains("cause: applying stdin, document 1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn one_named_resource_is_deleted_at_once_and_many_need_a_word() {
    let (sandbox, server) = setup();
    let delete = |args: &[&str]| run(&mut sandbox.at(&server, &[&["delete"], args].concat()));
    let ran = delete(&["llm", "gpt", "laptop"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("try: add --yes"), "{}", ran.stderr);
    assert_eq!(delete(&["llm", "--all"]).code, Some(2));
    assert_eq!(delete(&["llm"]).code, Some(2));
    assert_eq!(delete(&["llm/gpt"]).stdout, "llm/gpt deleted\n");
    assert_eq!(
        delete(&["llm", "--all", "--yes"]).stdout,
        "llm/laptop deleted\n"
    );
    assert_eq!(delete(&["llm", "gpt"]).code, Some(3));
}

#[test]
fn watching_prints_the_list_and_then_each_change() {
    use std::io::{BufRead, BufReader};
    let (sandbox, server) = setup();
    let llm = |event: &str, name: &str, phase: &str| {
        format!(
            "event: {event}\ndata: {{\"metadata\":{{\"name\":\"{name}\"}},\"spec\":{{\"kind\":\
             \"virtual\",\"type\":\"demo\",\"model\":\"m\"}},\"status\":{{\"phase\":\"{phase}\"}}}}\n\n"
        )
    };
    server.watch_events(&[
        &llm("added", "a", "active"),
        &llm("added", "b", "active"),
        "event: synced\ndata: {}\n\n",
        &llm("modified", "a", "inactive"),
        &llm("modified", "a", "inactive"),
        &llm("deleted", "b", "active"),
    ]);
    let mut child = sandbox
        .at(&server, &["get", "llm", "-w"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines: Vec<String> = lines.take(5).map(|line| line.unwrap()).collect();
    assert_snapshot!(lines.join("\n"), @"
    NAME  KIND     STATUS  TYPE  MODEL  TIER  KEY  ID
    a     virtual  active  demo  m      -     -    -
    b     virtual  active  demo  m      -     -    -
    a     virtual  inactive  demo  m      -     -    -
    b     virtual  deleted  demo  m      -     -    -
    ");
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

fn interrupt(pid: u32) {
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}
