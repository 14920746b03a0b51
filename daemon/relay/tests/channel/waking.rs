//! Waking: the frame goes out, and what the publisher says comes back to the row.

use relay::Error;
use shared::channel::{Frame, Heartbeat, Readiness};
use shared::llm::Phase;
use shared::name::Name;

use crate::publisher::{Channel, asleep, epoch_alone, offer};
use crate::world::World;

fn name(name: &str) -> Name {
    name.parse().unwrap()
}

/// A publisher whose `bear` sleeps.
async fn sleeping(world: &World) -> (Channel, String, u64) {
    let session = world.session("laptop", &[asleep("bear")]).await;
    let (channel, epoch) = world.bind("laptop", &session).await;
    world.beat("laptop", &session, &epoch_alone(epoch));
    assert_eq!(world.phase("bear"), Phase::Hibernating);
    (channel, session, epoch)
}

fn failed(epoch: u64, llm: &str, why: &str) -> Heartbeat {
    Heartbeat {
        providers: vec![Readiness {
            name: name(llm),
            ready: false,
            in_flight: 0,
            message: None,
            wake_failed: Some(why.into()),
        }],
        ..epoch_alone(epoch)
    }
}

fn last_error(world: &World, llm: &str) -> Option<String> {
    world.row(llm).document().status.unwrap().last_error
}

#[tokio::test]
async fn a_wake_reaches_the_bound_channel_and_changes_no_phase() {
    let world = World::new().await;
    let (mut channel, session, _) = sleeping(&world).await;
    world.relay.wake(&session, &name("bear")).unwrap();
    match channel.next() {
        Frame::Wake(wake) => assert_eq!(wake.llm, name("bear")),
        other => panic!("{other:?} instead of a wake"),
    }
    channel.silent();
    assert_eq!(world.phase("bear"), Phase::Hibernating);
    world
        .register("laptop", Some(&session), &[offer("bear")])
        .await
        .unwrap();
    assert_eq!(world.phase("bear"), Phase::Active);
}

#[tokio::test]
async fn nobody_is_woken_without_a_proven_channel_that_offers_it() {
    let world = World::new().await;
    let offline = |session: &str, llm| {
        let woken = world.relay.wake(session, &name(llm));
        assert!(matches!(woken, Err(Error::Offline)), "{woken:?}");
    };
    offline("nobody", "bear");
    let session = world.session("laptop", &[asleep("bear")]).await;
    offline(&session, "bear");
    let (mut channel, epoch) = world.bind("laptop", &session).await;
    offline(&session, "bear");
    world.beat("laptop", &session, &epoch_alone(epoch));
    offline(&session, "other");
    channel.silent();
    drop(channel);
    offline(&session, "bear");
}

#[tokio::test]
async fn a_wake_that_failed_is_told_by_the_row_until_the_next_one() {
    let world = World::new().await;
    let (_channel, session, epoch) = sleeping(&world).await;
    world.relay.wake(&session, &name("bear")).unwrap();
    let mut changes = world.registry.watch();
    let why = "exit status 1:\u{1b} no power";
    world.beat("laptop", &session, &failed(epoch, "bear", why));
    let told = tokio::select! {
        biased;
        told = changes.next() => told,
        () = crate::world::settle() => panic!("nobody is told"),
    };
    match told {
        Some(registry::Change::Modified(row)) => {
            assert_eq!(row.phase(), Phase::Hibernating);
            assert_eq!(row.document().status, world.row("bear").document().status);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        last_error(&world, "bear").as_deref(),
        Some("exit status 1: no power")
    );
    world.beat("laptop", &session, &epoch_alone(epoch));
    assert!(last_error(&world, "bear").is_some(), "it stays");
    world.relay.wake(&session, &name("bear")).unwrap();
    assert_eq!(last_error(&world, "bear"), None);
}

#[tokio::test]
async fn only_what_sleeps_and_is_the_publishers_own_can_fail_to_wake() {
    let world = World::new().await;
    let (_channel, _session, _) = sleeping(&world).await;
    let other = world.session("desk", &[offer("awake")]).await;
    let (_other_channel, epoch) = world.bind("desk", &other).await;
    world.beat("desk", &other, &epoch_alone(epoch));
    for llm in ["bear", "awake"] {
        world.beat("desk", &other, &failed(epoch, llm, "no"));
        assert_eq!(last_error(&world, llm), None, "{llm}");
    }
}
