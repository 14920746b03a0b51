//! The first ten minutes: `mcpctl init` in an empty home ends with a model that answers, and `mcpctl doctor` agrees,
//! until something is broken on purpose.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use shared::local_control::{Reply, SOCKET};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use system_tests::cluster::binaries::program;
use system_tests::cluster::stage::chat;
use system_tests::cluster::{Mcpd, Scratch};
use system_tests::mock::{Behaviour, Mock, Settings};

/// What mcplocal is called that `init` started: nobody's child, so it is ended by hand.
struct Started(Pid);

impl Started {
    fn in_home(home: &Path) -> Self {
        let mut socket = UnixStream::connect(home.join(SOCKET)).unwrap();
        socket.write_all(b"{\"do\":\"status\"}\n").unwrap();
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line).unwrap();
        let Reply::Status(status) = serde_json::from_str(&line).unwrap() else {
            panic!("no status: {line}");
        };
        Self(Pid::from_raw(i32::try_from(status.pid).unwrap()).unwrap())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Gone already is fine.
        let _ = kill_process(self.0, Signal::KILL);
    }
}

/// Runs `mcpctl ARGS` in `home`, with nothing else in its environment; looks at no port but those it is told.
async fn mcpctl(home: &Path, env: &[(&str, &str)], input: &str, args: &[&str]) -> Output {
    let mut command = Command::new(program("mcpctl"));
    command
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("MCPCTL_HOME", home)
        .env("MCPCTL_INIT_PORTS", "")
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = command.spawn().unwrap();
        // One that does not read it may be gone.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// What `doctor` finds: exit code, and the checks that failed with their fixes.
async fn doctor(home: &Path, env: &[(&str, &str)]) -> (Option<i32>, Vec<(String, String)>) {
    let ran = mcpctl(home, env, "", &["doctor", "-o", "json"]).await;
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["status"] == "fail");
    let failed: Vec<_> = failed
        .map(|check| (text(check, "name"), text(check, "fix")))
        .collect();
    assert_eq!(report["ok"], json!(failed.is_empty()), "{report}");
    assert!(failed.iter().all(|(_, fix)| !fix.is_empty()), "{report}");
    (ran.status.code(), failed)
}

fn names(failed: &[(String, String)]) -> Vec<&str> {
    failed.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn an_empty_home_ends_with_a_model_that_answers_and_the_doctor_finds_what_is_broken_then() {
    let mut mcpd = Mcpd::start(&[]).await;
    let mock = Mock::start(Settings {
        models: vec!["Org/Parrot:7b".into()],
        ..Settings::default()
    })
    .unwrap();
    let scratch = Scratch::new("init");
    let home = scratch.path();
    let (url, provider) = (mcpd.url(), mock.base_url());
    let args = [
        "init",
        "--yes",
        "--no-service",
        "--token-stdin",
        "--server",
        &url,
        "--provider",
        &provider,
    ];
    let ran = mcpctl(home, &[], &mcpd.admin, &args).await;
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    let started = Started::in_home(home);
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        printed.starts_with("llm/parrot-7b active ("),
        "{printed}{said}"
    );
    let answer = mcpd
        .infer("parrot-7b", chat(false, &Behaviour::default()))
        .whole(mcpd.addr)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    assert_eq!(doctor(home, &[]).await, (Some(0), vec![]));

    let stranger = [(
        "MCPCTL_TOKEN",
        "mcp_admin_0000000000000000000000000000000000000000000",
    )];
    let (code, failed) = doctor(home, &stranger).await;
    assert_eq!((code, names(&failed)), (Some(1), vec!["auth"]));
    assert!(failed[0].1.contains("mcpctl login"), "{failed:?}");

    drop(mock);
    let (code, failed) = doctor(home, &[]).await;
    assert_eq!(code, Some(1));
    assert!(names(&failed).contains(&"provider/parrot-7b"), "{failed:?}");

    mcpd.process.kill();
    let (code, failed) = doctor(home, &[]).await;
    assert_eq!((code, names(&failed)[0]), (Some(1), "server"));
    assert!(failed[0].1.contains("mcpd"), "{failed:?}");
    drop(started);
    let (code, failed) = doctor(home, &[]).await;
    assert_eq!(code, Some(1));
    assert!(names(&failed).contains(&"daemon"), "{failed:?}");
}
