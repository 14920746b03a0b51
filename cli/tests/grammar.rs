//! kubectl's grammar: `-o jsonpath`, selectors, `edit`, `diff`, `explain`, `logs`, `wait`.

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
use support::fake_jobs::id;
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

    /// Words as a shell splits them at blanks; a `+` stands for a blank in a word, `ID-1` for the
    /// first job's id.
    fn words(&self, line: &str) -> Vec<String> {
        let words = line.split_whitespace().map(|word| word.replace('+', " "));
        words
            .map(|word| word.replace("ID-1", &id(1)).replace("ID-2", &id(2)))
            .collect()
    }

    fn run(&self, line: &str) -> Ran {
        self.run_with(line, &[])
    }

    fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        let words = self.words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = self.sandbox.at(&self.server, &words);
        run(command.envs(variables.iter().copied()))
    }

    fn shown(&self, line: &str) -> String {
        self.cleaned(&self.run(line))
    }

    fn cleaned(&self, ran: &Ran) -> String {
        let shown = ran.shown(Some(&self.server), &self.sandbox.home);
        shown.replace(&id(1), "ID-1").replace(&id(2), "ID-2")
    }

    /// An LLM with labels, and two jobs.
    fn filled() -> Self {
        let setup = Self::new();
        let llm = |name: &str, labels: serde_json::Value, phase: &str, in_flight: u32| {
            json!({"apiVersion": "mcpctl/v1", "kind": "Llm",
                "metadata": {"name": name, "id": "i", "labels": labels, "resourceVersion": 1,
                    "owner": "alice"},
                "spec": {"kind": "virtual", "type": "ollama", "model": "m"},
                "status": {"phase": phase, "inFlight": in_flight}})
        };
        setup.server.remove_all();
        setup.server.put(
            "llms",
            llm(
                "a",
                json!({"team": "docs", "a.b/tier": "fast"}),
                "active",
                10,
            ),
        );
        setup
            .server
            .put("llms", llm("b", json!({"team": "code"}), "inactive", 9));
        let jobs = [
            json!({"kind": "echo", "status": "done", "labels": {"team": "docs"}, "payload": 1}),
            json!({"kind": "llm.chat", "status": "running", "payload": "slow"}),
        ];
        for job in jobs {
            setup.server.jobs().put(job);
        }
        setup
    }
}

