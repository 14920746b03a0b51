//! `mcpctl doctor`: each check on a machine where it is in order, and where it is not.

#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use support::fake_local::{self, FakeLocal};
use support::fake_provider::FakeProvider;
use support::terminal::Terminal;
use support::{FakeServer, Sandbox, TOKEN, run};

/// A machine where all is well: logged in, one provider published.
struct Machine {
    sandbox: Sandbox,
    server: FakeServer,
    provider: FakeProvider,
    _local: FakeLocal,
}

impl Machine {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = FakeServer::start();
        let provider = FakeProvider::ollama(&["llama3.2:3b"]);
        let local = FakeLocal::start(
            &sandbox,
            fake_local::status(&server.url(), "laptop", true, None),
        );
        let machine = Self {
            sandbox,
            server,
            provider,
            _local: local,
        };
        machine.publish(&json!({}));
        let tokens = json!({machine.server.url(): {"token": TOKEN}});
        machine.sandbox.file("credentials", &tokens.to_string());
        machine.chmod("credentials", 0o600);
        machine.chmod("", 0o700);
        machine
    }

    /// The one provider, with `more` fields.
    fn publish(&self, more: &Value) {
        let mut entry = json!({"name": "laptop", "type": "ollama", "url": self.provider.url(),
            "model": "llama3.2:3b", "publish": true});
        entry
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.config(&json!({"server": self.server.url(), "providers": [entry]}));
    }

    fn config(&self, config: &Value) {
        self.sandbox.file("config.json", &config.to_string());
        self.chmod("config.json", 0o600);
    }

    fn chmod(&self, file: &str, mode: u32) {
        let path = self.sandbox.home.join(file);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn doctor(&self, args: &[&str]) -> Command {
        let args: Vec<&str> = ["doctor"].iter().chain(args).copied().collect();
        self.sandbox.mcpctl(&args)
    }

    /// The report, and the exit code that belongs to it.
    fn report(&self) -> Value {
        report(&mut self.doctor(&["-o", "json"]))
    }
}

fn report(command: &mut Command) -> Value {
    let ran = run(command);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let code = if report["ok"] == true { 0 } else { 1 };
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert!(!ran.stdout.contains(TOKEN));
    report
}

/// The check `name`: its status, and detail and fix in one.
fn check(report: &Value, name: &str) -> (String, String) {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no {name} in {report}"));
    let text = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
    (
        text("status"),
        format!("{}; fix: {}", text("detail"), text("fix")),
    )
}

fn assert_check(report: &Value, name: &str, status: &str, words: &[&str]) {
    let (found, told) = check(report, name);
    assert_eq!(found, status, "{name}: {told}");
    for word in words {
        assert!(told.contains(word), "{name}: {told}");
    }
}

#[test]
fn where_all_is_well_it_says_so() {
    let machine = Machine::new();
    let report = machine.report();
    for (name, status) in [
        ("server", "ok"),
        ("auth", "ok"),
        ("keyring", "skip"),
        ("config", "ok"),
        ("daemon", "ok"),
        ("channel", "ok"),
        ("provider/laptop", "ok"),
        ("proxy", "ok"),
    ] {
        assert_check(&report, name, status, &[]);
    }
    assert_check(
        &report,
        "version",
        "warn",
        &["mcpd 9.9.9", "update mcpctl and mcplocal"],
    );
    assert!(report["checks"][0]["ms"].is_u64());
    let ran = run(&mut machine.doctor(&[]));
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), "Nothing failed; 1 warning.\n")
    );
    assert!(
        ran.stdout.starts_with("ok    server    http://127.0.0.1:"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.is_ascii());
}

#[test]
fn a_server_that_is_away_fails_and_what_depends_on_it_is_passed_over() {
    let machine = Machine::new();
    let report = report(&mut machine.doctor(&["-o", "json", "--server", "http://127.0.0.1:1"]));
    assert_check(
        &report,
        "server",
        "fail",
        &["refused the connection", "mcpd"],
    );
    assert_check(&report, "clock", "skip", &[]);
    assert_check(&report, "channel", "skip", &["another server"]);
    assert_check(&report, "provider/laptop", "ok", &[]);
}

#[test]
fn a_host_that_nobody_knows_and_one_that_is_no_mcpd_are_told_apart() {
    let machine = Machine::new();
    let at = |url: &str| report(&mut machine.doctor(&["server", "-o", "json", "--server", url]));
    assert_check(
        &at("http://no-such-host.invalid"),
        "server",
        "fail",
        &["is not known", "DNS"],
    );
    assert_check(
        &at(&machine.provider.url()),
        "server",
        "fail",
        &["is not an mcpd (HTTP 404)"],
    );
}

#[test]
fn an_empty_machine_is_told_where_to_begin() {
    let sandbox = Sandbox::new();
    let report = report(&mut sandbox.mcpctl(&["doctor", "-o", "json"]));
    assert_check(
        &report,
        "server",
        "fail",
        &["no server is configured", "mcpctl init"],
    );
    assert_check(&report, "auth", "skip", &[]);
    assert_check(&report, "daemon", "skip", &["mcpctl init"]);
    assert_check(&report, "provider", "skip", &["mcpctl init"]);
}

