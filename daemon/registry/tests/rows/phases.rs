//! Phases of virtual rows: at once in memory, a moment later in the store.

use shared::lifecycle::Event;
use shared::llm::Phase;
use shared::name::Name;

use crate::memory::{World, at};

async fn stored(world: &World, name: &str) -> (Phase, Option<shared::timestamp::Timestamp>) {
    let name: Name = name.parse().unwrap();
    let status = world.store.llms().get(&name).await.unwrap().status.unwrap();
    (status.phase, status.inactive_since)
}

#[tokio::test]
async fn a_phase_reaches_the_store_when_it_is_saved() {
    let world = World::new().await;
    world.offer(&["a", "b"], at(1)).await;
    world.apply("a", Event::Bound, at(2));
    world.apply("b", Event::BoundAsleep, at(2));
    assert_eq!(world.phase("a"), Phase::Active);
    assert_eq!(world.phase("b"), Phase::Hibernating);
    assert_eq!(stored(&world, "a").await, (Phase::Inactive, Some(at(1))));
    world.registry.save_now().await.unwrap();
    assert_eq!(stored(&world, "a").await, (Phase::Active, None));
    assert_eq!(stored(&world, "b").await, (Phase::Hibernating, None));
    world.apply("a", Event::ChannelClosed, at(7));
    world.registry.save_now().await.unwrap();
    assert_eq!(stored(&world, "a").await, (Phase::Inactive, Some(at(7))));
    world.registry.save_now().await.unwrap();
}

#[tokio::test]
async fn a_start_demotes_what_was_callable_and_keeps_since_when_the_rest_was_not() {
    let world = World::new().await;
    world
        .offer(&["was-active", "was-asleep", "was-inactive"], at(1))
        .await;
    world.apply("was-active", Event::Bound, at(2));
    world.apply("was-asleep", Event::BoundAsleep, at(2));
    world.registry.save_now().await.unwrap();
    let again = world.reloaded(at(50)).await;
    let seen = |name: &str| {
        let row = again.find(name).unwrap();
        (row.phase(), row.inactive_since())
    };
    assert_eq!(seen("was-active"), (Phase::Inactive, Some(at(50))));
    assert_eq!(seen("was-asleep"), (Phase::Inactive, Some(at(50))));
    assert_eq!(seen("was-inactive"), (Phase::Inactive, Some(at(1))));
    // That is saved, too: a second crash does not start the retention anew.
    again.save_now().await.unwrap();
    assert_eq!(
        stored(&world, "was-active").await,
        (Phase::Inactive, Some(at(50)))
    );
    let third = world.reloaded(at(99)).await;
    assert_eq!(
        third.find("was-active").unwrap().inactive_since(),
        Some(at(50))
    );
}

#[tokio::test]
async fn only_the_session_that_serves_a_row_changes_it() {
    let world = World::new().await;
    world.offer(&["a"], at(1)).await;
    let name: Name = "a".parse().unwrap();
    world
        .registry
        .apply(&name, "another-session", Event::Bound, at(2));
    assert_eq!(world.phase("a"), Phase::Inactive);
    world.apply("a", Event::Bound, at(3));
    world
        .registry
        .apply(&name, "another-session", Event::ChannelClosed, at(4));
    assert_eq!(world.phase("a"), Phase::Active);
    let missing: Name = "missing".parse().unwrap();
    world
        .registry
        .apply(&missing, &world.session, Event::Bound, at(5));
    assert!(world.registry.find("missing").is_none());
}

#[tokio::test]
async fn a_row_that_is_offered_again_keeps_its_phase_id_and_age() {
    let world = World::new().await;
    world.offer(&["a"], at(1)).await;
    world.apply("a", Event::Bound, at(2));
    let before = world.registry.find("a").unwrap().document();
    world.offer(&["a"], at(3)).await;
    assert_eq!(world.phase("a"), Phase::Active);
    let after = world.registry.find("a").unwrap().document();
    assert_eq!(after.metadata, before.metadata, "nothing is different");
    world.offer(&["b"], at(4)).await;
    assert_eq!(world.phase("a"), Phase::Inactive, "withdrawn");
    world.apply("a", Event::Bound, at(5));
    assert_eq!(world.phase("a"), Phase::Inactive, "no longer the session's");
    world.offer(&["a", "b"], at(6)).await;
    let back = world.registry.find("a").unwrap();
    assert_eq!(back.id(), before.metadata.id.as_deref());
    assert_eq!(
        (back.phase(), back.inactive_since()),
        (Phase::Inactive, Some(at(6)))
    );
}

#[tokio::test]
async fn what_happens_during_a_save_is_saved_by_the_next() {
    let world = World::new().await;
    world.offer(&["a"], at(1)).await;
    world.apply("a", Event::Bound, at(2));
    let save = world.registry.save_now();
    let change = async { world.apply("a", Event::ChannelClosed, at(3)) };
    let (saved, ()) = tokio::join!(save, change);
    saved.unwrap();
    world.registry.save_now().await.unwrap();
    assert_eq!(stored(&world, "a").await, (Phase::Inactive, Some(at(3))));
}
