//! What outlives a channel, a crash and a long absence, and what does not.

use std::time::Duration;

use relay::Error;
use shared::llm::Phase;

use crate::publisher::{epoch_alone, offer};
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// Lets so many minutes pass, minute by minute.
async fn pass(world: &World, minutes: u32) {
    world.pass_in_steps(minutes * MINUTE, MINUTE).await;
}

/// Waits until the row is gone; time stands still meanwhile.
async fn gone(world: &World, name: &str) {
    let mut changes = world.registry.watch();
    while world.registry.find(name).is_some() {
        changes.next().await;
    }
}

#[tokio::test]
async fn a_row_that_nobody_serves_for_4_h_is_deleted() {
    let world = World::new().await;
    world.watch().await;
    let (channel, _) = world.active(&["a"]).await;
    drop(channel);
    pass(&world, 239).await;
    assert_eq!(world.phase("a"), Phase::Inactive);
    pass(&world, 2).await;
    gone(&world, "a").await;
    assert!(world.store.llms().list_all().await.unwrap().is_empty());
    let stranger = world.session("stranger", &[offer("a")]).await;
    assert_eq!(
        world.row("a").session(),
        Some(&*stranger),
        "the name is free"
    );
}

#[tokio::test]
async fn a_row_that_is_served_is_never_swept() {
    let world = World::new().await;
    world.watch().await;
    let (_channel, session) = world.active(&["a"]).await;
    for _ in 0..300 {
        pass(&world, 1).await;
        assert!(world.beat("laptop", &session, &epoch_alone(1)).bound);
    }
    assert_eq!(world.phase("a"), Phase::Active);
}

#[tokio::test]
async fn a_session_is_forgotten_as_late_as_its_rows() {
    let world = World::new().await;
    world.watch().await;
    let (channel, session) = world.active(&["a"]).await;
    drop(channel);
    pass(&world, 200).await;
    let (channel, _) = world.bind("laptop", &session).await;
    drop(channel);
    pass(&world, 239).await;
    world.bind("laptop", &session).await;
    pass(&world, 242).await;
    let unknown = world.relay.bind("laptop", &session).await;
    assert!(matches!(unknown, Err(Error::NotRegistered)));
}

#[tokio::test]
async fn after_a_start_nothing_is_swept_for_one_heartbeat_timeout() {
    let world = World::new().await;
    let (channel, session) = world.active(&["a", "b"]).await;
    drop(channel);
    let id = world.row("a").id().unwrap().to_owned();
    world.registry.save_now().await.unwrap();
    // The server is away for longer than the retention.
    world.clock.advance(Duration::from_secs(5 * 3600));
    let world = world.after_a_crash().await;
    world.watch().await;
    world.pass(Duration::from_secs(89)).await;
    assert_eq!(world.registry.list().len(), 2);
    world
        .register("laptop", Some(&session), &[offer("a")])
        .await
        .unwrap();
    let (_channel, epoch) = world.bind("laptop", &session).await;
    world.beat("laptop", &session, &epoch_alone(epoch));
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(world.phase("a"), Phase::Active);
    assert_eq!(world.row("a").id(), Some(&*id), "revived, not made anew");
}

#[tokio::test]
async fn what_is_not_revived_in_the_grace_is_swept_after_it() {
    let world = World::new().await;
    let (channel, _) = world.active(&["a"]).await;
    drop(channel);
    world.registry.save_now().await.unwrap();
    world.clock.advance(Duration::from_secs(5 * 3600));
    let world = world.after_a_crash().await;
    world.watch().await;
    world.pass(Duration::from_secs(91)).await;
    gone(&world, "a").await;
}

#[tokio::test]
async fn a_row_that_was_callable_at_the_crash_has_its_whole_retention_before_it() {
    let world = World::new().await;
    let (_channel, _) = world.active(&["a"]).await;
    world.registry.save_now().await.unwrap();
    let stored = world.store.llms().get(&"a".parse().unwrap()).await.unwrap();
    assert_eq!(
        stored.status.unwrap().phase,
        Phase::Active,
        "the store knows"
    );
    world.clock.advance(Duration::from_secs(5 * 3600));
    let world = world.after_a_crash().await;
    assert_eq!(world.phase("a"), Phase::Inactive);
    world.watch().await;
    pass(&world, 238).await;
    assert!(world.registry.find("a").is_some());
    pass(&world, 4).await;
    gone(&world, "a").await;
}