#[test]
fn a_template_takes_what_it_names_out_of_the_list_or_the_one() {
    let setup = Setup::filled();
    let out = |line: &str| setup.run(line).stdout;
    assert_eq!(out("get llm -o jsonpath={.items[*].metadata.name}"), "a b");
    assert_eq!(
        out(
            r#"get llm -o jsonpath={range+.items[*]}{.metadata.name}{"\t"}{.status.phase}{"\n"}{end}"#
        ),
        "a\tactive\nb\tinactive\n"
    );
    assert_eq!(
        out(r"get llm a -o jsonpath={.metadata.labels.a\.b/tier}"),
        "fast"
    );
    assert_eq!(out("get llm/a -o jsonpath=.status.inFlight"), "10");
    assert_eq!(
        out(r#"get llm -o jsonpath={.items[?(@.status.phase=="active")].metadata.name}"#),
        "a"
    );
    assert_eq!(out("get jobs -o jsonpath={.jobs[*].kind}"), "llm.chat echo");
    assert_eq!(out("describe llm/b -o jsonpath={.kind}"), "Llm");
    assert_eq!(out("version -o jsonpath={.client}").lines().count(), 1);
    let file = setup.sandbox.file("t", "{.kind}\n");
    assert_eq!(
        out(&format!("get llm a -o jsonpath-file={}", file.display())),
        "Llm"
    );
    let made = "create llm c --type demo --model demo -o jsonpath={.metadata.name}";
    assert_eq!(out(made), "c");
    let events = setup.run("jobs watch ID-1 -o jsonpath={.event}");
    assert!(
        events.stdout.ends_with("chunk\nchunk\ndone\n"),
        "{events:?}"
    );
}

#[test]
fn columns_of_ones_own_are_a_table() {
    let setup = Setup::filled();
    assert_snapshot!(setup.shown("get llm,job -o custom-columns=NAME:.metadata.name,ID:{.id},TEAM:..team"), @"
    exit 0
    NAME    ID                                    TEAM
    a       <none>                                docs
    b       <none>                                code
    <none>  ID-2  <none>
    <none>  ID-1  docs
    ");
    assert_snapshot!(setup.shown("get llm -o custom-columns=N:.metadata.name --no-headers --sort-by .status.inFlight"), @"
    exit 0
    b
    a
    ");
    let file = setup
        .sandbox
        .file("c", "NAME PHASE\n.metadata.name .status.phase\n");
    let line = format!("get llm/a -o custom-columns-file={}", file.display());
    assert_snapshot!(setup.shown(&line), @"
    exit 0
    NAME  PHASE
    a     active
    ");
}

#[test]
fn a_wrong_expression_is_told_with_its_place() {
    let setup = Setup::new();
    for (line, why) in [
        (
            "get llm -o jsonpath={.items[*}",
            "behind `{.items` (character 7): this `[` has no `]`",
        ),
        (
            "get llm -o jsonpath={.items[?(@.a=1)]}",
            "a filter compares by `==`",
        ),
        (
            "get llm -o custom-columns=NAME",
            "`NAME` has no path: write NAME:.PATH",
        ),
        ("get llm -o jsno", "did you mean `json`?"),
        (
            "get llm -o go-template={{.a}}",
            "known are table, wide, json, yaml, name",
        ),
        (
            "get llm --sort-by .a..",
            "(character 4, at its end): a field's name is missing",
        ),
        ("get llm -l a=b=c", "`b=c` is no value of a label"),
        ("get llm --field-selector a", "write FIELD=VALUE"),
    ] {
        let ran = setup.run(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
        assert!(ran.stderr.contains(why), "{line}: {}", ran.stderr);
    }
    assert!(setup.server.asked().is_empty());
}

#[test]
fn resources_are_chosen_by_labels_and_fields_and_ordered() {
    let setup = Setup::filled();
    let names = |line: &str| {
        setup
            .run(&format!("{line} -o name"))
            .stdout
            .replace('\n', " ")
    };
    assert_eq!(names("get llm -l team=docs"), "llm/a ");
    assert_eq!(names("get llm -l team+in+(docs,code),!old"), "llm/a llm/b ");
    assert_eq!(names("get llm -l team!=docs"), "llm/b ");
    assert_eq!(
        names("get llm --field-selector status.phase=inactive"),
        "llm/b "
    );
    assert_eq!(
        names("get llm --sort-by={.status.inFlight}"),
        "llm/b llm/a "
    );
    assert_eq!(
        names("get llm,job -l team=docs"),
        format!("llm/a job/{} ", id(1))
    );
    assert_eq!(
        names("get jobs --sort-by .kind"),
        format!("job/{} job/{} ", id(1), id(2))
    );
    assert_snapshot!(setup.shown("get llm -l team=none"), @"
    exit 0
    --- stderr
    No LLMs are as selected
    ");
    assert_snapshot!(setup.shown("get llm a -l team=docs"), @"
    exit 2
    --- stderr
    error: names and a selector don't go together
    try: name them, or choose them by -l or --field-selector
    ");
    assert_snapshot!(setup.shown("get job --show-labels"), @"
    exit 0
    ID                                    KIND      STATUS   ATTEMPTS  WAITS-FOR  WORKER  AGE    LABELS
    ID-2  llm.chat  running  0/3       -          -       2525d  -
    ID-1  echo      done     0/3       -          -       2525d  team=docs
    ");
    assert_eq!(setup.run("get usage -l a=b").code, Some(2));
}

#[test]
fn jobs_stand_beside_the_others() {
    let setup = Setup::filled();
    assert_snapshot!(setup.shown("get llm/a job/ID-1 -o name"), @"
    exit 0
    llm/a
    job/ID-1
    ");
    let list = setup.run("get llm,job -o json").stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(
        (&list["kind"], list["items"].as_array().unwrap().len()),
        (&json!("List"), 4)
    );
    let ran = setup.run("describe job/ID-2 llm/a");
    assert!(
        ran.stdout.contains("Kind:         llm.chat")
            && ran.stdout.contains("\nKind:             Llm"),
        "{ran:?}"
    );
    assert_snapshot!(setup.shown("delete llm/a job/ID-1 job/ID-2 --yes"), @"
    exit 5
    llm/a deleted
    job/ID-1 deleted
    --- stderr
    error: the job has not ended
    cause: deleting job/ID-2
    request id: req-1
    try: wait for its end: mcpctl jobs wait ID, or: mcpctl jobs cancel ID
    ");
    assert_snapshot!(setup.shown("api-resources --no-headers"), @"
    exit 0
    llms     l,model,models  mcpctl/v1  Llm
    aliases  al              mcpctl/v1  Alias
    prices   pr              mcpctl/v1  Price
    secrets  sec             mcpctl/v1  Secret
    tokens   tok             mcpctl/v1  Token
    jobs     j               v1         Job
    ");
}

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
      Kind:                virtual
      Type:                ollama
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
      2525d  bob  chat/completions  502     error    12  34   1.2s
      2525d  bob  chat/completions  200     ok       12  34   1.2s
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

fn record(id: &str, outcome: &str, status: u16) -> serde_json::Value {
    json!({"id": id, "at": "2020-01-01T00:00:00.000Z", "model": "a", "llm": "a",
        "provider": "ollama", "principal": "bob", "token": "t", "path": "chat/completions",
        "status": status, "outcome": outcome, "attempts": 1, "cache_hit": false,
        "estimated": false, "tokens_in": 12, "tokens_out": 34, "duration_ms": 1250,
        "cost_usd": 0.0})
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
    assert_snapshot!(setup.shown("wait job/ID-2 --for=status=done --timeout 100ms"), @"
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
    assert_snapshot!(setup.shown("wait llm/a --for=status=active --timeout 200ms"), @"
    exit 6
    --- stderr
    error: timed out waiting for llm/a: status=active
    cause: last seen: llm/a: inactive
    try: wait longer with --timeout, or see why: mcpctl describe llm/a
    ");
}

#[test]
fn diff_shows_what_apply_would_change() {
    let setup = Setup::filled();
    let text = "kind: Llm\nmetadata: {name: a, labels: {team: docs, a.b/tier: slow}}\n\
        spec: {kind: virtual, type: ollama, model: m}\n---\nkind: Alias\nname: new\nmodel: m\n";
    let file = setup.sandbox.file("d.yaml", text);
    let line = format!("diff -f {}", file.display());
    assert_snapshot!(setup.shown(&line), @"
    exit 1
    --- llm/a (on the server)
    +++ llm/a (HOME/d.yaml, document 1)
    @@ -3,7 +3,7 @@
     metadata:
       name: a
       labels:
    -    a.b/tier: fast
    +    a.b/tier: slow
         team: docs
     spec:
       kind: virtual
    --- alias/new (not there)
    +++ alias/new (HOME/d.yaml, document 2)
    @@ -0,0 +1,8 @@
    +apiVersion: mcpctl/v1
    +kind: Alias
    +metadata:
    +  name: new
    +spec:
    +  model: m
    +  onUnavailable: fail
    +  policy: prefer-local
    ");
    let got = setup.run("get llm -o yaml").stdout;
    let mut same = setup.sandbox.at(&setup.server, &["diff", "-f", "-"]);
    let ran = run_with(&mut same, &got);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    let wrong = setup
        .sandbox
        .file("w.yaml", "kind: Pod\n---\nname: c\ntype: demo\nmodel: m\n");
    let ran = setup.run(&format!("diff -f {}", wrong.display()));
    assert!(
        ran.code.unwrap() > 1 && ran.stdout.contains("+  name: c"),
        "{ran:?}"
    );
}

#[test]
fn applying_goes_on_behind_what_is_wrong_and_quiet_says_only_what_changed() {
    let setup = Setup::filled();
    let text =
        "kind: Pod\n---\nname: c\ntype: demo\nmodel: m\n---\nname: d\ntype: nothing\nmodel: m\n";
    let file = setup.sandbox.file("m.yaml", text);
    let other = setup.sandbox.file("x.yaml", "a: [");
    let line = format!("apply -f {} -f {}", other.display(), file.display());
    assert_snapshot!(setup.shown(&line), @"
    exit 1
    llm/c created
    --- stderr
    error: HOME/m.yaml, document 1 has the kind `Pod`
    cause: known kinds are Llm, Alias, Price and Secret
    error: HOME/m.yaml, document 3 (`d`) is not valid
    cause: not a valid LLM: unknown variant `nothing`, expected one of `openai`, `ollama`, `anthropic`, `gemini`, `openrouter`, `demo`
    error: HOME/x.yaml can't be read
    cause: line 1 column 4: unclosed bracket '['
     --> <input>:1:4
      |
    1 | a: [
      |    ^ unclosed bracket '['
    ");
    let good = setup
        .sandbox
        .file("g.yaml", "name: c\ntype: demo\nmodel: m\n");
    let quiet = format!("apply -q -f {}", good.display());
    assert_snapshot!(setup.shown(&quiet), @"
    exit 0
    ");
    assert_snapshot!(setup.shown(&format!("{quiet} --dry-run=server")), @"
    exit 2
    --- stderr
    error: the server can't try a change without making it
    try: --dry-run says what would change; `mcpctl diff -f` shows it line by line
    ");
    let columns = "-o custom-columns=NAME:.metadata.name";
    assert_eq!(setup.run(&format!("{quiet} {columns}")).stdout, "NAME\nc\n");
}

#[test]
fn what_a_file_names_is_deleted() {
    let setup = Setup::filled();
    let file = setup.sandbox.file(
        "d.yaml",
        "kind: Llm\nname: a\n---\nkind: Token\nname: nobody\n",
    );
    let line = format!("delete -f {}", file.display());
    assert_snapshot!(setup.shown(&line), @"
    exit 2
    --- stderr
    error: deleting 2 resources needs a confirmation, and nobody is there to ask
    try: add --yes
    ");
    assert_snapshot!(setup.shown(&format!("{line} --yes")), @"
    exit 3
    llm/a deleted
    --- stderr
    error: there is no Token `nobody`
    cause: deleting token/nobody
    request id: req-1
    try: `mcpctl get token` lists what there is
    ");
    assert_snapshot!(setup.shown(&format!("{line} --yes --ignore-not-found")), @"
    exit 0
    ");
    assert_snapshot!(setup.shown("delete llm -l team=code"), @"
    exit 2
    --- stderr
    error: deleting 1 resource needs a confirmation, and nobody is there to ask
    try: add --yes
    ");
    assert_eq!(
        setup.run("delete llm -l team=code --yes").stdout,
        "llm/b deleted\n"
    );
    assert_eq!(
        setup.run("delete llm/nope --ignore-not-found").code,
        Some(0)
    );
}

#[test]
fn fields_are_explained_from_the_schema() {
    let setup = Setup::new();
    assert_snapshot!(setup.shown("explain llm.spec.type"), @"
    exit 0
    KIND:     Llm
    VERSION:  mcpctl/v1

    FIELD:    spec.type <string> (required)

    DESCRIPTION:
      The provider's dialect.

    VALUES:
      openai, ollama, anthropic, gemini, openrouter, demo
    ");
    assert_snapshot!(setup.shown("explain alias.spec.cache"), @"
    exit 0
    KIND:     Alias
    VERSION:  mcpctl/v1

    FIELD:    spec.cache <CacheSpec>

    DESCRIPTION:
      Keeps answers to be given again. Absent: none are kept.

    FIELDS:
      always <boolean>
        Keep answers of requests that are not deterministic too (`temperature` other than 0).
      ttl <string> (required)
        How long an answer is kept. Such as 90s, 1h30m.
    ");
    assert_snapshot!(setup.shown("explain token.spec --recursive"), @"
    exit 0
    KIND:     Token
    VERSION:  mcpctl/v1

    FIELD:    spec <TokenSpec> (required)

    DESCRIPTION:
      What a writer asks for.

    FIELDS:
      expiresAt <string>
      limits <Limits>
        budget <Budget>
          period <string>
          usd <number> (required)
        maxConcurrency <integer>
        requestsPerMinute <integer>
        tokensPerMinute <integer>
      principal <string>
      roles <[]string> (required)
    ");
    assert_snapshot!(setup.shown("explain llm.model"), @"
    exit 2
    --- stderr
    error: `llm` has no field `model`
    try: did you mean `llm.spec.model`?
    ");
    assert_snapshot!(setup.shown("explain llm.metadata.lables"), @"
    exit 2
    --- stderr
    error: `llm.metadata` has no field `lables`
    try: did you mean `llm.metadata.labels`?
    ");
    assert_snapshot!(setup.shown("explain lmm"), @"
    exit 2
    --- stderr
    error: there is no resource type `lmm`
    try: did you mean `llm`?
    ");
    assert_eq!(
        setup.run("explain job.history -o jsonpath={.type}").stdout,
        "[]JobAttempt"
    );
    assert_eq!(setup.run("explain").code, Some(2));
    assert!(setup.server.asked().is_empty());
}

/// An editor that runs `script` with the file as `$1`.
fn editor(setup: &Setup, script: &str) -> String {
    let path = setup.sandbox.file("editor.sh", script);
    format!("sh {}", path.display())
}

#[test]
fn what_is_saved_in_the_editor_is_stored() {
    let setup = Setup::filled();
    let change = editor(
        &setup,
        "cp \"$1\" \"$SEEN\"; sed -i 's/model: m/model: n/' \"$1\"\n",
    );
    let seen = setup.sandbox.home.join("seen");
    let ran = setup.run_with(
        "edit llm/a",
        &[("EDITOR", &change), ("SEEN", seen.to_str().unwrap())],
    );
    assert_snapshot!(setup.cleaned(&ran), @"
    exit 0
    llm/a edited
    ");
    assert_snapshot!(std::fs::read_to_string(&seen).unwrap(), @"
    # llm/a: save and quit to store it, leave it unchanged or empty it to keep what is there.
    # Lines that begin with # are left out.
    apiVersion: mcpctl/v1
    kind: Llm
    metadata:
      name: a
      labels:
        team: docs
        a.b/tier: fast
    spec:
      kind: virtual
      type: ollama
      model: m
    ");
    let asked = setup.server.asked();
    let sent: serde_json::Value = serde_json::from_str(&asked.last().unwrap().body).unwrap();
    assert_eq!(sent["metadata"]["resourceVersion"], 1);
    assert_eq!(sent["spec"]["model"], "n");
    let ran = setup.run_with("edit llm b", &[("EDITOR", "true"), ("VISUAL", "")]);
    assert_snapshot!(setup.cleaned(&ran), @"
    exit 0
    llm/b unchanged
    ");
}

#[test]
fn what_is_not_valid_is_opened_again_and_then_kept() {
    let setup = Setup::filled();
    // Spoils it once; opened again it changes nothing.
    let spoil = editor(
        &setup,
        "cat \"$1\" >> \"$SEEN\"; sed -i 's/type: ollama/type: olama/' \"$1\"\n",
    );
    let seen = setup.sandbox.home.join("seen");
    let temp = setup.sandbox.home.to_str().unwrap();
    let variables = [
        ("EDITOR", spoil.as_str()),
        ("SEEN", seen.to_str().unwrap()),
        ("TMPDIR", temp),
    ];
    let ran = setup.run_with("edit llm/a", &variables);
    let shown = setup.cleaned(&ran);
    let at = shown.find("mcpctl-edit-").unwrap() + "mcpctl-edit-".len();
    let file = setup
        .sandbox
        .home
        .join(format!("mcpctl-edit-{}.yaml", &shown[at..at + 12]));
    assert_snapshot!(shown.replace(&shown[at..at + 12], "X"), @"
    exit 1
    --- stderr
    error: this is not valid
    cause: not a valid LLM: unknown variant `olama`, expected one of `openai`, `ollama`, `anthropic`, `gemini`, `openrouter`, `demo`
    cause: your text is kept in HOME/mcpctl-edit-X.yaml
    try: mend it, then mcpctl apply -f HOME/mcpctl-edit-X.yaml
    ");
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .contains("type: olama")
    );
    let seen = std::fs::read_to_string(&seen).unwrap();
    assert!(seen.contains("# error: this is not valid"), "{seen}");
    assert_eq!(
        setup
            .server
            .asked()
            .iter()
            .filter(|asked| asked.method == "PUT")
            .count(),
        0
    );
}

#[test]
fn what_somebody_overtook_is_shown_and_kept() {
    let setup = Setup::filled();
    let ran = {
        let overtake = format!(
            "sed -i 's/model: m/model: hers/' \"$1\"\n\"$MCPCTL\" apply -q -f {} > /dev/null\n",
            setup.sandbox.file("t.yaml", "kind: Llm\nmetadata: {name: a}\nspec: {kind: virtual, type: ollama, model: theirs}\n").display()
        );
        let script = editor(&setup, &overtake);
        let temp = setup.sandbox.home.to_str().unwrap();
        let variables = [
            ("EDITOR", script.as_str()),
            ("MCPCTL", env!("CARGO_BIN_EXE_mcpctl")),
            ("TMPDIR", temp),
            ("PATH", "/usr/bin:/bin"),
        ];
        setup.run_with("edit llm/a", &variables)
    };
    let shown = setup.cleaned(&ran);
    let at = shown.find("mcpctl-edit-").unwrap() + "mcpctl-edit-".len();
    assert_snapshot!(shown.replace(&shown[at..at + 12], "X"), @"
    exit 5
    --- stderr
    warning: llm/a was changed meanwhile:
    --- what you opened
    +++ what is there now
    @@ -2,10 +2,7 @@
     kind: Llm
     metadata:
       name: a
    -  labels:
    -    team: docs
    -    a.b/tier: fast
     spec:
       kind: virtual
       type: ollama
    -  model: m
    +  model: theirs
    error: Llm `a` was changed meanwhile
    cause: your text is kept in HOME/mcpctl-edit-X.yaml
    request id: req-1
    try: mcpctl diff -f HOME/mcpctl-edit-X.yaml, then mcpctl apply -f HOME/mcpctl-edit-X.yaml
    ");
    assert_eq!(
        setup.run("get llm a -o jsonpath={.spec.model}").stdout,
        "theirs"
    );
}

#[test]
fn what_can_not_be_edited_says_what_to_do_instead() {
    let setup = Setup::filled();
    assert_snapshot!(setup.shown("edit llm/a"), @"
    exit 2
    --- stderr
    error: nobody is there to edit it
    cause: stdin is no terminal, and neither $VISUAL nor $EDITOR is set
    try: `mcpctl get TYPE NAME -o yaml`, change it, then `mcpctl apply -f FILE`
    ");
    for line in [
        "edit secret/s",
        "edit token/t",
        "edit job/ID-1",
        "edit llm",
        "edit llm/a llm/b",
    ] {
        let ran = setup.run_with(line, &[("EDITOR", "true")]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("try: "), "{ran:?}");
    }
    let ran = setup.run_with(
        "edit llm/a",
        &[("EDITOR", "no-such-editor"), ("PATH", "/usr/bin:/bin")],
    );
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("cause: there is no such command"),
        "{ran:?}"
    );
    assert_eq!(
        setup.run_with("edit llm/nope", &[("EDITOR", "true")]).code,
        Some(3)
    );
}

fn interrupt(pid: u32) {
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}
