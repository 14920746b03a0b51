//! A thousand connections that say nothing more take nothing away from others, on a system with the usual limit of
//! open files; beyond the cap a connection is told so.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use std::process::Command;
use std::time::Duration;
use system_tests::cluster::process::open_files_of;
use system_tests::cluster::stage::{ROWS, Stage};
use system_tests::cluster::wait::{until, when};
use system_tests::cluster::{Ask, Mcpd, Raw};
use system_tests::mock::Behaviour;

const SOON: Duration = Duration::from_secs(20);
const IDLE: usize = 1000;

/// The soft limit of open files of a process, as the system tells it.
fn soft_limit(pid: u32) -> u64 {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    line.unwrap()
        .split_whitespace()
        .nth(3)
        .unwrap()
        .parse()
        .unwrap()
}

/// Sets the soft limit of this process, and so of those that it starts.
fn limit_own(soft: &str) {
    let own = std::process::id().to_string();
    let mut set = Command::new("prlimit");
    set.args([&format!("--nofile={soft}:"), "--pid", &own]);
    assert!(
        set.status().unwrap().success(),
        "prlimit belongs to util-linux"
    );
}

#[tokio::test]
async fn a_thousand_idle_connections_are_held_and_given_back() {
    // What most systems grant a service. Each test has a process of its own.
    let own = soft_limit(std::process::id());
    limit_own("1024");
    let stage = Stage::start().await;
    limit_own(&own.to_string());
    let pid = stage.mcpd.process.pid();
    assert!(soft_limit(pid) > 1024, "mcpd asks for more itself");
    for row in ROWS {
        let answer = stage.chat(row, false, &Behaviour::default()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let before = open_files_of(pid).sockets;
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        let mut raw = Raw::say(stage.mcpd.addr, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(raw.hears("\r\n\r\n", SOON).await);
        idle.push(raw);
    }
    // Some connections to the provider may have gone meanwhile.
    assert!(open_files_of(pid).sockets + 20 >= before + IDLE);
    for row in ROWS {
        for stream in [true, false] {
            let answer = stage.chat(row, stream, &Behaviour::default()).await;
            assert_eq!(answer.status, 200, "{row}: {}", answer.text());
        }
    }
    // All of them are still good for a request.
    for raw in idle.iter_mut().step_by(100) {
        raw.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        until("a second answer", SOON, async || {
            raw.hears("nothing like it", Duration::from_millis(20))
                .await;
            when(raw.statuses() == [200, 200], raw.text())
        })
        .await;
    }
    drop(idle);
    until("the sockets to be given back", SOON, async || {
        // Some more upstream connections may lie in the pools.
        when(
            open_files_of(pid).sockets <= before + 20,
            open_files_of(pid).sockets,
        )
    })
    .await;
    stage.at_rest().await;
}

#[tokio::test]
async fn a_connection_beyond_the_cap_is_told_so_and_there_is_room_again() {
    let mcpd = Mcpd::start(&[("MCPD_MAX_CONNECTIONS", "10")]).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        let mut raw = Raw::say(mcpd.addr, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(raw.hears("\r\n\r\n", SOON).await);
        assert_eq!(raw.statuses(), [200], "{}", raw.text());
        held.push(raw);
    }
    for _ in 0..20 {
        let refused = Ask::get("/healthz").try_send(mcpd.addr).await.unwrap();
        assert_eq!(refused.status, 503);
        assert_eq!(refused.header("retry-after"), Some("2"));
        let refused = refused.whole().await;
        assert_eq!(
            (refused.broken.as_deref(), &*refused.code()),
            (None, "unavailable")
        );
    }
    // A publisher or a watch that is there already is none of them.
    for raw in &mut held {
        raw.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
    }
    held.truncate(9);
    until("one place to be free", SOON, async || {
        let answer = Ask::get("/healthz").whole(mcpd.addr).await;
        when(answer.status == 200, answer.text())
    })
    .await;
    drop(held);
    until("all places to be free", SOON, async || {
        let mut all = Vec::new();
        for _ in 0..10 {
            all.push(Ask::get("/healthz").try_send(mcpd.addr).await);
        }
        let good = all.iter().flatten().filter(|answer| answer.status == 200);
        when(good.count() == 10, all.len())
    })
    .await;
    mcpd.at_rest().await;
}
