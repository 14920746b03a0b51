//! A caller that was revoked before its request came here: nothing is looked up, nobody is called.

use gateway::Error;
use serde_json::json;

use crate::provider::Provider;
use crate::world::{World, rest};

const COLD: &str = r#"{"temperature":0}"#;

#[tokio::test]
async fn neither_the_cache_nor_a_provider_is_asked() {
    let world = World::new().await;
    let a = Provider::start("a").await;
    world.public("a", &a.url, json!({})).await;
    let cache = json!({"ttl": "10m"});
    world
        .alias(json!({"name": "kept", "llms": ["a"], "cache": cache}))
        .await;
    for hit in [false, true] {
        let mut answer = world.infer("kept", COLD).await.unwrap();
        assert!(rest(&mut answer).await.1.is_none());
        assert_eq!(answer.cache_hit, Some(hit));
    }
    world.caller.revoked.cancel();
    for name in ["kept", "a", "nobody"] {
        let error = world.refused(name, COLD).await;
        assert!(matches!(error, Error::Revoked), "{name}: {error}");
    }
    assert_eq!(a.requests(), 1);
    world.is_at_rest();
}
