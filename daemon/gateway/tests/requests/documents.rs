//! Aliases and prices in memory are those of the store.

use serde_json::json;
use shared::alias::AliasSpec;
use shared::name::Name;
use store::StoreError;
use store::documents::Documents;

use crate::world::World;

#[tokio::test]
async fn an_alias_that_is_gone_from_the_store_alone_is_deleted_here() {
    let world = World::new().await;
    world.alias(json!({"name": "ghost", "llms": ["a"]})).await;
    let name: Name = "ghost".parse().unwrap();
    let stored = Documents::<AliasSpec>::new(&world.store);
    stored.delete(&name).await.unwrap();
    let deleted = world.aliases.delete(&name).await.unwrap();
    assert_eq!(deleted.metadata.name, name);
    assert!(world.aliases.find("ghost").is_none());
    let again = world.aliases.delete(&name).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
}
