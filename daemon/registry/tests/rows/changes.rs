//! The feed of changes: each change once, and those who fall behind are told so.

use registry::{Change, Changes};
use serde_json::json;
use shared::lifecycle::Event;

use crate::memory::{World, at, public};

/// What is told so far, in words.
async fn told(changes: &mut Changes, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..count {
        let (what, row) = match changes.next().await.unwrap() {
            Change::Added(row) => ("added", row),
            Change::Modified(row) => ("modified", row),
            Change::Deleted(row) => ("deleted", row),
        };
        told.push(format!("{what} {} {}", row.name(), row.phase()));
    }
    told
}

/// Whether nothing more is told.
async fn silent(changes: &mut Changes) -> bool {
    tokio::select! {
        biased;
        _ = changes.next() => false,
        () = tokio::task::yield_now() => true,
    }
}

#[tokio::test]
async fn each_change_is_told_once_and_no_change_is_not() {
    let world = World::new().await;
    let mut changes = world.registry.watch();
    world.offer(&["a"], at(1)).await;
    world.offer(&["a"], at(1)).await;
    world.apply("a", Event::Bound, at(2));
    world.apply("a", Event::Bound, at(3));
    world.apply("a", Event::ChannelClosed, at(4));
    world.apply("a", Event::ChannelClosed, at(5));
    world.registry.save_now().await.unwrap();
    let row = public("gpt", json!({}));
    world.registry.create(&row, at(6)).await.unwrap();
    world.registry.replace(&row, None, at(7)).await.unwrap();
    let other = public("gpt", json!({"tier": "x"}));
    world.registry.replace(&other, None, at(8)).await.unwrap();
    let row = world.registry.find("gpt").unwrap();
    world.registry.delete(&row).await.unwrap();
    let retention = std::time::Duration::from_secs(100);
    world.registry.sweep(retention, at(104)).await.unwrap();
    assert_eq!(
        told(&mut changes, 7).await,
        [
            "added a inactive",
            "modified a active",
            "modified a inactive",
            "added gpt active",
            "modified gpt active",
            "deleted gpt active",
            "deleted a inactive",
        ]
    );
    assert!(silent(&mut changes).await);
}

#[tokio::test]
async fn a_withdrawal_is_told() {
    let world = World::new().await;
    world.offer(&["a", "b"], at(1)).await;
    world.apply("b", Event::Bound, at(2));
    let mut changes = world.registry.watch();
    world.offer(&["a"], at(1)).await;
    assert_eq!(told(&mut changes, 1).await, ["modified b inactive"]);
    assert!(silent(&mut changes).await);
}

#[tokio::test]
async fn a_watcher_that_falls_too_far_behind_must_read_the_whole_list_again() {
    let world = World::new().await;
    world.offer(&["a"], at(1)).await;
    let (mut slow, mut quick) = (world.registry.watch(), world.registry.watch());
    for round in 0..1000 {
        world.apply("a", Event::Bound, at(round));
        world.apply("a", Event::ChannelClosed, at(round));
        assert!(quick.next().await.is_some() && quick.next().await.is_some());
    }
    assert!(
        slow.next().await.is_none(),
        "it is told that it missed some"
    );
    assert!(slow.next().await.is_some(), "and goes on from there");
}
