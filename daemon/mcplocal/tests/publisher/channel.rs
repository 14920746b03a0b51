//! The channel: bound, proven, lost, bound again.

use std::time::Duration;

use serde_json::json;
use shared::channel::Frame;

use crate::fake_mcpd::Ended;
use crate::fake_provider::{GATED, HANG_MIDWAY, PIECES};
use crate::fixture::Fixture;

#[tokio::test]
async fn what_is_published_is_offered_and_proven_in_both_directions() {
    let it = Fixture::connected().await;
    let (register, beat) = it
        .mcpd
        .look(|seen| (seen.registers[0].clone(), seen.heartbeats[0].clone()));
    let offers = serde_json::to_value(&register.providers).unwrap();
    let expected =
        json!([{"name": "p", "type": "openai", "model": "m", "tier": "fast", "maxConcurrency": 3}]);
    assert_eq!(offers, expected);
    assert!(!register.node.hostname.is_empty());
    assert_eq!((beat.epoch, beat.last_ping), (Some(1), Some(0)));
    assert!(beat.providers[0].ready && beat.providers[0].name.as_str() == "p");
    it.mcpd.ping(41).await;
    let acknowledged = |beat: &shared::channel::Heartbeat| beat.last_ping == Some(41);
    it.mcpd
        .wait("acknowledging the ping", |seen| {
            seen.heartbeats.iter().any(acknowledged).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_channel_that_is_closed_is_bound_again_under_the_same_session() {
    let it = Fixture::connected().await;
    it.mcpd.close_channel();
    it.mcpd.connected(2).await;
    let sessions = it.mcpd.look(|seen| {
        let sessions = seen.registers.iter().map(|r| r.provider_session_id.clone());
        sessions.collect::<Vec<_>>()
    });
    assert_eq!(sessions, [None, Some("s-1".into())]);
    let kept = std::fs::read_to_string(it.home.provider_session_path()).unwrap();
    assert_eq!(kept.trim(), "s-1");
}

#[tokio::test]
async fn a_server_that_knows_no_channel_gets_a_new_one() {
    let it = Fixture::connected().await;
    it.mcpd.behave(|manner| manner.bound = false);
    it.mcpd.ping(1).await;
    it.mcpd
        .wait("binding again", |seen| (seen.channels >= 2).then_some(()))
        .await;
    it.mcpd.behave(|manner| manner.bound = true);
    it.wait_status(|status| (status.link.state == "connected").then_some(()))
        .await;
}

#[tokio::test]
async fn a_silent_channel_is_given_up_within_45_seconds() {
    let it = Fixture::connected().await;
    // From here on only timers run: the server is there, and says nothing.
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    it.mcpd
        .wait_long("binding again", |seen| (seen.channels >= 2).then_some(()))
        .await;
    let silent = start.elapsed();
    assert!(silent >= Duration::from_secs(39), "{silent:?}");
    assert!(silent <= Duration::from_secs(45), "{silent:?}");
}

#[tokio::test]
async fn the_loser_of_a_session_says_so_and_backs_off_for_a_minute() {
    let it = Fixture::connected().await;
    it.mcpd.say(Frame::Superseded).await;
    let link = it
        .wait_status(|status| (status.link.state == "superseded").then(|| status.link.clone()))
        .await;
    assert!(link.retry_in_ms.unwrap() > 50_000, "{link:?}");
    assert!(link.last_error.unwrap().contains("provider-session"));
}

#[tokio::test]
async fn goaway_binds_a_new_channel_while_the_old_one_finishes_its_tasks() {
    let it = Fixture::connected().await;
    it.mcpd
        .task("t1", true, Some(&format!(r#"{{"x":"{GATED}"}}"#)))
        .await;
    it.mcpd
        .wait("first bytes", |seen| {
            seen.uploads
                .get("t1")
                .filter(|u| !u.body.is_empty())
                .map(|_| ())
        })
        .await;
    it.mcpd.goaway().await;
    it.mcpd.connected(2).await;
    it.provider.gate.send_replace(true);
    let (_, body) = it.mcpd.upload("t1", Ended::Cleanly).await;
    assert_eq!(body, PIECES[0]);
}

#[tokio::test]
async fn a_refusal_is_explained_to_the_owner_and_asked_again() {
    let it = Fixture::start(json!({})).await;
    it.mcpd.behave(|manner| manner.refuse = Some(401));
    // It may have been in time.
    it.mcpd.close_channel();
    let why = it
        .wait_status(|status| {
            let why = status.link.last_error.clone()?;
            why.contains("401").then_some(why)
        })
        .await;
    assert!(why.contains("go away"), "{why}");
    it.mcpd.behave(|manner| manner.refuse = None);
    it.wait_status(|status| (status.link.state == "connected").then_some(()))
        .await;
}

#[tokio::test]
async fn an_epoch_that_is_over_takes_its_tasks_along() {
    let it = Fixture::connected().await;
    it.mcpd
        .task("t1", true, Some(&format!(r#"{{"x":"{HANG_MIDWAY}"}}"#)))
        .await;
    it.provider.asked(1).await;
    it.mcpd.close_channel();
    it.provider.abandoned(1).await;
}
