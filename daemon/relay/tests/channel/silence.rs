//! Pings, proofs and silence: who is taken down, and when.

use std::time::Duration;

use relay::Error;
use shared::channel::Frame;
use shared::llm::Phase;

use crate::publisher::{epoch_alone, with_ping};
use crate::world::World;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test]
async fn a_ping_is_said_every_15_s_and_counts_up() {
    let world = World::new().await;
    let (mut channel, _) = world.active(&["a"]).await;
    world.watch().await;
    for seq in 1..=5 {
        world.pass(secs(14)).await;
        channel.silent();
        world.pass(secs(1)).await;
        match channel.next() {
            Frame::Ping(ping) => assert_eq!(ping.seq, seq),
            other => panic!("{other:?} instead of a ping"),
        }
    }
}

#[tokio::test]
async fn a_silent_publisher_is_taken_down_after_90_s() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    world.watch().await;
    let waiting = world.ask(&session, "a");
    world.pass(secs(89)).await;
    assert_eq!(world.phase("a"), Phase::Active);
    world.pass(secs(1)).await;
    assert_eq!(world.phase("a"), Phase::Inactive);
    assert!(matches!(waiting.await, Err(Error::Disconnected)));
    channel.last_ping();
    channel.ended();
    assert!(!world.beat("laptop", &session, &epoch_alone(1)).bound);
}

#[tokio::test]
async fn a_publisher_that_was_never_heard_is_taken_down_as_well() {
    let world = World::new().await;
    world.watch().await;
    let session = world
        .session("laptop", &[crate::publisher::offer("a")])
        .await;
    let (_channel, _) = world.bind("laptop", &session).await;
    world.pass(secs(91)).await;
    assert_eq!(world.relay.load(), (0, 0));
}

#[tokio::test]
async fn heartbeats_without_pings_are_enough_for_those_that_name_none() {
    let world = World::new().await;
    let (_channel, session) = world.active(&["a"]).await;
    world.watch().await;
    for _ in 0..10 {
        world.pass(secs(80)).await;
        assert!(world.beat("laptop", &session, &epoch_alone(1)).bound);
    }
    assert_eq!(world.phase("a"), Phase::Active);
}

#[tokio::test]
async fn whoever_names_pings_is_held_to_them_within_42_s() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    assert!(world.beat("laptop", &session, &with_ping(1, 0)).bound);
    world.watch().await;
    // Heartbeats arrive, but what is said down the channel does not.
    world.pass(secs(20)).await;
    assert!(world.beat("laptop", &session, &with_ping(1, 0)).bound);
    world.pass(secs(21)).await;
    assert!(world.beat("laptop", &session, &with_ping(1, 0)).bound);
    assert_eq!(world.phase("a"), Phase::Active);
    world.pass(secs(1)).await;
    assert_eq!(world.phase("a"), Phase::Inactive);
    assert_eq!(channel.last_ping(), Some(2));
    channel.ended();
}

#[tokio::test]
async fn a_publisher_that_repeats_each_ping_stays() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    world.watch().await;
    let mut last = 0;
    for _ in 0..40 {
        world.pass(secs(15)).await;
        last = channel.last_ping().unwrap_or(last);
        assert!(world.beat("laptop", &session, &with_ping(1, last)).bound);
    }
    assert_eq!(last, 40);
    assert_eq!(world.phase("a"), Phase::Active);
}

#[tokio::test]
async fn the_same_old_ping_again_proves_nothing() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    world.watch().await;
    world.pass(secs(15)).await;
    assert_eq!(channel.last_ping(), Some(1));
    for _ in 0..41 {
        assert!(world.beat("laptop", &session, &with_ping(1, 1)).bound);
        world.pass(secs(1)).await;
    }
    // Ping 1 was the newest for 15 s; 42 s after the last proof it is over.
    assert_eq!(world.phase("a"), Phase::Active);
    world.pass(secs(16)).await;
    assert_eq!(world.phase("a"), Phase::Inactive);
}

#[tokio::test]
async fn a_publisher_that_takes_no_frames_is_taken_down() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    world.watch().await;
    let waiting: Vec<_> = (0..512).map(|_| world.ask(&session, "a")).collect();
    let llm = "a".parse().unwrap();
    let refused = world.relay.dispatch(&session, world.call(&llm, "{}")).await;
    assert!(matches!(refused, Err(Error::Stuck)));
    world.pass(secs(1)).await;
    assert_eq!(world.phase("a"), Phase::Inactive);
    assert_eq!(world.relay.load(), (0, 0));
    for waiting in waiting {
        assert!(matches!(waiting.await, Err(Error::Disconnected)));
    }
    assert_eq!(channel.task().task_id, "1-1", "what was queued is not lost");
}

#[tokio::test]
async fn one_silent_publisher_does_not_take_another_down() {
    let world = World::new().await;
    let (_silent, _) = world.active(&["a"]).await;
    world.watch().await;
    let other = world
        .session("desktop", &[crate::publisher::offer("b")])
        .await;
    let (_channel, epoch) = world.bind("desktop", &other).await;
    for _ in 0..10 {
        assert!(world.beat("desktop", &other, &epoch_alone(epoch)).bound);
        world.pass(secs(10)).await;
    }
    assert_eq!(
        (world.phase("a"), world.phase("b")),
        (Phase::Inactive, Phase::Active)
    );
}
