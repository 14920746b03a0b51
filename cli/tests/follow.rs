//! `describe`, `logs`, `get -w` and `wait`: what is now, and what comes.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::json;
use support::filled::Setup;

#[test]
fn describing_an_llm_joins_what_one_would_look_up_next() {
    let setup = Setup::filled();
    setup.server.answers(
        "/api/v1/load",
        json!({"at": "2026-11-21T09:30:00Z", "items": [
        {"llm": "a", "breaker": "closed", "inFlight": 10, "queued": 0, "requests": 7, "errors": 1,
            "requestsPerSecond": 0.5, "tokensPerSecond": 12.0, "p50Ms": 850}]}),
    );
    setup.server.answers(
        "/api/v1/requests",
        json!({"items": [record("r2", "error", 502), record("r1", "ok", 200)]}),
    );
    setup.server.put(
        "aliases",
        json!({"kind": "Alias", "metadata": {"name": "smart"}, "spec": {"llms": ["a"]}}),
    );
    setup.server.put(
        "prices",
        json!({"kind": "Price", "metadata": {"name": "m"}, "spec": {"input": 1, "output": 2.5}}),
    );
    assert_snapshot!(setup.shown("describe llm/a"), @"
    exit 0
    Kind:                  Llm
    Name:                  a
    Id:                    i
    Labels:                team=docs, a.b/tier=fast
    Resource Version:      1
    Owner:                 alice
    Spec:
      Kind:                public
      Type:                ollama
      Url:                 http://x
      Model:               m
    Status:
      Phase:               active
      In Flight:           10
    Load:
      Breaker:             closed
      Requests:            7
      Errors:              1
      Requests Per Second: 0.5
      Tokens Per Second:   12
      P50:                 850ms
    Price:                 1.00 in, 2.50 out USD per million tokens (of `m`)
    Aliases:               smart
    Events:
      AGE    WHO  PATH              STATUS  OUTCOME  IN  OUT  TOOK
      AGEd  bob  chat/completions  502     error    12  34   1.2s
      AGEd  bob  chat/completions  200     ok       12  34   1.2s
    --- stderr
    Talk to it: mcpctl chat-llm a
    ");
    let ran = setup.run("describe llm b");
    assert!(
        ran.stderr.starts_with(
            "Nobody serves it now: start `mcplocal run` on the machine that has it (alice's)"
        ),
        "{ran:?}"
    );
    setup.server.answers(
        "/api/v1/route/explain",
        json!({"model": "smart", "resolvedAs": "alias",
        "policy": "prefer-local", "onUnavailable": "fail", "wouldGoTo": "a",
        "summary": "a request for the alias `smart` would go to `a`", "candidates": [
            {"llm": "a", "kind": "virtual", "phase": "active", "verdict": "chosen",
                "fallback": 0, "reason": "it can take a request at once", "inFlight": 0, "queued": 0}]}),
    );
    assert_snapshot!(setup.shown("describe alias/smart"), @"
    exit 0
    Kind:   Alias
    Name:   smart
    Spec:
      Llms: a
    Now:
      a request for the alias `smart` would go to `a`
      ORDER  LLM  KIND     PHASE   VERDICT  WHY                            IN-FLIGHT  QUEUED  TTFT  PRICE
      1      a    virtual  active  chosen   it can take a request at once  0          0       -     -
    --- stderr
    Talk to it: mcpctl chat-llm smart
    ");
}

#[test]
fn logs_are_of_jobs_and_of_llms() {
    let setup = Setup::filled();
    setup.server.answers(
        "/api/v1/requests",
        json!({"items": [record("r2", "error", 502), record("r1", "ok", 200)]}),
    );
    assert_snapshot!(setup.shown("logs llm/a --tail 2"), @"
    exit 0
    2020-01-01T00:00:00.000Z  bob  200 ok  12 in, 34 out  1.2s  chat/completions
    2020-01-01T00:00:00.000Z  bob  502 error  12 in, 34 out  1.2s  chat/completions
    ");
    let asked = setup.server.asked();
    assert!(asked.last().unwrap().path.contains("limit=2&llm=a"));
    assert_eq!(setup.run("logs llm a -o jsonpath={.id}").stdout, "r1\nr2\n");
    assert_snapshot!(setup.shown("logs job/ID-1"), @"
    exit 0
    queued: 1 before it, about 1m30s, `laptop` is away
    running on built-in
    1 of 2
    hello
    there
    done
    ");
    assert_snapshot!(setup.shown("logs job/ID-1 --tail 2"), @"
    exit 0
    hello
    there
    done
    ");
    assert_snapshot!(setup.shown("logs alias/smart"), @"
    exit 2
    --- stderr
    error: aliases have no log
    try: LLMs and jobs have one, and the daemon here: mcpctl logs llm/NAME, job/ID or local
    ");
    assert_eq!(setup.run("logs local --since 1h").code, Some(2));
    assert_eq!(setup.run("logs llm").code, Some(2));
    assert_eq!(setup.run("logs local").code, Some(6));
}

#[test]
fn the_log_of_an_llm_is_followed_without_repeats() {
    let setup = Setup::filled();
    setup.server.answers(
        "/api/v1/requests",
        json!({"items": [record("r1", "ok", 200)]}),
    );
    let mut child = setup
        .sandbox
        .at(&setup.server, &["logs", "llm/a", "-f", "-o", "name"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "r1");
    setup.server.answers(
        "/api/v1/requests",
        json!({"items": [record("r2", "ok", 200), record("r1", "ok", 200)]}),
    );
    assert_eq!(lines.next().unwrap().unwrap(), "r2");
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn what_has_no_stream_is_watched_by_looking_again() {
    let setup = Setup::filled();
    let mut child = setup
        .sandbox
        .at(&setup.server, &["get", "jobs,alias", "-w"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let first: Vec<String> = (0..5).map(|_| next()).collect();
    assert!(
        first[0].starts_with("ID") && first[4].starts_with("NAME"),
        "{first:?}"
    );
    setup.server.put(
        "aliases",
        json!({"kind": "Alias", "metadata": {"name": "smart"}, "spec": {"llms": ["a"]}}),
    );
    assert!(next().starts_with("smart  a"));
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_watched_name_that_is_not_there_is_told() {
    let setup = Setup::filled();
    setup.server.watch_events(&["event: synced\ndata: {}\n\n"]);
    assert_snapshot!(setup.shown("get llm aa -w"), @"
    exit 3
    --- stderr
    error: there is no Llm `aa`
    request id: req-1
    try: did you mean `a`?
    ");
}

#[test]
fn a_wait_ends_when_all_stand_as_wanted() {
    let setup = Setup::filled();
    assert_snapshot!(setup.shown("wait job/ID-1 alias/x --for=status=done"), @"
    exit 3
    job/ID-1 condition met
    --- stderr
    error: there is no Alias `x`
    request id: req-1
    try: `mcpctl get alias` lists what there is
    ");
    assert_snapshot!(setup.shown("wait job/ID-1 --for=status=done"), @"
    exit 0
    job/ID-1 condition met
    ");
    assert_snapshot!(setup.shown("wait job ID-1 --for=jsonpath='{.kind}'=echo -o name"), @"
    exit 0
    job/ID-1
    ");
    assert_snapshot!(setup.shown("wait job/ID-2 --for=status=done --timeout 3s"), @"
    exit 6
    --- stderr
    error: timed out waiting for job/ID-2: status=done
    cause: last seen: job/ID-2: running
    try: wait longer with --timeout, or see why: mcpctl describe job/ID-2
    ");
    assert_snapshot!(setup.shown("wait job/ID-1 --for=status=running"), @"
    exit 1
    --- stderr
    error: job/ID-1 ended as done, not as waited for (status=running)
    try: mcpctl describe job/ID-1
    ");
    assert_snapshot!(setup.shown("wait alias/x --for=delete"), @"
    exit 0
    alias/x condition met
    ");
    assert_snapshot!(setup.shown("wait llm --for=status=active"), @"
    exit 2
    --- stderr
    error: name what to wait for, or say --all
    try: mcpctl wait llm/NAME --for=status=active
    ");
    assert_snapshot!(setup.shown("wait llm/a --for=statsu=active"), @"
    exit 2
    --- stderr
    error: invalid value 'statsu=active' for '--for <CONDITION>': write status=WORD, create, delete, jsonpath=PATH or jsonpath=PATH=VALUE; did you mean `status`?

    For more information, try '--help'.
    ");
}

#[test]
fn a_wait_for_an_llm_follows_the_stream() {
    let setup = Setup::filled();
    let llm = |event: &str, phase: &str| {
        format!(
            "event: {event}\ndata: {{\"metadata\":{{\"name\":\"a\"}},\"status\":{{\"phase\":\"{phase}\"}}}}\n\n"
        )
    };
    let synced = "event: synced\ndata: {}\n\n";
    setup.server.watch_events(&[
        &llm("added", "inactive"),
        synced,
        &llm("modified", "active"),
    ]);
    assert_snapshot!(setup.shown("wait llm/a --for=status=active"), @"
    exit 0
    llm/a condition met
    ");
    setup
        .server
        .watch_events(&[&llm("added", "active"), synced, &llm("deleted", "active")]);
    assert_snapshot!(setup.shown("wait llm/a --for=delete"), @"
    exit 0
    llm/a condition met
    ");
    assert_snapshot!(setup.shown("wait llm/a --for=status=inactive"), @"
    exit 3
    --- stderr
    error: llm/a was deleted before status=inactive
    ");
    setup
        .server
        .watch_events(&[&llm("added", "inactive"), synced]);
    assert_snapshot!(setup.shown("wait llm/a --for=status=active --timeout 3s"), @"
    exit 6
    --- stderr
    error: timed out waiting for llm/a: status=active
    cause: last seen: llm/a: inactive
    try: wait longer with --timeout, or see why: mcpctl describe llm/a
    ");
}

fn record(id: &str, outcome: &str, status: u16) -> serde_json::Value {
    json!({"id": id, "at": "2020-01-01T00:00:00.000Z", "model": "a", "llm": "a",
        "provider": "ollama", "principal": "bob", "token": "t", "path": "chat/completions",
        "status": status, "outcome": outcome, "attempts": 1, "cache_hit": false,
        "estimated": false, "tokens_in": 12, "tokens_out": 34, "duration_ms": 1250,
        "cost_usd": 0.0})
}

fn interrupt(pid: u32) {
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}
