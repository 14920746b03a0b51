//! When every provider fails at once, a hundred callers cost little more than a hundred calls, and all is well again
//! once the providers are.

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::stage::chat;
use system_tests::cluster::wait::{until, when};
use system_tests::cluster::{Ask, Mcpd};
use system_tests::mock::{Behaviour, Mock, Settings};
use tokio::task::JoinSet;

const CALLERS: u64 = 100;
/// What a call that fails takes: longer than a hundred callers need to come, so that all are in flight together. A
/// budget of those in flight allows the ones that come later more.
const AT_ONCE_MS: u64 = 2000;
const RECOVERED: Duration = Duration::from_secs(40);

/// Two providers behind one name; what the breaker of each allows.
async fn scene(more: serde_json::Value) -> (Mcpd, [Mock; 2]) {
    let mcpd = Mcpd::start(&[]).await;
    let start = || Mock::start(Settings::default()).expect("a mock can listen");
    let mocks = [start(), start()];
    for (name, mock) in ["one", "two"].iter().zip(&mocks) {
        mcpd.create_public(name, &mock.base_url(), more.clone())
            .await;
    }
    let alias = json!({"kind": "Alias", "name": "smart", "llms": ["one", "two"]});
    mcpd.admin_ok(Ask::post("/api/v1/aliases", alias)).await;
    (mcpd, mocks)
}

fn calls(mocks: &[Mock; 2]) -> u64 {
    mocks.iter().map(|mock| mock.stats().requests).sum()
}

/// A hundred callers at once, of whom each wants `behaviour`. The statuses that they get.
async fn storm(mcpd: &Mcpd, behaviour: &Behaviour, stream: bool) -> Vec<u16> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut body = chat(stream, behaviour);
        body["model"] = "smart".into();
        let ask = Ask::post("/v1/chat/completions", body).token(&mcpd.admin);
        let addr = mcpd.addr;
        callers.spawn(async move { ask.whole(addr).await.status });
    }
    callers.join_all().await
}

#[tokio::test]
async fn a_storm_of_errors_is_not_multiplied() {
    // No breaker helps: it is the budget of retries alone.
    let (mcpd, mocks) =
        scene(json!({"maxConcurrency": 200, "breaker": {"failures": 100_000, "openFor": "1s"}}))
            .await;
    for status in [500, 503, 429] {
        for stream in [false, true] {
            let failing = Behaviour {
                status: Some(status),
                first_token_ms: AT_ONCE_MS,
                ..Behaviour::default()
            };
            let before = calls(&mocks);
            let seen = storm(&mcpd, &failing, stream).await;
            let made = calls(&mocks) - before;
            let what = format!("{status} {stream}: {made} calls");
            assert!(
                seen.iter().all(|seen| matches!(seen, 429 | 500..=599)),
                "{what}: {seen:?}"
            );
            assert!(made >= CALLERS, "{what}");
            assert!(made <= CALLERS + CALLERS / 5 + 3, "{what}");
            for row in ["one", "two"] {
                mcpd.idle(row).await;
            }
        }
    }
    let well = storm(&mcpd, &Behaviour::default(), false).await;
    assert!(well.iter().all(|status| *status == 200), "{well:?}");
    mcpd.at_rest_after(CALLERS as usize).await;
}

#[tokio::test]
async fn after_a_storm_the_breakers_close_again() {
    let (mcpd, mocks) =
        scene(json!({"maxConcurrency": 200, "breaker": {"failures": 3, "openFor": "2s"}})).await;
    let failing = Behaviour {
        status: Some(500),
        ..Behaviour::default()
    };
    for _ in 0..2 {
        storm(&mcpd, &failing, false).await;
    }
    let made = calls(&mocks);
    assert!(made <= 2 * (CALLERS + CALLERS / 5 + 3), "{made}");
    until("both to be called again", RECOVERED, async || {
        let before: Vec<_> = mocks.iter().map(|mock| mock.stats().completed).collect();
        let well = storm(&mcpd, &Behaviour::default(), false).await;
        let both = mocks
            .iter()
            .zip(before)
            .all(|(mock, before)| mock.stats().completed > before);
        when(both && well.iter().all(|status| *status == 200), &well)
    })
    .await;
    mcpd.at_rest_after(CALLERS as usize).await;
}
