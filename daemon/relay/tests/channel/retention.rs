//! What outlives a channel, a crash and a long absence, and what does not.

use std::time::Duration;

use kit::clock::Clock;
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

/// Waits until the store knows no such session. Minutes pass, each with `beat`, since a sweep may
/// begin later: the store works on threads of its own, and time does not wait for them.
async fn forgotten(world: &World, session: &str, beat: impl Fn()) {
    for _ in 0..60 {
        for _ in 0..50 {
            let known = world.store.sessions().find(session).await.unwrap();
            if known.is_none() {
                return;
            }
            let moment = || std::thread::sleep(Duration::from_millis(2));
            tokio::task::spawn_blocking(moment).await.unwrap();
        }
        pass(world, 1).await;
        beat();
    }
    panic!("the store still knows the session");
}

#[tokio::test]
async fn a_session_that_serves_nothing_leaves_the_store_once_it_was_silent_for_4_h() {
    let world = World::new().await;
    world.watch().await;
    let silent = world.session("laptop", &[]).await;
    let bound = world.session("laptop", &[]).await;
    let (channel, epoch) = world.bind("laptop", &bound).await;
    let begun = world.clock.now();
    let stored = async |session| world.store.sessions().find(session).await.unwrap();
    // The store hears none of them.
    let beat = || assert!(world.beat("laptop", &bound, &epoch_alone(epoch)).bound);
    for _ in 0..239 {
        pass(&world, 1).await;
        beat();
    }
    assert!(stored(&silent).await.is_some());
    assert_eq!(stored(&bound).await.unwrap().last_seen_at, begun);
    forgotten(&world, &silent, beat).await;
    let kept = stored(&bound).await.unwrap();
    assert!(kept.last_seen_at > begun, "its channel is a sign of life");
    drop(channel);
    pass(&world, 238).await;
    assert!(stored(&bound).await.is_some());
    world.bind("laptop", &bound).await;
    pass(&world, 239).await;
    assert!(stored(&bound).await.is_some());
    forgotten(&world, &bound, || ()).await;
    let unknown = world.relay.bind("laptop", &bound).await;
    assert!(matches!(unknown, Err(Error::NotRegistered)));
}

#[tokio::test]
async fn a_session_comes_back_after_a_restart_however_long_its_channel_was() {
    let world = World::new().await;
    world.watch().await;
    let (_channel, session) = world.active(&["a"]).await;
    let mut silent = String::new();
    for minute in 0..243 {
        if minute == 120 {
            silent = world.session("laptop", &[]).await;
        }
        pass(&world, 1).await;
        assert!(world.beat("laptop", &session, &epoch_alone(1)).bound);
    }
    world.registry.save_now().await.unwrap();
    let world = world.after_a_crash().await;
    world.watch().await;
    // It is late, and another was swept.
    pass(&world, 120).await;
    forgotten(&world, &silent, || ()).await;
    let again = world
        .register("laptop", Some(&session), &[offer("a")])
        .await;
    assert_eq!(again.unwrap().provider_session_id, session);
    assert_eq!(world.bind("laptop", &session).await.1, 2);
}

#[tokio::test]
async fn an_offer_that_is_refused_leaves_no_session_behind() {
    let world = World::new().await;
    let (_channel, session) = world.active(&["a"]).await;
    let far_future = world.clock.now().plus(Duration::from_secs(3600));
    let refused = world.register("eve", None, &[offer("a")]).await;
    assert!(matches!(refused, Err(Error::NameTaken(_))));
    let idle = world.store.sessions().delete_idle(far_future, |_| None);
    assert_eq!(idle.await.unwrap(), 0, "the one that serves `a` stays");
    // One that was there before stays, whatever it offers.
    let eves = world.session("eve", &[]).await;
    let refused = world.register("eve", Some(&eves), &[offer("a")]).await;
    assert!(matches!(refused, Err(Error::NameTaken(_))));
    world.bind("eve", &eves).await;
    assert_eq!(world.row("a").session(), Some(&*session));
}
