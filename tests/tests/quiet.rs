//! No program calls anybody that it was not told of: there is no telemetry, no check for updates, no lookup of names.
//!
//! The whole session runs in a network of its own that has loopback and nothing else. There the kernel counts each
//! attempt to reach anybody else, whoever makes it.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;
use system_tests::cluster::stage::{ROWS, Stage, VIRTUAL};
use system_tests::cluster::{Ask, left_out, mcpctl};
use system_tests::mock::Behaviour;

/// Set within the network of its own.
const ALONE: &str = "MCPCTL_TEST_ALONE";
/// The counters of attempts without a route, by file: IPv4 and IPv6.
const COUNTERS: [(&str, &str); 2] = [
    ("/proc/thread-self/net/snmp", "OutNoRoutes"),
    ("/proc/thread-self/net/snmp6", "Ip6OutNoRoutes"),
];

/// Attempts to reach somebody outside, of both families.
fn attempts() -> u64 {
    let count = |(file, name): (&str, &str)| {
        let text = std::fs::read_to_string(file).expect("the kernel shows its counters");
        counter(&text, name).expect("the counter is among them")
    };
    COUNTERS.into_iter().map(count).sum()
}

/// The counter `name`: on a line with its value, or in a line of names above a line of values.
fn counter(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines();
    let names: Vec<_> = lines
        .find(|line| line.split_whitespace().any(|word| word == name))?
        .split_whitespace()
        .collect();
    let value = match names[..] {
        [_, value] => value,
        _ => {
            let at = names.iter().position(|word| *word == name)?;
            lines.next()?.split_whitespace().nth(at)?
        }
    };
    value.parse().ok()
}

/// Runs this test again where loopback is all there is; leaves it out, loudly, where that is not allowed.
fn alone(test: &str) {
    let may = Command::new("unshare").args(["--net", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        left_out(
            "no telemetry",
            "this process may not make a network of its own",
        );
        return;
    }
    let this = std::env::current_exe().expect("a running program has a path");
    let up = format!(
        "ip link set lo up && exec {} --exact {test} --nocapture",
        this.display()
    );
    let ran = Command::new("unshare")
        .args(["--net", "sh", "-c", &up])
        .env(ALONE, "yes")
        .output()
        .expect("what ran a moment ago can be run");
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn no_program_calls_anybody_that_it_was_not_told_of() {
    if std::env::var_os(ALONE).is_none() {
        alone("no_program_calls_anybody_that_it_was_not_told_of");
        return;
    }
    let before = attempts();
    let stage = Stage::start().await;
    for row in ROWS {
        for stream in [true, false] {
            let answer = stage.chat(row, stream, &Behaviour::default()).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    for (args, code) in [
        (&["version"][..], 0),
        (&["get", "llm"], 0),
        (&["get", "jobs,alias"], 0),
        (&["doctor"], 0),
        (&["chat-llm", VIRTUAL, "-m", "hello"], 0),
        (
            &[
                "create", "job", "--kind", "llm.chat", "--llm", VIRTUAL, "--prompt", "hello",
                "--wait",
            ],
            0,
        ),
        (&["get", "llm", "nobody"], 3),
    ] {
        let ran = mcpctl(&stage.mcpd, args).await;
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
    }
    // Upkeep that runs every few seconds has run.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(stage.mcpd.admin(Ask::get("/healthz")).await.status, 200);
    assert_eq!(attempts(), before, "somebody was called");
    stage.at_rest().await;

    // The instrument works: an attempt is counted (192.0.2.0/24 is nobody's, RFC 5737).
    let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
    socket.connect(("192.0.2.1", 9)).unwrap_err();
    assert!(attempts() > before);
}
