//! `edit`, `diff -f`, `apply -f`, `delete -f`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use insta::assert_snapshot;
use support::filled::Setup;
use support::run_with;

#[test]
fn diff_shows_what_apply_would_change() {
    let setup = Setup::filled();
    let text = "kind: Llm\nmetadata: {name: a, labels: {team: docs, a.b/tier: slow}}\n\
        spec: {kind: public, type: ollama, url: 'http://x', model: m}\n---\nkind: Alias\nname: new\nmodel: m\n";
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
       kind: public
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
    # llm/a: save and quit to store it.
    # To keep what is there, leave it unchanged, or empty it.
    # Lines that begin with # are left out.
    apiVersion: mcpctl/v1
    kind: Llm
    metadata:
      name: a
      labels:
        team: docs
        a.b/tier: fast
    spec:
      kind: public
      type: ollama
      url: http://x
      model: m
    ");
    let asked = setup.server.asked();
    let sent: serde_json::Value = serde_json::from_str(&asked.last().unwrap().body).unwrap();
    assert_eq!(sent["metadata"]["resourceVersion"], 1);
    assert_eq!(sent["spec"]["model"], "n");
    let ran = setup.run_with("edit llm a", &[("EDITOR", "true"), ("VISUAL", "")]);
    assert_snapshot!(setup.cleaned(&ran), @"
    exit 0
    llm/a unchanged
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
            setup.sandbox.file("t.yaml", "kind: Llm\nmetadata: {name: a}\nspec: {kind: public, type: ollama, url: 'http://x', model: theirs}\n").display()
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
    @@ -2,11 +2,8 @@
     kind: Llm
     metadata:
       name: a
    -  labels:
    -    team: docs
    -    a.b/tier: fast
     spec:
       kind: public
       type: ollama
       url: http://x
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
        "edit llm/b",
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
