//! What the owner of the machine sees and changes.

use std::time::Duration;

use serde_json::json;
use shared::local_control::{Reply, Request};

use crate::fake_mcpd::{Ended, PATIENCE};
use crate::fake_provider::{GATED, PIECES};
use crate::fixture::Fixture;

#[tokio::test]
async fn the_status_shows_link_providers_and_problems() {
    let it = Fixture::connected_with(json!({"resultMode": "sometimes"})).await;
    let status = it
        .wait_status(|status| (status.link.state == "connected").then(|| status.clone()))
        .await;
    assert_eq!(status.link.epoch, Some(1));
    assert_eq!(status.link.provider_session_id.as_deref(), Some("s-1"));
    assert_eq!(status.server.unwrap(), format!("http://{}", it.mcpd.addr));
    assert!(status.problems[0].contains("field `resultMode`"));
    let p = &status.providers[0];
    assert_eq!((&*p.model, p.publish, p.ready), ("m", true, Some(true)));
}

#[tokio::test]
async fn what_is_unpublished_is_withdrawn_at_once_and_comes_back() {
    let it = Fixture::connected().await;
    let name = || "p".parse().unwrap();
    let reply = it.ask(Request::Unpublish { name: name() }).await;
    let Reply::Done { message } = reply else {
        panic!("{reply:?}")
    };
    assert!(message.contains("no longer published"), "{message}");
    it.mcpd
        .wait("withdrawing", |seen| {
            seen.registers.last()?.providers.is_empty().then_some(())
        })
        .await;
    it.wait_status(|status| (status.link.state == "idle").then_some(()))
        .await;
    // The file's other fields stayed.
    let config = std::fs::read_to_string(it.home.config_path()).unwrap();
    assert!(config.contains(r#""tier": "fast""#) && config.contains(r#""publish": false"#));
    it.ask(Request::Publish { name: name() }).await;
    it.mcpd.connected(2).await;
    let reply = it
        .ask(Request::Publish {
            name: "other".parse().unwrap(),
        })
        .await;
    assert!(matches!(reply, Reply::Error { hint: Some(hint), .. } if hint.contains('p')));
}

#[tokio::test]
async fn an_edited_file_changes_the_offer_while_the_channel_stays() {
    let it = Fixture::connected().await;
    it.configure(json!({"providers": [{"name": "d", "type": "demo", "publish": true}]}));
    it.mcpd
        .wait("the new offer", |seen| {
            let offer = &seen.registers.last()?.providers;
            (offer.len() == 1 && offer[0].name.as_str() == "d").then_some(())
        })
        .await;
    assert_eq!(it.mcpd.look(|seen| seen.channels), 1);
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_where_nothing_is_published() {
    let it = Fixture::start(json!({"providers": [{"name": "d", "type": "demo"}]})).await;
    it.wait_status(|status| status.providers.first()?.ready.filter(|ready| *ready))
        .await;
    assert_eq!(it.status().await.link.state, "idle");
    assert!(it.mcpd.look(|seen| seen.registers.is_empty()));
}

#[tokio::test]
async fn a_stop_withdraws_finishes_what_runs_and_ends() {
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
    let stop = it.lifecycle.shut_down(Duration::from_secs(40));
    let finish = async {
        it.mcpd
            .wait("withdrawing", |seen| {
                seen.registers.last()?.providers.is_empty().then_some(())
            })
            .await;
        it.provider.gate.send_replace(true);
        it.mcpd.upload("t1", Ended::Cleanly).await
    };
    let (clean, (_, body)) = tokio::time::timeout(PATIENCE, async { tokio::join!(stop, finish) })
        .await
        .unwrap();
    assert!(clean);
    assert_eq!(body, PIECES[0]);
}

#[tokio::test]
async fn no_server_and_no_credential_are_said_and_waited_out() {
    let it = Fixture::start(json!({"server": "http://127.0.0.1:1"})).await;
    let why = it
        .wait_status(|status| status.link.last_error.clone())
        .await;
    assert!(why.contains("mcpctl login http://127.0.0.1:1"), "{why}");
    it.configure(json!({}));
    it.mcpd.connected(1).await;
}
