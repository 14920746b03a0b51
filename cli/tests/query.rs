//! What is printed of documents, which are meant, and what their fields are.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use insta::assert_snapshot;
use serde_json::json;
use support::fake_jobs::id;
use support::filled::Setup;

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
    ID-2  llm.chat  running  0/3       -          -       AGEd  -
    ID-1  echo      done     0/3       -          -       AGEd  team=docs
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
