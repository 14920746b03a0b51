//! Networks that fall silent without a word, and processes that freeze: noticed by both ends, in bounded time.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::mcplocal::provider;
use system_tests::cluster::stage::chat;
use system_tests::cluster::{Mcpd, Mcplocal, Publisher, Scratch, Whole};
use system_tests::mock::{Behaviour, Mock, Settings};
use system_tests::proxy::{Lane, Proxy, Rules};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Promise 5, for a silent network.
const SILENT: Duration = Duration::from_secs(45);
/// With the settings of [`QUICK`], and time for a busy machine.
const QUICKLY: Duration = Duration::from_secs(8);
const BACK: Duration = Duration::from_secs(15);
const QUICK: [(&str, &str); 2] = [("MCPD_PING_INTERVAL", "1s"), ("MCPD_PROOF_TIMEOUT", "3s")];

/// A publisher whose only way to the server is a proxy.
struct Far {
    local: Mcplocal,
    proxy: Proxy,
    mcpd: Mcpd,
    mock: Mock,
    callers: JoinSet<Whole>,
}

impl Far {
    async fn set(settings: &[(&str, &str)]) -> Self {
        let mcpd = Mcpd::start(settings).await;
        let proxy = Proxy::start(mcpd.addr).unwrap();
        let mock = Mock::start(Settings::default()).unwrap();
        let token = mcpd.token("box", "alice", &["publisher"]).await;
        let providers = json!([provider("box", &mock.base_url(), json!({}))]);
        let mut local = Mcplocal::start(&proxy.url(), &token, &providers);
        mcpd.reaches("box", "active", BACK).await;
        local.process.note_what_it_holds();
        let callers = JoinSet::new();
        let mut far = Self {
            local,
            proxy,
            mcpd,
            mock,
            callers,
        };
        // It has come back and forth by then, and a first ping: a silence is judged by pings.
        far.ask().await;
        far
    }

    /// A caller whose answer has begun and takes very long.
    async fn ask(&mut self) {
        let slow = Behaviour {
            tokens: 100_000,
            interval_ms: 200,
            ..Behaviour::default()
        };
        let (ask, addr) = (self.mcpd.infer("box", chat(true, &slow)), self.mcpd.addr);
        let mut answer = ask.send(addr).await;
        answer.read_until("t0 ").await;
        self.callers.spawn(answer.whole());
    }

    async fn whole(&self) -> Whole {
        let body = chat(true, &Behaviour::default());
        self.mcpd.infer("box", body).whole(self.mcpd.addr).await
    }

    /// The row goes, the caller is told, and all is well once it is light again.
    async fn goes_and_comes_back(mut self, rules: Rules) {
        self.proxy.set(rules);
        let dark = Instant::now();
        self.mcpd.reaches("box", "inactive", QUICKLY).await;
        let answer = self.callers.join_next().await.unwrap().unwrap();
        assert!(dark.elapsed() < QUICKLY);
        let text = answer.text();
        assert!(
            text.contains("\"code\":\"provider_disconnected\""),
            "{text}"
        );
        assert!(!text.contains("[DONE]"));
        assert_eq!(self.whole().await.code(), "provider_offline");
        self.proxy.set(Rules::default());
        self.mcpd.reaches("box", "active", BACK).await;
        assert!(self.whole().await.is_done());
        self.at_rest().await;
    }

    async fn at_rest(&self) {
        self.mcpd.at_rest().await;
        self.local.at_rest().await;
    }
}

#[tokio::test]
async fn a_network_that_is_dark_both_ways_goes_and_comes_back() {
    Far::set(&QUICK)
        .await
        .goes_and_comes_back(Rules::dark())
        .await;
}

#[tokio::test]
async fn a_network_that_is_dark_from_the_publisher_goes_and_comes_back() {
    let up = Lane::dark();
    let rules = Rules {
        up,
        ..Rules::default()
    };
    Far::set(&QUICK).await.goes_and_comes_back(rules).await;
}

#[tokio::test]
async fn a_network_that_is_dark_to_the_publisher_goes_and_comes_back() {
    let down = Lane::dark();
    let rules = Rules {
        down,
        ..Rules::default()
    };
    Far::set(&QUICK).await.goes_and_comes_back(rules).await;
}

