//! What an access token may use holds for any number of requests at once.

use kit::clock::Clock;
use serde_json::json;

use crate::provider::{INPUT, OUTPUT, Provider};
use crate::world::{World, all, rest, settle};

async fn limited(limits: serde_json::Value) -> (World, Provider) {
    let mut world = World::new().await;
    world.limited(limits);
    let a = Provider::start("a").await;
    world
        .public("a", &a.url, json!({"maxConcurrency": 500}))
        .await;
    (world, a)
}

#[tokio::test]
async fn two_hundred_at_once_never_pass_a_budget_and_all_are_settled() {
    let (world, a) = limited(json!({"budget": {"usd": 0.001, "period": "day"}})).await;
    // An answer's token costs a micro-dollar: each reserves 100 of 1000, and uses 7.
    world.price("a", 0.0, 1.0).await;
    let body = json!({"max_tokens": 100, "play": {"a": "hold"}}).to_string();
    let ask = || async {
        match world.infer("a", body.clone()).await {
            Ok(mut answer) => {
                rest(&mut answer).await;
                None
            }
            Err(error) => Some(error),
        }
    };
    let all = all((0..200).map(|_| ask()));
    let watch = async {
        a.has_seen(10).await;
        settle().await;
        assert_eq!(a.requests(), 10);
        let spent = world.caller.ledger.spent(world.clock.now());
        assert_eq!((spent.usd, spent.reserved_usd), (0.0, 0.001));
        a.release(10);
    };
    let (ended, ()) = tokio::join!(all, watch);
    let refused: Vec<_> = ended.into_iter().flatten().collect();
    assert_eq!(refused.len(), 190);
    for error in refused {
        assert_eq!((error.status(), error.code()), (429, "insufficient_quota"));
        assert_eq!(error.family(), Some("insufficient_quota"));
        assert!(error.hint().unwrap().contains("max_tokens"));
    }
    world.is_at_rest();
    let spent = world.caller.ledger.spent(world.clock.now());
    assert!((spent.usd - 70e-6).abs() < 1e-12, "{spent:?}");
    let sum = world.sum().await;
    assert_eq!((sum.requests, sum.errors), (200, 190));
    assert!((sum.cost_usd - spent.usd).abs() < 1e-12);
    assert_eq!(a.charged(), 10);
}

#[tokio::test]
async fn requests_tokens_and_requests_at_once_are_refused_with_when_to_come_back() {
    let (world, _a) = limited(json!({"requestsPerMinute": 2})).await;
    for _ in 0..2 {
        world.answered("a", "{}").await;
    }
    let error = world.refused("a", "{}").await;
    assert_eq!((error.status(), error.code()), (429, "rate_limit_exceeded"));
    assert_eq!(error.retry_after().unwrap().as_secs(), 30);
    world.pass(std::time::Duration::from_secs(30)).await;
    world.answered("a", "{}").await;

    let (world, a) = limited(json!({"tokensPerMinute": 120})).await;
    let body = r#"{"max_tokens":100}"#;
    world.answered("a", body).await;
    // What was reserved too much is back: a hundred and two of a hundred and twenty.
    let used = INPUT + OUTPUT;
    assert_eq!(used, 18);
    let error = world.refused("a", body).await;
    assert_eq!((error.status(), error.code()), (429, "rate_limit_exceeded"));
    assert!(error.retry_after().unwrap().as_secs() < 10, "{error}");
    assert_eq!(a.requests(), 1);

    let (world, a) = limited(json!({"maxConcurrency": 1})).await;
    let second = async {
        a.has_seen(1).await;
        let error = world.refused("a", "{}").await;
        assert_eq!((error.status(), error.code()), (429, "rate_limit_exceeded"));
        assert!(error.retry_after().is_some());
        a.release(1);
    };
    tokio::join!(world.answered("a", r#"{"play":{"a":"hold"}}"#), second);
    world.is_at_rest();
}

#[tokio::test]
async fn limits_change_while_requests_run() {
    let (world, a) = limited(json!({"maxConcurrency": 1})).await;
    let hold = r#"{"play":{"a":"hold"}}"#;
    let change = async {
        a.has_seen(1).await;
        assert_eq!(world.refused("a", "{}").await.status(), 429);
        let wider = serde_json::from_value(json!({"maxConcurrency": 2})).unwrap();
        world.caller.ledger.set_limits(wider, 0, world.clock.now());
        world.answered("a", "{}").await;
        assert_eq!(world.caller.ledger.in_flight(), 1);
        a.release(1);
    };
    tokio::join!(world.answered("a", hold), change);
    world.is_at_rest();
}
