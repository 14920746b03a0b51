//! `jobs submit`: a file of jobs, each submitted once, whatever breaks.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

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
    fn new(lines: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.file("jobs.jsonl", lines);
        Self {
            sandbox,
            server: FakeServer::start(),
        }
    }

    fn run(&self, flags: &str) -> Ran {
        let file = self.sandbox.home.join("jobs.jsonl").display().to_string();
        let mut words = vec!["jobs", "submit", "-f", &file];
        words.extend(flags.split_whitespace());
        run(&mut self.sandbox.at(&self.server, &words))
    }

    fn shown(&self, flags: &str) -> String {
        let ran = self.run(flags);
        let mut text = ran.shown(Some(&self.server), &self.sandbox.home);
        for n in 1..10 {
            text = text.replace(&id(n), &format!("ID-{n}"));
        }
        text
    }

    /// The keys of what was submitted, in order.
    fn keys(&self) -> Vec<String> {
        let asked = self.server.asked().into_iter();
        let asked = asked.filter(|asked| asked.path == "/v1/jobs");
        asked
            .map(|asked| asked.headers["idempotency-key"].clone())
            .collect()
    }
}

fn lines(count: usize) -> String {
    let line = |n| format!("{{\"kind\":\"echo\",\"payload\":{n}}}\n");
    (0..count).map(line).collect()
}

#[test]
fn a_file_is_submitted_once_however_often_it_is_run() {
    let setup = Setup::new(&lines(5));
    assert_snapshot!(setup.shown(""), @"
    exit 0
    5 submitted
    --- stderr
    submitted 5 of 5
    Follow them: the same command with --wait, or `mcpctl get jobs`
    ");
    let first = setup.run("-q");
    let ids: String = (1..6).map(|n| format!("{}\n", id(n))).collect();
    assert_eq!((first.stdout, first.stderr.as_str()), (ids, ""));
    assert_eq!(setup.server.jobs().count(), 5);
    let ran = setup.run("--idempotency-prefix again -o name");
    assert_eq!(ran.stdout.lines().next(), Some(&*format!("job/{}", id(6))));
    assert_eq!(setup.server.jobs().count(), 10);
    let keys = setup.keys();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[2], format!("again-{}", keys[0]));
}

