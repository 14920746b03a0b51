//! What a name stands for, and who of several is called.

use std::time::Duration;

use serde_json::json;

use crate::provider::{Provider, nowhere};
use crate::world::World;

/// Three public rows of one model, `a`, `b` and `c`.
async fn three() -> (World, [Provider; 3]) {
    let world = World::new().await;
    let providers = [
        Provider::start("a").await,
        Provider::start("b").await,
        Provider::start("c").await,
    ];
    for (name, provider) in ["a", "b", "c"].into_iter().zip(&providers) {
        world.public(name, &provider.url, json!({})).await;
    }
    (world, providers)
}

#[tokio::test]
async fn a_name_is_an_llm_before_an_alias_before_a_model() {
    let (world, _providers) = three().await;
    let went = async |model| world.answered(model, "{}").await.llm;
    assert_eq!(went("big").await, "a", "a pool, in the order of its names");
    world.alias(json!({"name": "big", "llms": ["b"]})).await;
    assert_eq!(went("big").await, "b", "an alias hides the pool");
    let more = Provider::start("big").await;
    world.public("big", &more.url, json!({"model": "m"})).await;
    assert_eq!(went("big").await, "big", "an LLM hides the alias");
}

#[tokio::test]
async fn an_unknown_model_is_404_with_the_nearest_of_all_names() {
    let (world, _providers) = three().await;
    world.alias(json!({"name": "clever", "model": "big"})).await;
    for (asked, near) in [("cleverr", "clever"), ("bigg", "big")] {
        let error = world.refused(asked, "{}").await;
        assert_eq!((error.status(), error.code()), (404, "model_not_found"));
        assert_eq!(error.hint().unwrap(), format!("did you mean `{near}`?"));
    }
    let long = "x".repeat(10_000);
    let error = world.refused(&long, "{}").await;
    assert_eq!(error.status(), 404);
    assert!(error.to_string().len() < 200);
}

#[tokio::test]
async fn an_alias_without_members_is_503_and_says_where_to_look() {
    let world = World::new().await;
    world
        .alias(json!({"name": "empty", "llms": ["gone"]}))
        .await;
    let error = world.refused("empty", "{}").await;
    assert_eq!((error.status(), error.code()), (503, "provider_offline"));
    assert!(error.hint().unwrap().contains("describe alias empty"));
    assert_eq!(world.would_go_to("empty"), None);
}

#[tokio::test]
async fn the_cheapest_is_first_and_the_unpriced_costs_nothing() {
    let (world, _providers) = three().await;
    let alias = json!({"name": "cheap", "model": "big", "policy": "cost"});
    world.alias(alias).await;
    world.price("a", 3.0, 4.0).await;
    world.price("b", 2.0, 4.0).await;
    world.price("c", 1.0, 5.5).await;
    assert_eq!(world.answered("cheap", "{}").await.llm, "b");
    world.prices.delete(&"c".parse().unwrap()).await.unwrap();
    assert_eq!(world.answered("cheap", "{}").await.llm, "c");
}

#[tokio::test]
async fn the_soonest_is_first_once_each_was_seen() {
    let (world, [a, b, c]) = three().await;
    let alias = json!({"name": "fast", "model": "big", "policy": "latency"});
    world.alias(alias).await;
    // Each is tried once; `b` is the fastest.
    for (provider, name, takes) in [(&a, "a", 9), (&b, "b", 3), (&c, "c", 5)] {
        let slowly = async {
            provider.has_seen(1).await;
            world.pass(Duration::from_secs(takes)).await;
            provider.release(1);
        };
        let hold = json!({"play": {(name): "hold"}}).to_string();
        let (told, ()) = tokio::join!(world.answered("fast", hold), slowly);
        assert_eq!(told.llm, name);
    }
    assert_eq!(world.answered("fast", "{}").await.llm, "b");
    let explained = world.gateway.explain("fast").unwrap();
    let ttft = explained.candidates.iter().map(|one| one.ttft_ms);
    assert!(ttft.flatten().count() == 3, "{explained:?}");
}

