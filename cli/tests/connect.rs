//! `login`, `context`, `version`, `help`: which server, with which token, and what the program is.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use insta::assert_snapshot;
use support::{FakeServer, Sandbox, TOKEN, run, run_with};

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
    try: chmod 600 HOME/credentials
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
    assert!(version["mcplocal"].is_null(), "none runs in this home");
    assert!(ran.stderr.contains("the server is 9.9.9"), "{}", ran.stderr);
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
      143  stopped by SIGTERM in the middle of work

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
      init           Set this machine up, and publish its models
      login          Log in to a server and remember it
      logout         Forget the token of a server
      whoami         Show whom the server takes you for
      context        Choose among servers
      get            List resources, or show some of them
      describe       Show all fields of resources, and what one would look up next
      create         Create a resource
      apply          Make resources be as files say
      diff           Show what `apply` would change
      edit           Change a resource in your editor
      delete         Delete resources
      wait           Wait until resources stand as wanted
      logs           Show a job's events, an LLM's requests, or the log of mcplocal
      set            Change a part of a resource
      explain        Explain a type's fields, or where a request would go
      top            Show how busy things are
      console        Look at everything live, and act on it
      jobs           Submit, follow and manage durable jobs
      api-resources  List the resource types and their short forms
      chat-llm       Talk to an LLM
      worker         Run jobs with a command of your own
      local          Control the mcplocal of this machine
      doctor         Look for what is wrong, and say how to mend it
      completions    Print the completion script of a shell
      man            Print manual pages, or write all of them
      version        Show the versions of mcpctl, of the server and of this machine's mcplocal
      help           Explain a command or a topic

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --server <URL>     The server to talk to [env: MCPCTL_SERVER]
          --context <NAME>   The context to use instead of the current one
      -o, --output <FORMAT>  How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=
      -v, --verbose          Show the HTTP exchange, secrets masked
      -q, --quiet            Say nothing but data, warnings and errors
          --no-color         Use no colour [env: NO_COLOR]
          --timeout <TIME>   Give up after this time, such as 30s or 2m

    Examples:
      mcpctl init                             set this machine up, and publish its models
      mcpctl login http://127.0.0.1:8765      log in; the token comes from stdin or a prompt
      mcpctl get llm                          list what can be called
      mcpctl chat-llm laptop                  talk to one
      mcpctl chat-llm laptop -m 'hello?'      ask one thing and leave
      mcpctl explain route smart              say who would answer, and why
      mcpctl jobs submit -f jobs.jsonl        have many things done, whatever breaks
      mcpctl get usage --by llm,day           what was used, and what it cost

    `mcpctl help TOPIC` explains `exit-codes`, `environment` and `config`.
    ");
    assert_snapshot!(run(&mut sandbox.mcpctl(&["delete", "--help"])).stdout, @"
    Delete resources

    One resource that is named is deleted at once. Several need a confirmation, or --yes.

    Usage: mcpctl delete [OPTIONS] [TYPE[/NAME]]...

    Arguments:
      [TYPE[/NAME]]...
              What to delete: TYPE NAME... or TYPE/NAME...

    Options:
      -f, --filename <FILE|DIR|->
              What a file names: a file, a folder of .yaml, .yml and .json files, or - for stdin

          --all
              Delete all of the type

      -l, --selector <LABELS>
              Only those with these labels: KEY=VALUE, KEY!=VALUE, 'KEY in (A,B)', KEY, !KEY; commas
              between

          --field-selector <FIELDS>
              Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between

          --ignore-not-found
              Don't mind what is not there

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
              How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=

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
      mcpctl delete llm/gpt job/019aa5c3-1b7d-7f00-8000-000000000001 --yes
      mcpctl delete -f llms.yaml --ignore-not-found
      mcpctl delete token --all
    ");
}
