//! Parts of the way that fail alone: one direction of the channel, one connection of several, and bandwidth.

use std::time::Duration;
use system_tests::cluster::stage::{VIRTUAL, chat};
use system_tests::cluster::wait::when;
use system_tests::cluster::{Far, figures, until};
use system_tests::mock::Behaviour;
use system_tests::proxy::{Lane, Rules};
use tokio::time::Instant;

const QUICK: [(&str, &str); 2] = [("MCPD_PING_INTERVAL", "1s"), ("MCPD_PROOF_TIMEOUT", "3s")];
/// Promise 5: out of rotation within this time of a closed socket, whichever way it was closed.
const OUT: Duration = Duration::from_secs(1);
/// With these settings, and time for a busy machine.
const QUICKLY: Duration = Duration::from_secs(8);
/// A publisher whose channel is silent asks whether it still has one with its next heartbeat, after 30 s at most.
const BACK: Duration = Duration::from_secs(45);
const CHANNEL: &str = "_provider-stream";
const HEARTBEAT: &str = "_provider-heartbeat";

/// The number of the connection whose last request was this one.
async fn connection(far: &Far, part: &str) -> u64 {
    until(
        "the publisher's connections",
        Duration::from_secs(10),
        async || far.to_server.find(part).ok_or_else(|| part.to_owned()),
    )
    .await
}

/// A new channel is bound and serves; the old one is gone.
async fn is_mended(far: &Far, old: u64) {
    until("another channel", BACK, async || {
        let found = far.to_server.find(CHANNEL);
        when(found.is_some_and(|new| new != old), found)
    })
    .await;
    far.mcpd.reaches(VIRTUAL, "active", BACK).await;
    let answer = far.chat(VIRTUAL, true, &Behaviour::default()).await;
    assert!(answer.is_done(), "{}", answer.text());
}

fn half_closed() -> Lane {
    Lane {
        half_closed: true,
        ..Lane::default()
    }
}

async fn a_half_closed_channel_is_noticed(rules: Rules) {
    let far = Far::start(&[]).await;
    let channel = connection(&far, CHANNEL).await;
    let slow = Behaviour {
        tokens: 10_000,
        interval_ms: 50,
        ..Behaviour::default()
    };
    let ask = far.mcpd.infer(VIRTUAL, chat(true, &slow));
    let mut answer = ask.send(far.mcpd.addr).await;
    answer.read_until("t1 ").await;
    // Nothing else passes meanwhile: a publisher that is back at once would hide that it was gone.
    far.to_server.set(Rules::dark());
    far.to_server.set_only(channel, rules);
    let closed = Instant::now();
    far.mcpd.leaves_rotation(VIRTUAL, OUT).await;
    figures(
        "channel_halves",
        &format!("half closed: inactive after {:.0?}", closed.elapsed()),
    );
    let refused = far.chat(VIRTUAL, true, &Behaviour::default()).await;
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "provider_offline")
    );
    let answer = answer.whole().await;
    assert!(closed.elapsed() < QUICKLY, "{:?}", closed.elapsed());
    assert!(
        answer.text().contains("\"code\":\"provider_disconnected\""),
        "{}",
        answer.text()
    );
    far.to_server.set(Rules::default());
    is_mended(&far, channel).await;
    far.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_channel_that_is_closed_towards_the_publisher_is_noticed_and_bound_again() {
    let down = half_closed();
    let rules = Rules {
        down,
        ..Rules::default()
    };
    a_half_closed_channel_is_noticed(rules).await;
}

#[tokio::test]
async fn a_channel_that_is_closed_towards_the_server_is_noticed_and_bound_again() {
    let up = half_closed();
    let rules = Rules {
        up,
        ..Rules::default()
    };
    a_half_closed_channel_is_noticed(rules).await;
}

#[tokio::test]
async fn a_channel_that_alone_is_dark_is_noticed_and_bound_again() {
    let far = Far::start(&QUICK).await;
    // The first ping has been named.
    connection(&far, HEARTBEAT).await;
    let channel = connection(&far, CHANNEL).await;
    far.to_server.set_only(channel, Rules::dark());
    far.mcpd.reaches(VIRTUAL, "inactive", QUICKLY).await;
    is_mended(&far, channel).await;
    far.mcpd.at_rest().await;
}

#[tokio::test]
async fn heartbeats_that_alone_are_dark_are_noticed_and_find_another_way() {
    let far = Far::start(&QUICK).await;
    let channel = connection(&far, CHANNEL).await;
    let heartbeat = connection(&far, HEARTBEAT).await;
    assert_ne!(channel, heartbeat, "they have a connection of their own");
    far.to_server.set_only(heartbeat, Rules::dark());
    far.mcpd.reaches(VIRTUAL, "inactive", QUICKLY).await;
    is_mended(&far, channel).await;
    far.mcpd.at_rest().await;
}

#[tokio::test]
async fn one_answers_connection_that_breaks_costs_that_answer_alone() {
    let far = Far::start(&[]).await;
    let slow = Behaviour {
        tokens: 60,
        interval_ms: 50,
        ..Behaviour::default()
    };
    let ask = far.mcpd.infer(VIRTUAL, chat(true, &slow));
    let mut broken = ask.send(far.mcpd.addr).await;
    broken.read_until("t1 ").await;
    let upload = connection(&far, "/stream ").await;
    let mut other = ask.send(far.mcpd.addr).await;
    other.read_until("t1 ").await;
    far.to_server.reset_only(upload);
    let (broken, other) = tokio::join!(broken.whole(), other.whole());
    assert!(
        broken.text().contains("event: error\n"),
        "{}",
        broken.text()
    );
    assert!(!broken.text().contains("[DONE]"));
    assert!(other.is_done(), "{}", other.text());
    assert_eq!(far.mcpd.phase(VIRTUAL).await, "active");
    far.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_narrow_network_is_slow_and_nothing_else() {
    let far = Far::start(&QUICK).await;
    let channel = connection(&far, CHANNEL).await;
    let lane = Lane {
        bytes_per_second: 8000,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(60),
        ..Lane::default()
    };
    far.to_server.set(Rules {
        up: lane,
        down: lane,
        ..Rules::default()
    });
    let behaviour = Behaviour {
        tokens: 200,
        burst: true,
        ..Behaviour::default()
    };
    let began = Instant::now();
    let plain = Behaviour::default();
    let (one, two) = tokio::join!(
        far.chat(VIRTUAL, true, &behaviour),
        far.chat(VIRTUAL, false, &plain),
    );
    assert!(one.is_done() && two.status == 200, "{}", two.text());
    assert!(began.elapsed() > Duration::from_secs(3), "it was narrow");
    assert_eq!(
        far.to_server.find(CHANNEL),
        Some(channel),
        "the same channel"
    );
    assert_eq!(far.mcpd.phase(VIRTUAL).await, "active");
    far.to_server.set(Rules::default());
    let answer = far.chat(VIRTUAL, true, &Behaviour::default()).await;
    assert!(answer.is_done());
    until("a fast answer", QUICKLY, async || {
        let asked = Instant::now();
        far.chat(VIRTUAL, true, &Behaviour::default()).await;
        let took = asked.elapsed();
        when(took < Duration::from_secs(2), took)
    })
    .await;
    let _ = far.local.status().await.unwrap();
    far.mcpd.at_rest().await;
}
