//! Binding, acknowledging, superseding, unbinding.

use relay::Error;
use shared::channel::{Frame, Heartbeat};
use shared::llm::Phase;

use crate::publisher::{asleep, epoch_alone, offer};
use crate::world::World;

#[tokio::test]
async fn rows_are_callable_only_once_the_hello_is_acknowledged() {
    let world = World::new().await;
    let session = world.session("laptop", &[offer("a"), asleep("b")]).await;
    assert_eq!(world.phase("a"), Phase::Inactive);
    let (mut channel, epoch) = world.bind("laptop", &session).await;
    assert_eq!(epoch, 1);
    assert_eq!(world.phase("a"), Phase::Inactive);
    let llm = "a".parse().unwrap();
    let early = world.relay.dispatch(&session, world.call(&llm, "{}")).await;
    assert!(matches!(early, Err(Error::Offline)));
    let reply = world.beat("laptop", &session, &epoch_alone(1));
    assert_eq!((reply.bound, reply.epoch), (true, 1));
    assert_eq!(world.phase("a"), Phase::Active);
    assert_eq!(world.phase("b"), Phase::Hibernating);
    let status = world.row("a").document().status.unwrap();
    assert_eq!(status.last_heartbeat_at, Some(reply.server_time));
    assert_eq!(status.inactive_since, None);
    channel.silent();
    assert_eq!(world.relay.load(), (1, 0));
}

#[tokio::test]
async fn a_heartbeat_alone_revives_nothing() {
    let world = World::new().await;
    let session = world.session("laptop", &[offer("a")]).await;
    for beat in [Heartbeat::default(), epoch_alone(0), epoch_alone(1)] {
        let reply = world.beat("laptop", &session, &beat);
        assert_eq!((reply.bound, reply.epoch), (false, 0));
    }
    let (channel, _) = world.bind("laptop", &session).await;
    let reply = world.beat("laptop", &session, &epoch_alone(7));
    assert_eq!((reply.bound, reply.epoch), (false, 1), "another channel's");
    assert_eq!(world.phase("a"), Phase::Inactive);
    assert!(world.beat("laptop", &session, &Heartbeat::default()).bound);
    assert_eq!(world.phase("a"), Phase::Active);
    drop(channel);
    assert!(!world.beat("laptop", &session, &epoch_alone(1)).bound);
    assert_eq!(world.phase("a"), Phase::Inactive);
}

