//! The life of a row that nobody serves: inactive, then gone, and never judged too early after a restart.

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::{Mcpd, Publisher};
use tokio::time::Instant;

const SOON: Duration = Duration::from_secs(10);

async fn publisher(mcpd: &Mcpd) -> (String, Publisher) {
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    (token, publisher)
}

#[tokio::test]
async fn a_silent_publisher_is_inactive_and_later_its_row_is_gone() {
    let mcpd = Mcpd::start(&[
        ("MCPD_PING_INTERVAL", "1s"),
        ("MCPD_HEARTBEAT_TIMEOUT", "2s"),
        ("MCPD_INACTIVE_RETENTION", "6s"),
        ("MCPD_GC_INTERVAL", "1s"),
    ])
    .await;
    let (_, publisher) = publisher(&mcpd).await;
    let mut channel = publisher.go_live().await;
    let silent_since = Instant::now();
    assert_eq!(mcpd.phase("parrot").await, "active");
    mcpd.reaches("parrot", "inactive", SOON).await;
    let took = silent_since.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took < Duration::from_secs(9), "{took:?}");
    // The channel is taken down, so that the publisher notices too.
    while channel.next().await.is_some() {}
    let inactive_since = Instant::now();
    mcpd.reaches("parrot", "gone", 2 * SOON).await;
    assert!(inactive_since.elapsed() >= Duration::from_secs(4));
    // The name is free for anybody.
    let other = mcpd.token("other", "bob", &["publisher"]).await;
    Publisher::register(mcpd.addr, &other, "parrot").await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn heartbeats_alone_keep_a_channel_up_that_names_no_pings() {
    let mcpd = Mcpd::start(&[
        ("MCPD_PING_INTERVAL", "1s"),
        ("MCPD_PROOF_TIMEOUT", "2s"),
        ("MCPD_HEARTBEAT_TIMEOUT", "6s"),
    ])
    .await;
    let (_, publisher) = publisher(&mcpd).await;
    let channel = publisher.bind().await;
    let epoch = channel.epoch;
    for _ in 0..8 {
        let reply = publisher.heartbeat(json!({"epoch": epoch})).await;
        assert_eq!(reply["bound"], true);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(mcpd.phase("parrot").await, "active");
    }
    // Who names a ping once is held to it.
    publisher
        .heartbeat(json!({"epoch": epoch, "lastPing": 1}))
        .await;
    mcpd.reaches("parrot", "inactive", SOON).await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn after_a_restart_rows_are_not_judged_before_publishers_could_come_back() {
    let mut mcpd = Mcpd::start(&[
        ("MCPD_HEARTBEAT_TIMEOUT", "9s"),
        ("MCPD_INACTIVE_RETENTION", "1s"),
        ("MCPD_GC_INTERVAL", "1s"),
    ])
    .await;
    let (token, publisher) = publisher(&mcpd).await;
    let _channel = publisher.go_live().await;
    let id = mcpd.row("parrot").await.unwrap()["metadata"]["id"].clone();
    mcpd.process.kill();
    tokio::time::sleep(Duration::from_secs(2)).await;

    mcpd.start_again().await;
    let back = Instant::now();
    // Longer inactive than the retention time, but within the grace.
    while back.elapsed() < Duration::from_secs(3) {
        assert_eq!(mcpd.phase("parrot").await, "inactive");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let offer = system_tests::cluster::publisher::offer(&["parrot"], Some(&publisher.session));
    let again = publisher.call("_provider-register", offer).await.json();
    assert_eq!(again["providerSessionId"], publisher.session.as_str());
    assert_eq!(again["llms"][0]["metadata"]["id"], id);
    let channel = publisher.go_live().await;
    assert_eq!(mcpd.phase("parrot").await, "active");

    // Nobody comes back this time.
    mcpd.process.kill();
    drop(channel);
    mcpd.start_again().await;
    mcpd.reaches("parrot", "gone", Duration::from_secs(30))
        .await;
    drop(token);
    mcpd.at_rest().await;
}
