//! Verbs on jobs against a server: made, listed, followed, taken back.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::{Value, json};
use support::fake_jobs::{Trouble, id};
use support::terminal::Terminal;
use support::{FakeServer, Ran, Sandbox, run, run_with};

struct Setup {
    sandbox: Sandbox,
    server: FakeServer,
}

impl Setup {
    fn new() -> Self {
        Self {
            sandbox: Sandbox::new(),
            server: FakeServer::start(),
        }
    }

    fn run(&self, line: &str) -> Ran {
        let line = self.with_ids(line);
        let words: Vec<_> = line.split_whitespace().collect();
        run(&mut self.sandbox.at(&self.server, &words))
    }

    fn shown(&self, line: &str) -> String {
        let ran = self.run(line);
        let mut text = ran.shown(Some(&self.server), &self.sandbox.home);
        for n in 1..10 {
            text = text.replace(&id(n), &format!("ID-{n}"));
        }
        text
    }

    /// `ID-1` stands for the first job's id.
    fn with_ids(&self, line: &str) -> String {
        (1..10).fold(line.to_owned(), |line, n| {
            line.replace(&format!("ID-{n}"), &id(n))
        })
    }

    fn put(&self, fields: Value) {
        self.server.jobs().put(fields);
    }

    fn last_body(&self) -> Value {
        let asked = self.server.asked();
        serde_json::from_str(&asked.last().unwrap().body).unwrap()
    }
}