#[tokio::test]
async fn the_newest_bind_wins_and_the_older_hears_so() {
    let world = World::new().await;
    let (mut old, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    old.task();
    let (mut new, epoch) = world.bind("laptop", &session).await;
    assert_eq!(epoch, 2);
    assert!(matches!(old.next(), Frame::Superseded));
    old.ended();
    assert!(matches!(waiting.await, Err(Error::Disconnected)));
    assert_eq!(
        world.phase("a"),
        Phase::Inactive,
        "the new one is not proven"
    );
    assert!(!world.beat("laptop", &session, &epoch_alone(1)).bound);
    assert!(world.beat("laptop", &session, &epoch_alone(2)).bound);
    drop(old);
    assert_eq!(
        world.phase("a"),
        Phase::Active,
        "the old one's end is no matter"
    );
    let _waiting = world.ask(&session, "a");
    assert_eq!(new.task().task_id, "2-1");
}

#[tokio::test]
async fn a_closed_connection_takes_rows_and_tasks_down_at_once() {
    let world = World::new().await;
    let (channel, session) = world.active(&["a", "b"]).await;
    let (first, second) = (world.ask(&session, "a"), world.ask(&session, "b"));
    assert_eq!(world.relay.load(), (1, 2));
    drop(channel);
    assert_eq!(world.relay.load(), (0, 0));
    for waiting in [first, second] {
        assert!(matches!(waiting.await, Err(Error::Disconnected)));
    }
    for name in ["a", "b"] {
        assert_eq!(world.phase(name), Phase::Inactive);
        assert!(world.row(name).inactive_since().is_some());
    }
    let llm = "a".parse().unwrap();
    let late = world.relay.dispatch(&session, world.call(&llm, "{}")).await;
    assert!(matches!(late, Err(Error::Offline)));
}

#[tokio::test]
async fn epochs_go_on_where_they_were_after_a_crash() {
    let world = World::new().await;
    let (_channel, session) = world.active(&["a"]).await;
    let id = world.row("a").id().unwrap().to_owned();
    world.registry.save_now().await.unwrap();
    let world = world.after_a_crash().await;
    assert_eq!(
        world.phase("a"),
        Phase::Inactive,
        "not proven since the start"
    );
    let unknown = world.relay.bind("laptop", &session).await;
    assert!(matches!(unknown, Err(Error::NotRegistered)));
    assert!(!world.beat("laptop", &session, &epoch_alone(1)).bound);
    let again = world
        .register("laptop", Some(&session), &[offer("a")])
        .await;
    assert_eq!(again.unwrap().provider_session_id, session);
    let (_channel, epoch) = world.bind("laptop", &session).await;
    assert_eq!(epoch, 2);
    world.beat("laptop", &session, &epoch_alone(2));
    assert_eq!(world.phase("a"), Phase::Active);
    assert_eq!(world.row("a").id(), Some(&*id));
}

#[tokio::test]
async fn a_goaway_reaches_every_channel_and_a_close_ends_them() {
    let world = World::new().await;
    let (mut one, _) = world.active(&["a"]).await;
    let other = world.session("desktop", &[offer("b")]).await;
    let (mut two, epoch) = world.bind("desktop", &other).await;
    world.beat("desktop", &other, &epoch_alone(epoch));
    world.relay.goaway(std::time::Duration::from_millis(2500));
    for channel in [&mut one, &mut two] {
        match channel.next() {
            Frame::Goaway(goaway) => assert_eq!(goaway.reconnect_after_ms, 2500),
            other => panic!("{other:?} instead of a goaway"),
        }
        channel.silent();
    }
    assert_eq!(world.phase("a"), Phase::Active, "what runs may be finished");
    world.relay.close();
    one.ended();
    two.ended();
    assert_eq!(world.phase("a"), Phase::Inactive);
    assert_eq!(world.phase("b"), Phase::Inactive);
    world.relay.close();
}

#[tokio::test]
async fn of_many_publishers_each_is_given_a_time_of_its_own_to_come_back() {
    let world = World::new().await;
    let mut channels = Vec::new();
    for n in 0..60 {
        let session = world.session("laptop", &[offer(&format!("m{n}"))]).await;
        channels.push(world.bind("laptop", &session).await.0);
    }
    world.relay.goaway(std::time::Duration::from_secs(2));
    let mut times = Vec::new();
    for channel in &mut channels {
        match channel.next() {
            Frame::Goaway(goaway) => times.push(goaway.reconnect_after_ms),
            other => panic!("{other:?} instead of a goaway"),
        }
    }
    times.sort_unstable();
    let spread: Vec<u64> = (1..10).map(|n| 2000 + 10 * n).collect();
    assert_eq!((&times[..51], &times[51..]), (&[2000; 51][..], &spread[..]));
}

#[tokio::test]
async fn another_principals_session_is_refused_in_every_call() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let _waiting = world.ask(&session, "a");
    let task = channel.task().task_id;
    let relay = &world.relay;
    let not_found = |refused: Option<Error>| assert!(matches!(refused, Some(Error::NotFound)));
    not_found(relay.bind("eve", &session).await.err());
    not_found(relay.task_body("eve", &session, &task).err());
    let message = crate::publisher::chunk(0, "stolen", true);
    let result = relay
        .accept_result("eve", &session, &task, None, message)
        .await;
    not_found(result.err());
    let reply = world.beat("eve", &session, &epoch_alone(1));
    assert_eq!(
        (reply.bound, reply.epoch),
        (false, 0),
        "as for an unknown one"
    );
    channel.silent();
    assert_eq!(world.relay.load(), (1, 1));
    // Registering with it gives another session, and not the rows.
    let eves = world
        .register("eve", Some(&session), &[offer("b")])
        .await
        .unwrap();
    assert_ne!(eves.provider_session_id, session);
    let stolen = world.register("eve", Some(&session), &[offer("a")]).await;
    assert!(matches!(stolen, Err(Error::NameTaken(_))));
    assert_eq!(world.row("a").owner(), Some("laptop"));
    assert_eq!(world.phase("a"), Phase::Active);
}