#[tokio::test]
async fn a_network_that_is_only_slow_is_no_silence() {
    let mut far = Far::set(&QUICK).await;
    let delay = Duration::from_millis(300);
    let lane = Lane {
        delay,
        ..Lane::default()
    };
    far.proxy.set(Rules {
        up: lane,
        down: lane,
        ..Rules::default()
    });
    let end = Instant::now() + Duration::from_secs(6);
    while Instant::now() < end {
        assert_eq!(far.mcpd.phase("box").await, "active");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(far.whole().await.is_done());
    assert!(
        far.callers.try_join_next().is_none(),
        "the long answer goes on"
    );
    far.callers.shutdown().await;
    far.at_rest().await;
}

#[tokio::test]
async fn a_reset_of_every_connection_goes_and_comes_back_at_once_and_mended() {
    let mut far = Far::set(&[]).await;
    for _ in 0..3 {
        far.proxy.reset();
        let reset = Instant::now();
        let answer = far.callers.join_next().await.unwrap().unwrap();
        assert!(reset.elapsed() < Duration::from_secs(1));
        assert!(!answer.is_done());
        far.local.link_is("connected", BACK).await;
        far.mcpd.reaches("box", "active", BACK).await;
        assert!(far.whole().await.is_done());
        far.ask().await;
    }
    far.callers.shutdown().await;
    far.at_rest().await;
}

#[tokio::test]
async fn a_publisher_that_freezes_goes_and_comes_back_and_comes_back() {
    let mut far = Far::set(&QUICK).await;
    far.local.process.freeze();
    far.mcpd.reaches("box", "inactive", QUICKLY).await;
    let answer = far.callers.join_next().await.unwrap().unwrap();
    assert!(!answer.is_done());
    far.local.process.thaw();
    far.mcpd.reaches("box", "active", BACK).await;
    assert!(far.whole().await.is_done());
    far.at_rest().await;
}

#[tokio::test]
async fn with_the_default_times_both_ends_notice_within_forty_five_seconds() {
    let mut far = Far::set(&[]).await;
    far.proxy.set(Rules::dark());
    let dark = Instant::now();
    let noticed_there = far.mcpd.reaches("box", "inactive", SILENT);
    let noticed_here = async {
        system_tests::cluster::until("the publisher to notice", SILENT, async || {
            match far.local.status().await {
                Ok(status) if status.link.state != "connected" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    };
    tokio::join!(noticed_there, noticed_here);
    assert!(dark.elapsed() <= SILENT);
    let answer = far.callers.join_next().await.unwrap().unwrap();
    assert!(!answer.is_done());
    let stopped = async || {
        let stats = far.mock.stats();
        system_tests::cluster::wait::when(stats.in_flight == 0, stats)
    };
    let limit = Duration::from_secs(5);
    system_tests::cluster::until("the model to stop", limit, stopped).await;
    far.proxy.set(Rules::default());
    far.mcpd.reaches("box", "active", BACK).await;
    assert!(far.whole().await.is_done());
    far.at_rest().await;
}

#[tokio::test]
async fn heartbeats_without_a_channel_never_make_or_keep_a_row_active() {
    let mcpd = Mcpd::start(&[]).await;
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    for epoch in [
        json!({}),
        json!({"epoch": 0}),
        json!({"epoch": 1, "lastPing": 0}),
    ] {
        let reply = publisher.heartbeat(epoch).await;
        assert_eq!(reply["bound"], false, "{reply}");
        assert_eq!(mcpd.phase("parrot").await, "inactive");
    }
    // A bound channel alone proves nothing either, nor does a heartbeat of another epoch.
    let channel = publisher.bind().await;
    assert_eq!(mcpd.phase("parrot").await, "inactive");
    let epoch = channel.epoch;
    let wrong = publisher.heartbeat(json!({"epoch": epoch + 1, "lastPing": 0}));
    assert_eq!(wrong.await["bound"], false);
    assert_eq!(mcpd.phase("parrot").await, "inactive");
    let right = publisher.heartbeat(json!({"epoch": epoch, "lastPing": 0}));
    assert_eq!(right.await["bound"], true);
    assert_eq!(mcpd.phase("parrot").await, "active");

    drop(channel);
    mcpd.reaches("parrot", "inactive", Duration::from_secs(1))
        .await;
    for _ in 0..5 {
        let reply = publisher.heartbeat(json!({"epoch": epoch, "lastPing": 0}));
        assert_eq!(reply.await["bound"], false);
        assert_eq!(mcpd.phase("parrot").await, "inactive");
    }
    let body = chat(true, &Behaviour::default());
    let answer = mcpd.infer("parrot", body).whole(mcpd.addr).await;
    assert_eq!(answer.code(), "provider_offline");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn of_two_publishers_with_one_copied_session_the_newest_wins_for_good() {
    let mcpd = Mcpd::start(&[]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let providers = json!([provider("box", &mock.base_url(), json!({}))]);
    let older = Mcplocal::start(&mcpd.url(), &token, &providers);
    mcpd.reaches("box", "active", BACK).await;
    older.link_is("connected", BACK).await;

    let home = Scratch::new("copy");
    std::fs::copy(older.session_file(), home.path().join("provider-session")).unwrap();
    let newer = Mcplocal::start_in(home, &mcpd.url(), &token, &providers);
    newer.link_is("connected", BACK).await;
    older.link_is("superseded", Duration::from_secs(5)).await;
    let waits = older.status().await.unwrap().link.retry_in_ms.unwrap();
    assert!(waits > 50_000, "{waits} ms");
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        assert_eq!(newer.status().await.unwrap().link.state, "connected");
        assert_eq!(older.status().await.unwrap().link.state, "superseded");
        assert_eq!(mcpd.phase("box").await, "active");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let body = chat(true, &Behaviour::default());
    assert!(mcpd.infer("box", body).whole(mcpd.addr).await.is_done());
    mcpd.at_rest().await;
}
