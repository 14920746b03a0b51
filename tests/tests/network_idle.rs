//! Proxies and routers that cut, or forget, connections on which nothing passes: nobody notices.

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::Far;
use system_tests::cluster::mcplocal::{Mcplocal, provider};
use system_tests::cluster::stage::{PUBLIC, VIRTUAL};
use system_tests::cluster::{CHUNKED, Scratch, Whole};
use system_tests::mock::Behaviour;
use system_tests::proxy::{IdleCut, Rules};

/// Idle connections are cut after this time: several pings are, as by default in front of a server that cuts after a
/// minute.
const CUT: Duration = Duration::from_secs(4);
const PINGS: [(&str, &str); 1] = [("MCPD_PING_INTERVAL", "500ms")];
const BACK: Duration = Duration::from_secs(20);

fn quiet(behaviour: &Behaviour) -> Behaviour {
    Behaviour {
        interval_ms: 0,
        first_token_ms: 0,
        ..behaviour.clone()
    }
}

async fn outlives(how: IdleCut) {
    let far = Far::start(&PINGS).await;
    let token = far.mcpd.token("pieces", "alice", &["publisher"]).await;
    let providers = json!([provider(CHUNKED, &far.mock.base_url(), json!({}))]);
    let config =
        json!({"server": far.to_server.url(), "providers": providers, "resultMode": "chunks"});
    let mut pieces = Mcplocal::start_with(Scratch::new("pieces"), &token, &config);
    far.mcpd.reaches(CHUNKED, "active", BACK).await;
    pieces.process.note_what_it_holds();
    far.local.link_is("connected", BACK).await;
    far.to_server.set(Rules::idle(how));
    let channel = far.to_server.find("_provider-stream");
    let pauses = Behaviour {
        tokens: 3,
        first_token_ms: 9000,
        interval_ms: 6000,
        ..Behaviour::default()
    };
    // Its provider is reached without the proxy: what is compared is the way to the server.
    let answers = tokio::join!(
        far.chat(VIRTUAL, true, &pauses),
        far.chat(VIRTUAL, false, &pauses),
        far.chat(CHUNKED, true, &pauses),
        far.chat(CHUNKED, false, &pauses),
    );
    let streamed = far.chat(PUBLIC, true, &quiet(&pauses)).await;
    let whole = far.chat(PUBLIC, false, &quiet(&pauses)).await;
    let same = |got: &Whole, expected: &Whole, what: &str| {
        assert_eq!(got.broken, None, "{what}");
        assert_eq!(got.text(), expected.text(), "{what}");
    };
    same(&answers.0, &streamed, "a stream");
    same(&answers.1, &whole, "a whole answer");
    same(&answers.2, &streamed, "a stream in pieces");
    same(&answers.3, &whole, "a whole answer in pieces");
    assert_eq!(
        far.to_server.find("_provider-stream"),
        channel,
        "no channel was cut"
    );
    for row in [VIRTUAL, CHUNKED] {
        assert_eq!(far.mcpd.phase(row).await, "active", "{row}");
    }
    at_rest(&far).await;
    pieces.at_rest().await;
}

/// All is over, on both sides of the proxies.
async fn at_rest(far: &Far) {
    far.mcpd.at_rest().await;
    far.local.at_rest().await;
}

#[tokio::test]
async fn a_channel_and_answers_with_pauses_outlive_a_proxy_that_closes_what_is_idle() {
    outlives(IdleCut::Close(CUT)).await;
}

#[tokio::test]
async fn a_channel_and_answers_with_pauses_outlive_a_router_that_forgets_what_is_idle() {
    outlives(IdleCut::Forget(CUT)).await;
}

/// Requests with pauses in which every kept connection is cut.
async fn costs_no_request(far: &Far, rows: &[&str], how: IdleCut, rounds: usize) {
    far.to_server.set(Rules::idle(how));
    far.to_provider.set(Rules::idle(how));
    let pause = how.after().unwrap_or_default() + Duration::from_millis(700);
    for round in 0..rounds {
        for row in rows {
            for stream in [true, false] {
                let answer = far.chat(row, stream, &Behaviour::default()).await;
                let what = format!("{row}, stream {stream}, round {round}");
                assert_eq!(answer.status, 200, "{what}: {}", answer.text());
                assert_eq!(answer.broken, None, "{what}");
                assert!(!stream || answer.is_done(), "{what}: {}", answer.text());
            }
        }
        tokio::time::sleep(pause).await;
    }
}

#[tokio::test]
async fn kept_connections_that_were_closed_cost_no_request() {
    let far = Far::start(&PINGS).await;
    let how = IdleCut::Close(Duration::from_secs(3));
    costs_no_request(&far, &[PUBLIC, VIRTUAL], how, 3).await;
    at_rest(&far).await;
}

#[tokio::test]
async fn kept_connections_to_a_provider_that_were_forgotten_cost_no_request() {
    let far = Far::start(&PINGS).await;
    let how = IdleCut::Forget(Duration::from_secs(3));
    costs_no_request(&far, &[PUBLIC], how, 3).await;
    assert!(far.to_provider.accepted() >= 3, "they were forgotten");
    at_rest(&far).await;
}

#[tokio::test]
async fn kept_connections_to_the_server_that_were_forgotten_cost_no_request() {
    let far = Far::start(&PINGS).await;
    // An upload can't be sent again: it trusts no connection that was idle for 10 s.
    let how = IdleCut::Forget(Duration::from_millis(10_500));
    costs_no_request(&far, &[VIRTUAL], how, 2).await;
    at_rest(&far).await;
}
