//! Whoever deletes a row deletes the one that it looked at, wherever it still is.

use serde_json::json;
use store::StoreError;

use crate::memory::{World, at, public};

#[tokio::test]
async fn a_row_that_took_the_name_meanwhile_stays() {
    let world = World::new().await;
    let row = public("shared", json!({}));
    let looked_at = world.registry.create(&row, at(1)).await.unwrap();
    world.registry.delete(&looked_at).await.unwrap();
    // Another owner takes the name that is free, before the second of two who looked.
    world.offer(&["shared"], at(2)).await;
    let late = world.registry.delete(&looked_at).await;
    assert!(matches!(late, Err(StoreError::NotFound { .. })), "{late:?}");
    for registry in [world.reloaded(at(3)).await, world.registry.clone()] {
        let row = registry.find("shared").unwrap();
        assert_eq!(row.owner(), Some("laptop"));
    }
    let now = world.registry.find("shared").unwrap();
    world.registry.delete(&now).await.unwrap();
    assert!(world.registry.find("shared").is_none());
}

#[tokio::test]
async fn a_row_that_is_gone_from_the_store_alone_is_deleted_here() {
    let world = World::new().await;
    let row = public("ghost", json!({"model": "m"}));
    let row = world.registry.create(&row, at(1)).await.unwrap();
    let llms = world.store.llms();
    llms.delete(row.name(), row.id()).await.unwrap();
    let mut changes = world.registry.watch();
    world.registry.delete(&row).await.unwrap();
    assert!(world.registry.find("ghost").is_none());
    let told = changes.next().await.unwrap();
    assert!(matches!(told, registry::Change::Deleted(row) if row.name().as_str() == "ghost"));
    let again = world.registry.delete(&row).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
}