#[test]
fn a_job_is_created_from_flags() {
    let setup = Setup::new();
    assert_snapshot!(setup.shown("create job --kind llm.chat --llm laptop --prompt hi --system short"), @"
    exit 0
    job/ID-1 created
    --- stderr
    Follow it: mcpctl jobs watch ID-1
    ");
    assert_eq!(
        setup.last_body(),
        json!({"kind": "llm.chat", "payload": {"llm": "laptop", "messages": [
            {"role": "system", "content": "short"}, {"role": "user", "content": "hi"}]},
            "priority": 0, "max_attempts": 3})
    );
    let ran = setup.run(
        "create job --kind render --payload {\"a\":1.0} --priority -3 --max-attempts 5 \
         --run-at 2026-11-21T09:30:00Z --deadline 2026-11-22T09:30:00Z --unique-key k \
         --label team=docs --label x= --idempotency-key order-17 -o name",
    );
    assert_eq!(ran.stdout, format!("job/{}\n", id(2)), "{ran:?}");
    let asked = setup.server.asked();
    let last = asked.last().unwrap();
    assert_eq!(last.headers["idempotency-key"], "order-17");
    assert!(
        last.body.contains(r#""payload":{"a":1.0}"#),
        "{}",
        last.body
    );
    assert_eq!(
        setup.last_body(),
        json!({"kind": "render", "payload": {"a": 1.0}, "priority": -3, "max_attempts": 5,
            "deadline_at": "2026-11-22T09:30:00.000Z", "run_at": "2026-11-21T09:30:00.000Z",
            "unique_key": "k", "labels": {"team": "docs", "x": ""}})
    );
    let mut command = setup.sandbox.at(
        &setup.server,
        &["create", "job", "--kind", "echo", "--payload", "-", "-q"],
    );
    let ran = run_with(&mut command, "[1]");
    assert_eq!(ran.stdout, format!("{}\n", id(3)), "{ran:?}");
    let file = setup.sandbox.file("p.json", "{\"f\": 2}");
    let ran = setup.run(&format!(
        "create job --kind echo --payload @{} -o json",
        file.display()
    ));
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["job_id"], id(4));
    assert_eq!(setup.last_body()["payload"], json!({"f": 2}));
}

#[test]
fn what_makes_no_job_is_told_before_anything_is_sent() {
    let setup = Setup::new();
    assert_eq!(setup.run("create job --kind echo").code, Some(2));
    assert_eq!(setup.run("create job --llm x").code, Some(2));
    assert_snapshot!(setup.shown("create job --kind echo --payload {a}"), @r#"
    exit 2
    --- stderr
    error: --payload is not JSON
    cause: key must be a string at line 1 column 2
    try: quote it for the shell, such as --payload '{"a": 1}', or use @FILE
    "#);
    assert_snapshot!(setup.shown("create job --kind echo --llm a --prompt b"), @"
    exit 2
    --- stderr
    error: --llm makes the payload of llm.chat, not of echo
    try: give the payload itself: --payload JSON
    ");
    assert_snapshot!(setup.shown("create job --kind ü --payload 1"), @"
    exit 2
    --- stderr
    error: the job is not valid
    cause: `kind` must be 1 to 64 letters, digits and `.` `_` `-` `:` `/`, such as `llm.chat`
    ");
    assert!(setup.server.asked().is_empty());
}

#[test]
fn a_warning_of_the_server_is_passed_on() {
    let setup = Setup::new();
    setup
        .server
        .jobs()
        .warns("no LLM `lapto` is known now; did you mean `laptop`?");
    assert_snapshot!(setup.shown("create job --llm lapto --prompt hi"), @"
    exit 0
    job/ID-1 created
    --- stderr
    warning: no LLM `lapto` is known now; did you mean `laptop`?
    Follow it: mcpctl jobs watch ID-1
    ");
}

#[test]
fn a_job_whose_answer_was_lost_says_how_to_go_on() {
    let setup = Setup::new();
    setup
        .server
        .jobs()
        .trouble("/v1/jobs", &[Trouble::Unavailable, Trouble::Unavailable]);
    assert_snapshot!(setup.shown("create job --llm laptop --prompt hi"), @"
    exit 6
    --- stderr
    error: the server is stopping
    request id: req-1
    try: `mcpctl get jobs` shows whether it was accepted all the same; with --idempotency-key KEY the command can be repeated safely
    ");
    let ran = setup.run("create job --llm laptop --prompt hi --idempotency-key k");
    assert!(ran.stderr.contains("there is one job"), "{ran:?}");
}

#[test]
fn waiting_for_a_job_prints_its_answer_alone() {
    let setup = Setup::new();
    assert_snapshot!(setup.shown("create job --llm laptop --prompt hi --wait"), @"
    exit 0
    hello
    there
    ");
    let ran = setup.run("create job --kind echo --payload 1 --wait -o json");
    let job: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(job["id"], id(2));
    assert_snapshot!(setup.shown("create job --kind echo --payload \"fail\" --wait"), @"
    exit 1
    --- stderr
    error: job ID-3 failed
    cause: the model is on strike
    try: mcpctl describe job ID-3; once more: mcpctl jobs retry ID-3
    ");
    assert_snapshot!(setup.shown("create job --kind echo --payload \"slow\" --wait --timeout 200ms"), @"
    exit 6
    --- stderr
    error: job ID-4 did not end in time
    try: it goes on: mcpctl jobs watch ID-4
    ");
}

#[test]
fn ctrl_c_leaves_the_job_alone_and_says_how_to_go_on() {
    let setup = Setup::new();
    let args = [
        "create",
        "job",
        "--kind",
        "echo",
        "--payload",
        "\"slow\"",
        "--wait",
        "-v",
    ];
    let mut command = setup.sandbox.at(&setup.server, &args);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // The head of the stream's answer: from now on it waits.
    let streams = lines
        .by_ref()
        .any(|line| line.unwrap().contains("text/event-stream"));
    assert!(streams);
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let said: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(
        said.join("\n").replace(&id(1), "ID"),
        "The job goes on. Watch it: mcpctl jobs watch ID; take it back: mcpctl jobs cancel ID"
    );
}

fn interrupt(pid: u32) {
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// A table without its last column: ages grow while tests run.
fn without_age(table: &str) -> String {
    let lines = table
        .lines()
        .map(|line| match line.trim_end().rsplit_once("  ") {
            Some((rest, _)) if !line.starts_with("---") => format!("{}\n", rest.trim_end()),
            _ => format!("{line}\n"),
        });
    lines.collect()
}

fn put_some(setup: &Setup) {
    setup.put(json!({"kind": "llm.chat", "waits_for": "laptop", "source": "cron"}));
    setup.put(
        json!({"status": "running", "worker": "built-in", "attempts": 1,
        "cancel_requested": true}),
    );
    setup.put(json!({"kind": "llm.chat", "status": "error", "attempts": 3,
        "error": "the model is on strike", "priority": 5}));
}

#[test]
fn jobs_are_listed_page_by_page() {
    let setup = Setup::new();
    assert_snapshot!(setup.shown("get jobs"), @"
    exit 0
    --- stderr
    No jobs; submit one with `mcpctl create job`
    ");
    put_some(&setup);
    assert_snapshot!(without_age(&setup.shown("get j")), @"
    exit 0
    ID                                    KIND      STATUS     ATTEMPTS  WAITS-FOR  WORKER
    ID-3  llm.chat  error      3/3       -          -
    ID-2  echo      canceling  1/3       -          built-in
    ID-1  llm.chat  queued     0/3       laptop     -
    ");
    assert_eq!(
        setup.server.asked().len(),
        3,
        "one for none, then two pages"
    );
    assert_snapshot!(without_age(&setup.shown("get jobs -o wide")), @"
    exit 0
    ID                                    KIND      STATUS     ATTEMPTS  WAITS-FOR  WORKER    PRIORITY  SOURCE  ERROR
    ID-3  llm.chat  error      3/3       -          -         5         -       the model is on strike
    ID-2  echo      canceling  1/3       -          built-in  0         -       -
    ID-1  llm.chat  queued     0/3       laptop     -         0         cron    -
    ");
    assert_snapshot!(setup.shown("get jobs --kind llm.chat --status error -o name"), @"
    exit 0
    job/ID-3
    ");
    assert_snapshot!(without_age(&setup.shown("get jobs --limit 1 --no-headers")), @"
    exit 0
    ID-3  llm.chat  error  3/3  -  -
    --- stderr
    There are more: --limit 10 shows more of them
    ");
    let ran = setup.run("get jobs -o json");
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(list["jobs"].as_array().unwrap().len(), 3);
}

#[test]
fn single_jobs_are_shown_as_they_are() {
    let setup = Setup::new();
    setup.put(json!({"payload": {"a": 1}, "later": [1.5]}));
    let ran = setup.run("get job ID-1 -o json");
    let job: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&job["payload"]["a"], &job["later"][0]),
        (&json!(1), &json!(1.5))
    );
    assert!(setup.run("get job/ID-1").stdout.contains("0/3"));
    assert_snapshot!(setup.shown("get job ID-7"), @"
    exit 3
    --- stderr
    error: there is no job `ID-7`
    request id: req-1
    try: `mcpctl get jobs` lists what there is
    ");
    assert_snapshot!(setup.shown("get job seven"), @"
    exit 3
    --- stderr
    error: there is no job `seven`
    cause: a job's id is a UUID, such as ID-1
    try: `mcpctl get jobs` lists what there is
    ");
    assert_snapshot!(setup.shown("get jobs --llm x"), @"
    exit 2
    --- stderr
    error: --llm does not go with these jobs
    try: `get jobs` takes --status, --kind and --limit
    ");
    assert_eq!(setup.run("get llm --status done").code, Some(2));
    assert_eq!(setup.run("get jbos").code, Some(2));
}

#[test]
fn describe_shows_fields_attempts_events_and_the_next_step() {
    let setup = Setup::new();
    setup.put(
        json!({"kind": "llm.chat", "status": "done", "payload": {"llm": "laptop"},
        "result": {"response": "x".repeat(600)}, "attempts": 2, "history": [
        {"number": 1, "worker": "w1", "started_at": "2020-01-01T00:00:00Z",
            "ended_at": "2020-01-01T00:00:02.500Z", "outcome": "lease_ended", "error": "silent"},
        {"number": 2, "worker": "w2", "started_at": "2020-01-01T00:00:04Z",
            "ended_at": "2020-01-01T00:00:05Z", "outcome": "done", "error": null}]}),
    );
    let shown = setup
        .shown("describe job ID-1")
        .replace(&"x".repeat(380), "x..");
    let ages = shown.lines().map(|line| match line.split_once(" (") {
        Some((rest, age)) if age.ends_with(" ago)") => format!("{rest}\n"),
        _ => format!("{line}\n"),
    });
    assert_snapshot!(ages.collect::<String>(), @r#"
    exit 0
    Id:           ID-1
    Kind:         llm.chat
    Payload:      {"llm":"laptop"}
    Status:       done
    Attempts:     2
    Max Attempts: 3
    Priority:     0
    Lease Until:  -
    Deadline At:  -
    Result:       {"response":"x..xxxxxxx… (615 bytes, -o json shows all)
    Error:        -
    Queued At:    2020-01-01T00:00:00.000Z
    Updated At:   2020-01-01T00:00:00.000Z
    Principal:    alice

    Attempts:
      NUMBER  WORKER  STARTED               TOOK  OUTCOME      ERROR
      1       w1      2020-01-01T00:00:00Z  2.5s  lease_ended  silent
      2       w2      2020-01-01T00:00:04Z  1.0s  done         -

    Events:
      queued: 1 before it, about 1m30s, `laptop` is away
      running on built-in
      1 of 2
      answer: 11 characters in 2 chunks
      done
    --- stderr
    Its whole result: mcpctl get job ID-1 -o json
    "#);
    assert_eq!(setup.run("describe job").code, Some(2));
}

#[test]
fn one_job_is_watched_as_lines_and_text() {
    let setup = Setup::new();
    setup.put(json!({}));
    setup.put(json!({"payload": "fail"}));
    assert_snapshot!(setup.shown("jobs watch ID-1"), @"
    exit 0
    queued: 1 before it, about 1m30s, `laptop` is away
    running on built-in
    1 of 2
    hello
    there
    done
    ");
    assert_snapshot!(setup.shown("jobs watch job/ID-2"), @"
    exit 1
    queued: 1 before it, about 1m30s, `laptop` is away
    running on built-in
    failed: the model is on strike
    --- stderr
    error: job ID-2 failed
    cause: the model is on strike
    try: mcpctl describe job ID-2; once more: mcpctl jobs retry ID-2
    ");
    let ran = setup.run("jobs watch ID-1 -o json");
    let last: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["id"]), (&json!("done"), &json!("6")));
    assert_eq!(setup.run("jobs watch ID-9").code, Some(3));
}

#[test]
fn a_broken_stream_goes_on_behind_the_last_event() {
    let setup = Setup::new();
    setup.put(json!({}));
    setup.server.jobs().cut_after(4);
    let whole = setup.run("jobs watch ID-1");
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert_eq!(
        whole.stdout,
        "queued: 1 before it, about 1m30s, `laptop` is away\nrunning on built-in\n1 of 2\n\
         hello\nthere\ndone\n"
    );
    let asked = setup.server.asked();
    let after = asked.iter().filter(|asked| asked.path.contains("stream"));
    let after: Vec<_> = after
        .map(|asked| asked.headers.get("last-event-id"))
        .collect();
    assert_eq!(after, [None, Some(&"4".to_owned())]);
    assert!(whole.stderr.contains("trying again"), "{whole:?}");
    assert!(whole.stderr.ends_with("The server is back\n"), "{whole:?}");
}

#[test]
fn a_server_that_restarts_in_between_loses_nothing() {
    let setup = Setup::new();
    setup.put(json!({}));
    let trouble = [Trouble::HangUp, Trouble::Unavailable];
    setup.server.jobs().trouble("/stream", &trouble);
    let ran = setup.run("jobs watch ID-1");
    assert_eq!(ran.code, Some(6), "at the start a failure is told: {ran:?}");
    setup.server.jobs().cut_after(3);
    let ran = setup.run("create job --kind echo --payload 1 --wait");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hello\nthere\n"),
        "{ran:?}"
    );
}

#[test]
fn a_job_that_ended_without_a_word_is_looked_at() {
    let setup = Setup::new();
    setup.put(json!({"payload": "mute", "status": "error", "error": "its worker died"}));
    let ran = setup.run("jobs watch ID-1");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.ends_with("failed: its worker died\n"), "{ran:?}");
}

#[test]
fn an_outage_is_told_once() {
    let setup = Setup::new();
    setup.put(json!({}));
    setup.server.jobs().cut_after(4);
    // The first connection stands: the trouble meets the ones behind it.
    let trouble = [Trouble::Pass, Trouble::HangUp, Trouble::Unavailable];
    setup.server.jobs().trouble("/stream", &trouble);
    let ran = setup.run("jobs watch ID-1");
    let stderr = ran.stderr;
    assert!(ran.stdout.starts_with("queued"), "{}", ran.stdout);
    assert_eq!(ran.code, Some(0), "{stderr}");
    assert_eq!(stderr.matches("trying again").count(), 1, "{stderr}");
    assert_eq!(stderr.matches("The server is back").count(), 1, "{stderr}");
}

#[test]
fn several_jobs_are_watched_at_once() {
    let setup = Setup::new();
    setup.put(json!({}));
    setup.put(json!({"payload": "fail"}));
    let ran = setup.run("jobs watch ID-1 ID-2");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let of = |n| {
        let lines = ran
            .stdout
            .lines()
            .filter_map(move |line| line.strip_prefix(&format!("{} ", id(n))));
        lines.map(String::from).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(of(1), @"
    queued: 1 before it, about 1m30s, `laptop` is away
    running on built-in
    1 of 2
    done
    ");
    assert_snapshot!(of(2), @"
    queued: 1 before it, about 1m30s, `laptop` is away
    running on built-in
    failed: the model is on strike
    ");
    let ran = setup.run("jobs watch ID-1 ID-9");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.stdout.contains("done"),
        "one that is missing does not stop the other"
    );
}

#[test]
fn logs_show_what_was_told_so_far() {
    let setup = Setup::new();
    setup.put(json!({"payload": "slow"}));
    setup.put(json!({"payload": "fail"}));
    assert_snapshot!(setup.shown("jobs logs ID-1"), @"
    exit 0
    queued: 1 before it, about 1m30s, `laptop` is away
    running on built-in
    ");
    assert_snapshot!(setup.shown("jobs logs ID-2 -f"), @"
    exit 0
    queued: 1 before it, about 1m30s, `laptop` is away
    running on built-in
    failed: the model is on strike
    ");
}

#[test]
fn jobs_are_canceled_retried_and_deleted_and_the_worst_end_counts() {
    let setup = Setup::new();
    put_some(&setup);
    assert_snapshot!(setup.shown("jobs retry ID-3 ID-1 ID-9"), @"
    exit 5
    job/ID-3 queued again
    --- stderr
    error: there is no job `ID-9`
    cause: job ID-9
    request id: req-1
    try: `mcpctl get jobs` lists what there is
    error: the job has not ended
    cause: job ID-1
    request id: req-1
    try: wait for its end: mcpctl jobs wait ID, or: mcpctl jobs cancel ID
    ");
    assert_snapshot!(setup.shown("jobs cancel ID-1 job/ID-2"), @"
    exit 0
    job/ID-1 canceled
    job/ID-2 canceled
    ");
    assert_snapshot!(setup.shown("delete job ID-1 ID-2"), @"
    exit 2
    --- stderr
    error: deleting 2 jobs needs a confirmation, and nobody is there to ask
    try: add --yes
    ");
    assert_eq!(
        setup.run("delete job/ID-1").stdout,
        format!("job/{} deleted\n", id(1))
    );
    assert_eq!(setup.run("delete job ID-2 ID-3 --yes").code, Some(5));
    assert_eq!(setup.run("delete job --all").code, Some(2));
    let ran = setup.run("jobs cancel ID-3 -o json");
    let job: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(job["status"], "canceled");
}

#[test]
fn jobs_are_waited_for() {
    let setup = Setup::new();
    setup.put(json!({}));
    setup.put(json!({"payload": "fail"}));
    setup.put(json!({"payload": "slow"}));
    setup
        .server
        .jobs()
        .trouble("/lookup", &[Trouble::HangUp, Trouble::Unavailable]);
    let ran = setup.run("jobs wait ID-1");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "1 done\n"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("trying again") && ran.stderr.contains("is back"),
        "{ran:?}"
    );
    assert_snapshot!(setup.shown("jobs wait ID-1 ID-2 ID-8 -q"), @"
    exit 1
    --- stderr
    warning: job ID-2 ended as error: the model is on strike
    warning: job ID-8 ended as gone
    ");
    let ran = setup.run("jobs wait ID-3 --timeout 100ms");
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(
        ran.stderr.contains("error: the jobs did not end in time\n"),
        "{ran:?}"
    );
    let ran = setup.run("jobs wait ID-1 ID-2 -o json");
    let jobs: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        jobs[1],
        json!({"id": id(2), "status": "error", "error": "the model is on strike"})
    );
}

#[test]
fn top_prints_one_frame_into_a_pipe() {
    let setup = Setup::new();
    let shown = setup.shown("jobs top");
    let days = shown.lines().map(|line| match line.strip_prefix("ID-1") {
        Some(rest) => format!("ID-1{}\n", rest.trim_end().rsplit_once("  ").unwrap().0),
        None => format!("{line}\n"),
    });
    assert_snapshot!(days.collect::<String>(), @"
    exit 0
    3 queued, 1 running, 120 done; 14 ended in the last minute

    KIND      QUEUED  RUNNING  DONE  ERROR  CANCELED  EXPIRED
    echo      0       0        120   0      0         0
    llm.chat  3       1        0     0      0         0

    RUNNING                               KIND      LLM  WORKER    FOR
    ID-1  llm.chat  gpt  built-in

    WAITING   FOR     JOBS  WHY
    llm.chat  laptop  3     nobody serves `laptop` now
    ");
    let ran = setup.run("jobs top -o json");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["ended_per_minute"], 14.2);
}

#[test]
fn top_is_drawn_on_a_terminal_and_leaves_it() {
    let setup = Setup::new();
    let args = "jobs top --interval 200ms";
    let Some(terminal) = Terminal::start_wide(&setup.sandbox, &setup.server, args, 100) else {
        return;
    };
    let screen = terminal.wait("the sums", |screen| screen.contains("nobody serves"));
    assert!(
        screen.contains("3 queued, 1 running, 120 done; 14 ended in the last minute"),
        "{screen}"
    );
    terminal.press(&["q"]);
    terminal.wait("the end", |screen| screen.ends_with("ended 0"));
}

#[test]
fn several_jobs_have_bars_on_a_terminal() {
    let setup = Setup::new();
    setup.put(json!({"payload": "slow"}));
    setup.put(json!({}));
    let args = setup.with_ids("jobs watch ID-1 ID-2");
    let Some(terminal) = Terminal::start_wide(&setup.sandbox, &setup.server, &args, 100) else {
        return;
    };
    terminal.wait("both bars", |screen| {
        screen.contains("running on built-in")
            && (screen.contains("] done") || screen.contains(" done"))
            && screen.contains("000000000001")
            && screen.contains("000000000002")
    });
    terminal.press(&["C-c"]);
    terminal.wait("the end", |screen| screen.ends_with("ended 130"));
}