#[test]
fn a_token_that_is_unknown_missing_or_too_weak_is_told_with_its_place() {
    let machine = Machine::new();
    let mut command = machine.doctor(&["auth", "-o", "json"]);
    command.env("MCPCTL_TOKEN", "canary-of-somebody-else");
    let unknown = report(&mut command);
    assert_check(
        &unknown,
        "auth",
        "fail",
        &["does not know the token in MCPCTL_TOKEN", "mcpctl login"],
    );
    assert!(!unknown.to_string().contains("canary"));
    let soon = json!({"principal": "bob", "roles": ["publisher"], "serverVersion": "9", "expiresAt": "2020-01-01T00:00:00.000Z"});
    machine.server.answers("/api/v1/whoami", soon);
    assert_check(&machine.report(), "auth", "warn", &["it ends in"]);
    machine.server.answers(
        "/api/v1/whoami",
        json!({"principal": "bob", "roles": ["user"], "serverVersion": "9"}),
    );
    assert_check(
        &machine.report(),
        "auth",
        "fail",
        &["may not publish", "--role publisher"],
    );
    machine.chmod("credentials", 0o644);
    let open = machine.report();
    assert_check(&open, "config", "fail", &["other users", "chmod 600"]);
    assert_check(&open, "auth", "fail", &["can be read by other users"]);
    std::fs::remove_file(machine.sandbox.home.join("credentials")).unwrap();
    assert_check(
        &machine.report(),
        "auth",
        "fail",
        &["no access token", "mcpctl login"],
    );
}

#[test]
fn a_broken_config_names_the_line() {
    let machine = Machine::new();
    machine.sandbox.file("config.json", "{\n \"server\": ");
    assert_check(&machine.report(), "config", "fail", &["line 2", "by hand"]);
    machine.config(&json!({"server": machine.server.url(), "provider": []}));
    assert_check(
        &machine.report(),
        "config",
        "warn",
        &["did you mean `providers`?"],
    );
}

#[test]
fn a_provider_is_told_by_what_is_wrong_with_it() {
    let machine = Machine::new();
    let with = |more: Value| {
        machine.publish(&more);
        machine.report()
    };
    let name = "provider/laptop";
    assert_check(
        &with(json!({"model": "lama3.2:3b"})),
        name,
        "fail",
        &["did you mean `llama3.2:3b`?"],
    );
    assert_check(
        &with(json!({"model": "mistral"})),
        name,
        "fail",
        &["ollama pull mistral"],
    );
    assert_check(
        &with(json!({"url": "http://127.0.0.1:1"})),
        name,
        "fail",
        &["nothing listens", "ollama serve"],
    );
    let asleep = json!({"url": "http://127.0.0.1:1", "wake": {"wol": "aa:bb:cc:dd:ee:ff"}});
    assert_check(&with(asleep), name, "warn", &["may sleep"]);
    assert_check(
        &with(json!({"apiKey": {"env": "NO_SUCH_KEY"}})),
        name,
        "fail",
        &["NO_SUCH_KEY is not set"],
    );
    assert_check(
        &with(json!({"publish": false})),
        name,
        "skip",
        &["not published"],
    );
    assert_check(
        &with(json!({"type": "olama"})),
        name,
        "fail",
        &["`olama` is no type"],
    );
}

#[test]
fn what_mcplocal_knows_counts() {
    let sandbox = Sandbox::new();
    let server = FakeServer::start();
    let provider = FakeProvider::ollama(&["m"]);
    let mut status = fake_local::status(&server.url(), "laptop", false, Some("it was away"));
    status["link"]["state"] = "waiting".into();
    status["link"]["lastError"] = "the server refused the token".into();
    status["problems"] =
        json!(["config.json:3: provider `x`: field `typ`: there is no such field"]);
    let _local = FakeLocal::start(&sandbox, status);
    let entry = json!({"name": "laptop", "type": "ollama", "url": provider.url(), "model": "m", "publish": true});
    sandbox.file("config.json", &json!({"providers": [entry]}).to_string());
    let report = report(&mut sandbox.at(&server, &["doctor", "-o", "json"]));
    assert_check(
        &report,
        "channel",
        "fail",
        &["not connected", "refused the token", "mcpctl local logs"],
    );
    assert_check(
        &report,
        "provider/laptop",
        "warn",
        &["mcplocal says: it was away"],
    );
    let checks = report["checks"].as_array().unwrap();
    assert!(
        checks
            .iter()
            .any(|check| check["name"] == "config" && check["status"] == "fail"),
        "{report}"
    );
}

#[test]
fn a_row_that_the_server_does_not_list_is_a_one_sided_channel() {
    let machine = Machine::new();
    machine.server.remove_all();
    assert_check(
        &machine.report(),
        "channel",
        "fail",
        &["`laptop` is not in the server's list"],
    );
}

#[test]
fn a_proxy_on_the_way_is_named_without_its_password() {
    let machine = Machine::new();
    let args = ["proxy", "-o", "json", "--server", "http://mcpd.invalid"];
    let mut command = machine.doctor(&args);
    command.env("http_proxy", "http://me:hunter2@127.0.0.1:1");
    let report = report(&mut command);
    assert_check(&report, "proxy", "warn", &["127.0.0.1:1", "NO_PROXY"]);
    assert!(!report.to_string().contains("hunter2"));
}

#[test]
fn only_the_checks_that_are_named_are_made() {
    let machine = Machine::new();
    let ran = run(&mut machine.doctor(&["config", "proxy", "-o", "name"]));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "check/config\ncheck/proxy\n")
    );
    assert!(machine.server.asked().is_empty());
    assert_eq!(run(&mut machine.doctor(&["cofnig"])).code, Some(2));
}

#[test]
fn a_narrow_terminal_breaks_lines_between_words() {
    let machine = Machine::new();
    let args = "doctor server auth provider --server http://127.0.0.1:1";
    let Some(terminal) = Terminal::start_with(&machine.sandbox, &machine.server, "", args, 60)
    else {
        return;
    };
    let screen = terminal.wait("the end", |screen| screen.contains("ended 1"));
    assert!(
        screen.contains("✗ fail  server    http://127.0.0.1:1 refused the"),
        "{screen}"
    );
    assert!(
        screen.contains("\n                  fix: is `mcpd` running?"),
        "{screen}"
    );
}
