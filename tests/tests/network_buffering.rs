//! A web server between publisher and mcpd that gathers request bodies, as nginx does by default.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use system_tests::cluster::far::publish_over;
use system_tests::cluster::ports::free_address;
use system_tests::cluster::stage::{VIRTUAL, chat};
use system_tests::cluster::{Mcpd, Mcplocal, Process, Scratch, Whole, left_out};
use system_tests::mock::{Behaviour, Mock, Settings};
use system_tests::proxy::{Buffering, Limits};

/// nginx's defaults, a sixtieth as patient. Pings come as often for it as every 15 s for a minute.
const LIMITS: Limits = Limits {
    body_bytes: 1024 * 1024,
    body_silence: Duration::from_secs(2),
    answer_silence: Duration::from_secs(2),
};
const PINGS: [(&str, &str); 1] = [("MCPD_PING_INTERVAL", "500ms")];

struct Scene {
    local: Mcplocal,
    mcpd: Mcpd,
    _mock: Mock,
}

impl Scene {
    async fn behind(front: impl AsyncFnOnce(SocketAddr) -> String) -> Self {
        let mcpd = Mcpd::start(&PINGS).await;
        let mock = Mock::start(Settings::default()).unwrap();
        let url = front(mcpd.addr).await;
        let local = publish_over(&mcpd, &url, &mock, json!({})).await;
        Self {
            local,
            mcpd,
            _mock: mock,
        }
    }

    /// All is over, for the publisher too.
    async fn at_rest(&self) {
        self.mcpd.at_rest().await;
        self.local.at_rest().await;
    }

    async fn ask(&self, behaviour: &Behaviour) -> Whole {
        let ask = self.mcpd.infer(VIRTUAL, chat(true, behaviour));
        ask.whole(self.mcpd.addr).await
    }

    /// Longer than the publisher waits for a sign that its upload arrives.
    async fn first(&self) -> Whole {
        let slow = Behaviour {
            tokens: 50,
            interval_ms: 100,
            ..Behaviour::default()
        };
        self.ask(&slow).await
    }

    async fn the_first_is_late_and_the_second_comes_token_by_token(&self) {
        let first = self.first().await;
        assert!(first.is_done(), "{}", first.text());
        let early = first.arrivals[0];
        let spread = first.ended_at.duration_since(early);
        assert!(spread < Duration::from_secs(2), "it was held back");
        let slow = Behaviour {
            tokens: 20,
            interval_ms: 200,
            ..Behaviour::default()
        };
        let second = self.ask(&slow).await;
        assert!(second.is_done(), "{}", second.text());
        let spread = second.ended_at.duration_since(second.arrivals[0]);
        assert!(second.arrivals.len() >= 10, "{}", second.arrivals.len());
        assert!(spread > Duration::from_secs(2), "{spread:?}");
    }

    /// More than the proxy takes.
    async fn a_large_one_is_refused_in_words_and_the_next_is_whole(&self) {
        let large = Behaviour {
            tokens: 12_000,
            burst: true,
            ..Behaviour::default()
        };
        let refused = self.ask(&large).await;
        assert_eq!(
            (refused.status, &*refused.code()),
            (502, "provider_error"),
            "{}",
            refused.text()
        );
        let whole = self.ask(&large).await;
        assert!(whole.is_done());
        assert!(whole.bytes.len() > LIMITS.body_bytes);
    }

    /// A caller that rests for longer than the proxy waits for an answer to a piece.
    async fn a_caller_that_rests_loses_nothing(&self) {
        self.first().await;
        let large = Behaviour {
            tokens: 60_000,
            burst: true,
            ..Behaviour::default()
        };
        let ask = self.mcpd.infer(VIRTUAL, chat(true, &large));
        let mut answer = ask.send(self.mcpd.addr).await;
        answer.read_until("t0 ").await;
        tokio::time::sleep(4 * LIMITS.answer_silence).await;
        let whole = answer.whole().await;
        assert!(whole.is_done(), "{:?}", whole.broken);
        assert!(whole.text().contains("t59999 "));
    }
}

async fn buffering(front: &mut Option<Buffering>) -> Scene {
    Scene::behind(async |addr| {
        let proxy = Buffering::start(addr, LIMITS).unwrap();
        front.insert(proxy).url()
    })
    .await
}

#[tokio::test]
async fn the_first_answer_is_late_but_whole_and_the_second_comes_token_by_token() {
    let mut front = None;
    let scene = buffering(&mut front).await;
    scene
        .the_first_is_late_and_the_second_comes_token_by_token()
        .await;
    scene.at_rest().await;
    assert_eq!(front.unwrap().refused(), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_large_for_the_proxy_is_told_of_and_the_next_is_whole() {
    let mut front = None;
    let scene = buffering(&mut front).await;
    scene
        .a_large_one_is_refused_in_words_and_the_next_is_whole()
        .await;
    scene.at_rest().await;
    assert_eq!(front.unwrap().refused(), 1);
}

#[tokio::test]
async fn a_caller_that_rests_for_longer_than_the_proxy_waits_loses_nothing() {
    let mut front = None;
    let scene = buffering(&mut front).await;
    scene.a_caller_that_rests_loses_nothing().await;
    scene.at_rest().await;
    assert!(front.unwrap().refused() > 0, "the proxy gave up meanwhile");
}

/// The same with the real one.
#[tokio::test]
async fn the_same_holds_behind_nginx() {
    let Some(program) = nginx() else {
        left_out("behind nginx", "it is not installed");
        return;
    };
    let dir = Scratch::new("nginx");
    let listen = free_address();
    let mut running = None;
    let scene = Scene::behind(async |addr| {
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, configuration(dir.path(), listen, addr)).unwrap();
        running = Some(Process::start("nginx", &program, &dir, |command| {
            command.arg("-p").arg(dir.path()).arg("-c").arg(&file);
            command.arg("-e").arg(dir.path().join("error.log"));
        }));
        format!("http://{listen}")
    })
    .await;
    scene
        .the_first_is_late_and_the_second_comes_token_by_token()
        .await;
    let large = Behaviour {
        tokens: 12_000,
        burst: true,
        ..Behaviour::default()
    };
    assert!(scene.ask(&large).await.is_done());
    scene.a_caller_that_rests_loses_nothing().await;
    scene.at_rest().await;
    drop(running);
}

fn nginx() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<_> = std::env::split_paths(&path).collect();
    dirs.push("/usr/sbin".into());
    let mut programs = dirs.iter().map(|dir| dir.join("nginx"));
    programs.find(|program| program.is_file())
}

/// What a distribution ships, as patient as [`LIMITS`].
fn configuration(dir: &Path, listen: SocketAddr, upstream: SocketAddr) -> String {
    let (dir, silence) = (dir.display(), LIMITS.body_silence.as_secs());
    // The worker must reach the temporary folders.
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    format!(
        "{user}
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    client_body_timeout {silence}s;
    proxy_read_timeout {silence}s;
    server {{
        listen {listen};
        location / {{ proxy_pass http://{upstream}; proxy_http_version 1.1; }}
    }}
}}
"
    )
}
