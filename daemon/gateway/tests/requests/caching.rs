//! Answers that are given again: where an alias wants it, to whom it was given, and no other.

use std::time::Duration;

use gateway::{Ask, CacheWish};
use serde_json::{Value, json};

use crate::provider::{OUTPUT, Provider};
use crate::world::{World, rest};

/// An alias `kept` in front of `a`, then `b` (of another model).
async fn kept(cache: Value) -> (World, Provider, Provider) {
    let world = World::new().await;
    let (a, b) = (Provider::start("a").await, Provider::start("b").await);
    // It may fail as often as a test likes.
    let patient = json!({"breaker": {"failures": 1000}});
    world.public("a", &a.url, patient).await;
    world.public("b", &b.url, json!({"model": "other"})).await;
    let alias = json!({"name": "kept", "llms": ["a"], "fallbacks": ["b"], "cache": cache});
    world.alias(alias).await;
    (world, a, b)
}

/// Hit or miss, and the text.
async fn put(world: &World, ask: Ask) -> (Option<bool>, String) {
    let mut answer = world.put(ask).await.unwrap();
    let (text, error) = rest(&mut answer).await;
    assert!(error.is_none());
    (answer.cache_hit, text)
}

fn wishes(mut ask: Ask, cache: CacheWish) -> Ask {
    ask.cache = cache;
    ask
}

const COLD: &str = r#"{"temperature":0}"#;
const WARM: &str = r#"{"temperature":1}"#;

#[tokio::test]
async fn only_what_is_determined_is_kept_unless_somebody_asks_for_more() {
    let (world, a, _b) = kept(json!({"ttl": "10m"})).await;
    let ask = |body| world.ask("kept", body);
    let (miss, first) = put(&world, ask(COLD)).await;
    let (hit, again) = put(&world, ask(COLD)).await;
    assert_eq!((miss, hit), (Some(false), Some(true)));
    assert_eq!(first, again);
    for _ in 0..2 {
        assert_eq!(put(&world, ask(WARM)).await.0, None);
    }
    let using = || wishes(ask(WARM), CacheWish::Use);
    assert_eq!(put(&world, using()).await.0, Some(false));
    assert_eq!(put(&world, using()).await.0, Some(true));
    let fresh = wishes(ask(COLD), CacheWish::Bypass);
    assert_eq!(put(&world, fresh).await.0, None);
    assert_eq!(a.requests(), 5);
    // Without an alias that wants it, nobody gets it.
    let direct = wishes(world.ask("a", COLD), CacheWish::Use);
    assert_eq!(put(&world, direct).await.0, None);
}

#[tokio::test]
async fn an_alias_may_keep_everything_and_forgets_it_in_time() {
    let (world, a, _b) = kept(json!({"ttl": "10m", "always": true})).await;
    let ask = || world.ask("kept", WARM);
    assert_eq!(put(&world, ask()).await.0, Some(false));
    world.pass(Duration::from_secs(599)).await;
    assert_eq!(put(&world, ask()).await.0, Some(true));
    world.pass(Duration::from_secs(2)).await;
    assert_eq!(put(&world, ask()).await.0, Some(false));
    assert_eq!(a.requests(), 2);
}

#[tokio::test]
async fn one_principal_does_not_get_what_another_was_told() {
    let (world, a, _b) = kept(json!({"ttl": "10m"})).await;
    put(&world, world.ask("kept", COLD)).await;
    let mut other = world.ask("kept", COLD);
    other.caller.payer.principal = "bob".into();
    assert_eq!(put(&world, other).await.0, Some(false));
    assert_eq!(a.requests(), 2);
}

#[tokio::test]
async fn a_whole_answer_is_given_as_a_stream_and_the_other_way_round() {
    for stream_first in [false, true] {
        let (world, a, _b) = kept(json!({"ttl": "10m"})).await;
        let ask = |stream| {
            let body = json!({"temperature": 0, "stream": stream}).to_string();
            world.ask("kept", body)
        };
        assert_eq!(put(&world, ask(stream_first)).await.0, Some(false));
        let (hit, text) = put(&world, ask(!stream_first)).await;
        assert_eq!((hit, a.requests()), (Some(true), 1));
        match stream_first {
            true => {
                let whole: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(whole["choices"][0]["message"]["content"], "hi from a");
                assert_eq!(whole["usage"]["completion_tokens"], OUTPUT);
            }
            false => {
                assert!(
                    text.contains("hi from a") && text.ends_with("data: [DONE]\n\n"),
                    "{text}"
                );
                assert!(!text.contains("usage\":{"), "nobody asked for it: {text}");
            }
        }
    }
}

#[tokio::test]
async fn what_failed_was_cut_or_broken_off_is_not_kept() {
    let (world, a, _b) = kept(json!({"ttl": "10m"})).await;
    let play = |play: &str, stream: bool| {
        let body = json!({"temperature": 0, "play": {"a": play}, "stream": stream}).to_string();
        world.ask("kept", body)
    };
    for (what, stream) in [("400", false), ("cut", true), ("cut-later", false)] {
        for _ in 0..2 {
            let mut answer = world.put(play(what, stream)).await.unwrap();
            a.release(usize::from(what == "cut-later"));
            rest(&mut answer).await;
            assert_eq!(answer.cache_hit, Some(false), "{what}");
        }
    }
    for _ in 0..2 {
        let answer = world.put(play("pause", true)).await.unwrap();
        assert_eq!(answer.cache_hit, Some(false));
    }
    assert_eq!(a.requests(), 8);
    world.is_at_rest();
}

#[tokio::test]
async fn another_models_answer_is_neither_kept_nor_given() {
    let (world, a, b) = kept(json!({"ttl": "10m"})).await;
    let body = r#"{"temperature":0,"play":{"a":"500"}}"#;
    for _ in 0..2 {
        let (hit, text) = put(&world, world.ask("kept", body)).await;
        assert_eq!(hit, None);
        assert!(text.contains("hi from b"));
    }
    assert_eq!((a.requests(), b.requests()), (2, 2));
}

#[tokio::test]
async fn a_hit_costs_nothing_and_is_recorded() {
    let (world, a, _b) = kept(json!({"ttl": "10m"})).await;
    world.price("a", 1.0, 1.0).await;
    for _ in 0..5 {
        put(&world, world.ask("kept", COLD)).await;
    }
    let sum = world.sum().await;
    assert_eq!(
        (sum.requests, sum.cache_hits, sum.tokens.output),
        (5, 4, OUTPUT)
    );
    assert_eq!(sum.cost_usd, 18e-6);
    assert_eq!(a.charged(), 1);
    world.is_at_rest();
}