#[test]
fn a_wrong_line_is_named_and_nothing_is_submitted() {
    let text = format!(
        "{}\n{{\"kind\":\"\",\"payload\":1}}\n{{\"kind\"\n",
        lines(1)
    );
    let setup = Setup::new(&text);
    assert_snapshot!(setup.shown(""), @r#"
    exit 1
    --- stderr
    error: HOME/jobs.jsonl has 2 lines that are no jobs; the first is line 3
    cause: line 3: `kind` must be 1 to 64 letters, digits and `.` `_` `-` `:` `/`, such as `llm.chat`
    cause: line 4: not a valid job: EOF while parsing an object at column 7
    try: nothing was submitted; a line is a job, such as {"kind": "echo", "payload": 1}
    "#);
    assert!(setup.server.asked().is_empty());
    let setup = Setup::new("\n");
    assert_eq!(setup.run("").code, Some(1));
}

#[test]
fn what_goes_wrong_on_the_way_is_tried_again_with_the_same_key() {
    let setup = Setup::new(&lines(4));
    let trouble = [Trouble::LoseAnswer, Trouble::Unavailable, Trouble::HangUp];
    setup.server.jobs().trouble("/v1/jobs", &trouble[..2]);
    let ran = setup.run("--batch 2 -o json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let jobs: Value = serde_json::from_str(&ran.stdout).unwrap();
    let ids: Vec<_> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].clone())
        .collect();
    assert_eq!(ids, (1..5).map(id).collect::<Vec<_>>());
    assert_eq!(setup.server.jobs().count(), 4, "nothing twice");
    let keys = setup.keys();
    assert!(
        keys[0] == keys[1] && keys[1] == keys[2] && keys[2] != keys[3],
        "{keys:?}"
    );
    assert!(
        ran.stderr.contains("trying again until it is back"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("The server is back"), "{ran:?}");
}

#[test]
fn the_same_file_in_other_batches_is_refused() {
    let setup = Setup::new(&lines(4));
    setup.run("");
    assert_snapshot!(setup.shown("--batch 2"), @"
    exit 5
    --- stderr
    error: this key was used with other jobs
    request id: req-1
    try: the same file was submitted with another --batch: use that one again, or submit it anew with --idempotency-prefix TEXT
    ");
    assert_eq!(setup.server.jobs().count(), 4);
}

#[test]
fn waiting_goes_on_while_the_server_restarts() {
    let setup = Setup::new(&lines(1200));
    let trouble = [Trouble::HangUp, Trouble::Unavailable];
    setup.server.jobs().trouble("/lookup", &trouble);
    let ran = setup.run("--wait");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "1200 done\n"),
        "{ran:?}"
    );
    let asked = setup.server.asked();
    assert!(asked.len() < 20, "{} requests", asked.len());
    assert!(ran.stderr.contains("submitted 500 of 1200\n"), "{ran:?}");
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn one_job_that_failed_fails_the_run_and_is_named_by_its_line() {
    let setup = Setup::new(
        "{\"kind\":\"echo\",\"payload\":1}\n\n{\"kind\":\"echo\",\"payload\":\"fail\"}\n",
    );
    assert_snapshot!(setup.shown("--wait"), @"
    exit 1
    1 done, 1 error
    --- stderr
    submitted 2 of 2
    warning: job ID-2 (line 3) ended as error: the model is on strike
    See why: mcpctl describe job ID; once more: mcpctl jobs retry ID...
    ");
    let ran = setup.run("--wait -o json");
    assert_eq!(ran.code, Some(1));
    let jobs: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(jobs[0], json!({"id": id(1), "status": "done"}));
}

#[test]
fn a_wait_ends_in_time_and_a_second_one_goes_on() {
    let setup = Setup::new("{\"kind\":\"echo\",\"payload\":\"slow\"}\n");
    let ran = setup.run("--wait --timeout 300ms");
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(ran.stderr.contains("try: they go on"), "{ran:?}");
    setup.run("--wait --timeout 300ms");
    assert_eq!(setup.server.jobs().count(), 1);
}

#[test]
fn jobs_come_from_stdin_and_warnings_are_told_once() {
    let setup = Setup::new("");
    setup.server.jobs().warns("no LLM `x` is known now");
    let args = ["jobs", "submit", "-f", "-", "--batch", "1"];
    let mut command = setup.sandbox.at(&setup.server, &args);
    let ran = run_with(&mut command, &lines(2));
    assert_snapshot!(ran.shown(None, &setup.sandbox.home), @"
    exit 0
    2 submitted
    --- stderr
    warning: no LLM `x` is known now
    submitted 1 of 2
    Follow them: the same command with --wait, or `mcpctl get jobs`
    ");
}

#[test]
fn a_terminal_shows_one_bar_for_all_and_one_for_each_that_runs() {
    let setup = Setup::new(&format!(
        "{}{{\"kind\":\"echo\",\"payload\":\"slow\"}}\n",
        lines(2)
    ));
    let file = setup.sandbox.home.join("jobs.jsonl").display().to_string();
    let args = format!("jobs submit -f {file} --wait");
    let Some(terminal) = Terminal::start_wide(&setup.sandbox, &setup.server, &args, 100) else {
        return;
    };
    let screen = terminal.wait("the bars", |screen| screen.contains("2 done, 1 running"));
    assert!(screen.contains("====="), "{screen}");
    assert!(
        screen.contains(&format!("{} on built-in", id(3))),
        "{screen}"
    );
    terminal.press(&["C-c"]);
    let screen = terminal.wait("the end", |screen| screen.ends_with("ended 130"));
    assert!(
        screen.contains("The jobs go on (2 done, 1 running)"),
        "{screen}"
    );
}