#[tokio::test]
async fn the_least_busy_is_first() {
    let (world, [a, b, _c]) = three().await;
    let alias = json!({"name": "calm", "model": "big", "policy": "least-busy"});
    world.alias(alias).await;
    let hold = r#"{"play":{"a":"hold","b":"hold"}}"#;
    let others = async {
        a.has_seen(1).await;
        let next = async {
            b.has_seen(1).await;
            assert_eq!(world.answered("calm", "{}").await.llm, "c");
            a.release(1);
            b.release(1);
        };
        tokio::join!(world.answered("calm", hold), next).0.llm
    };
    let (first, second) = tokio::join!(world.answered("calm", hold), others);
    assert_eq!((&*first.llm, &*second), ("a", "b"));
    world.is_at_rest();
}

#[tokio::test]
async fn in_turn_each_is_called_as_often_and_explain_takes_no_turn() {
    let (world, providers) = three().await;
    let alias = json!({"name": "fair", "model": "big", "policy": "round-robin"});
    world.alias(alias).await;
    for _ in 0..9 {
        let foretold = world.would_go_to("fair").unwrap();
        assert_eq!(world.would_go_to("fair").unwrap(), foretold);
        assert_eq!(world.answered("fair", "{}").await.llm, foretold);
    }
    let each = providers.each_ref().map(Provider::requests);
    assert_eq!(each, [3, 3, 3]);
}

#[tokio::test]
async fn the_local_one_is_preferred_until_its_slot_is_taken() {
    let world = World::new().await;
    let cloud = Provider::start("cloud").await;
    world
        .public("cloud", &cloud.url, json!({"model": "Qwen/Qwen2.5"}))
        .await;
    let mut publisher = world.publisher(json!({"maxConcurrency": 1})).await;
    let serve = async {
        let task = publisher.task().await.task_id;
        let spilled = world.answered("Qwen/Qwen2.5", "{}").await;
        assert_eq!((&*spilled.llm, spilled.attempts), ("cloud", 1));
        publisher
            .say(&task, json!({"seq": 0, "body": "local"}))
            .await;
        publisher.answers("again").await;
    };
    let local = async {
        let first = world.answered("Qwen/Qwen2.5", "{}").await;
        (first, world.answered("Qwen/Qwen2.5", "{}").await)
    };
    let ((first, last), ()) = tokio::join!(local, serve);
    assert_eq!((&*first.llm, &*last.llm), ("qwen", "qwen"));
    assert_eq!(cloud.requests(), 1);
}

#[tokio::test]
async fn fallbacks_are_tried_in_order_and_not_followed_further() {
    let (world, providers) = three().await;
    let last = Provider::start("last").await;
    world.public("last", &last.url, json!({"model": "x"})).await;
    let (_closed, url) = nowhere();
    world.public("gone", &url, json!({"model": "x"})).await;
    let inner = json!({"name": "inner", "llms": ["b"], "fallbacks": ["last"]});
    world.alias(inner).await;
    let outer = json!({"name": "outer", "llms": ["gone"], "fallbacks": ["c", "inner", "a"]});
    world.alias(outer).await;
    let told = world.answered("outer", "{}").await;
    assert_eq!((&*told.llm, told.attempts), ("c", 2));
    let play = json!({"play": {"c": "500", "b": "500"}}).to_string();
    let told = world.answered("outer", play).await;
    assert_eq!((&*told.llm, told.attempts), ("a", 4));
    let all = json!({"play": {"c": "500", "b": "500", "a": "500"}}).to_string();
    let told = world.answered("outer", all).await;
    assert_eq!((told.status, &*told.llm), (500, "a"));
    assert_eq!(last.requests(), 0, "the fallback of a fallback");
    assert_eq!(providers[1].requests(), 2);
    world.is_at_rest();
}
