//! Tasks: what is handed out, and how each ends exactly once.

use bytes::Bytes;
use relay::{Call, Error};
use shared::channel::MAX_INLINE_BODY_BYTES;
use shared::infer_path::InferPath;

use crate::publisher::{chunk, piece, text};
use crate::world::World;

#[tokio::test]
async fn a_task_says_what_is_asked_for_and_carries_the_body_as_it_stands() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["org/a"]).await;
    let _waiting = world.ask(&session, "org/a");
    let task = channel.task();
    assert_eq!(task.task_id, "1-1");
    assert_eq!((task.llm.as_str(), &*task.method), ("org/a", "POST"));
    assert_eq!(task.path, InferPath::ChatCompletions);
    assert!(task.stream);
    assert_eq!(task.deadline_ms, 600_000);
    assert_eq!(task.body.unwrap().get(), r#"{"a":1}"#);
    assert_eq!(task.body_ref, None);
    let _another = world.ask(&session, "org/a");
    assert_eq!(channel.task().task_id, "1-2");
}

#[tokio::test]
async fn a_body_that_does_not_fit_a_frame_is_fetched_until_the_answer_begins() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let llm = "a".parse().unwrap();
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_INLINE_BODY_BYTES));
    for body in [large, "{\r\n\"a\": 1}".into()] {
        let call = Call {
            body: Bytes::from(body.clone()),
            ..world.call(&llm, "")
        };
        let mut waiting = Box::pin(world.relay.dispatch(&session, call));
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("nobody answers"),
            () = crate::world::settle() => {}
        }
        let task = channel.task();
        let id = &*task.task_id;
        assert!(task.body.is_none());
        assert_eq!(task.body_ref, Some(format!("_provider-task/{id}")));
        // The first may have broken on its way.
        for _ in 0..3 {
            let fetched = world.relay.task_body("laptop", &session, id).unwrap();
            assert_eq!(fetched, body);
        }
        assert_eq!(world.relay.load(), (1, 1));
        let begun = world.result(&session, id, chunk(0, "one", false)).await;
        begun.unwrap();
        let late = world.relay.task_body("laptop", &session, id);
        assert!(matches!(late, Err(Error::Contradiction(_))));
        // Its caller goes here.
        let id = id.to_owned();
        drop(waiting);
        channel.cancelled(&id);
    }
    let _waiting = world.ask(&session, "a");
    let id = channel.task().task_id;
    let inline = world.relay.task_body("laptop", &session, &id);
    assert!(matches!(inline, Err(Error::Contradiction(_))));
}

#[tokio::test]
async fn a_caller_that_goes_before_the_answer_cancels_the_task() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    let task = channel.task().task_id;
    drop(waiting);
    channel.cancelled(&task);
    channel.silent();
    assert_eq!(world.relay.load(), (1, 0));
    let late = world.result(&session, &task, chunk(0, "late", true)).await;
    assert!(matches!(late, Err(Error::TaskEnded)));
    let late = world.relay.task_body("laptop", &session, &task);
    assert!(matches!(late, Err(Error::TaskEnded)));
}

#[tokio::test]
async fn a_caller_that_goes_in_the_middle_cancels_the_task() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    let task = channel.task().task_id;
    world
        .result(&session, &task, chunk(0, "one", false))
        .await
        .unwrap();
    let mut answer = waiting.await.unwrap();
    assert_eq!(text(&mut answer).await, "one");
    drop(answer);
    channel.cancelled(&task);
    let late = world.result(&session, &task, chunk(1, "two", false)).await;
    assert!(matches!(late, Err(Error::TaskEnded)));
}

#[tokio::test]
async fn a_finished_task_is_not_cancelled() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    let task = channel.task().task_id;
    let caller = async {
        let mut answer = waiting.await.unwrap();
        assert_eq!(text(&mut answer).await, "all");
        assert!(piece(&mut answer).await.is_none());
        assert!(piece(&mut answer).await.is_none(), "the end stays the end");
    };
    let publisher = world.result(&session, &task, chunk(0, "all", true));
    let ((), done) = tokio::join!(caller, publisher);
    done.unwrap();
    channel.silent();
    assert_eq!(world.relay.load(), (1, 0));
}

#[tokio::test]
async fn unknown_ended_and_stale_tasks_are_told_apart() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    drop(world.ask(&session, "a"));
    let ended = channel.task().task_id;
    let answer = async |task: &str| world.result(&session, task, chunk(0, "x", true)).await;
    assert!(matches!(answer(&ended).await, Err(Error::TaskEnded)));
    for unknown in [
        "1-2",
        "1-0",
        "2-1",
        "0",
        "",
        "1-x",
        "x-1",
        "1-1-1",
        "99999999999999999999-1",
    ] {
        assert!(
            matches!(answer(unknown).await, Err(Error::NotFound)),
            "{unknown}"
        );
    }
    let (_channel, epoch) = world.bind("laptop", &session).await;
    assert_eq!(epoch, 2);
    let stale = Error::StaleEpoch {
        found: 1,
        current: 2,
    };
    assert_eq!(
        answer(&ended).await.unwrap_err().to_string(),
        stale.to_string()
    );
    let relay = &world.relay;
    let message = chunk(0, "x", true);
    let other = relay
        .accept_result("laptop", &session, "2-1", Some(1), message)
        .await;
    assert!(matches!(
        other,
        Err(Error::StaleEpoch {
            found: 1,
            current: 2
        })
    ));
}

#[tokio::test]
async fn a_channel_that_is_lost_in_the_middle_is_no_end() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    let task = channel.task().task_id;
    world
        .result(&session, &task, chunk(0, "half", false))
        .await
        .unwrap();
    let mut answer = waiting.await.unwrap();
    drop(channel);
    assert_eq!(text(&mut answer).await, "half", "what came is handed on");
    let end = piece(&mut answer).await.unwrap();
    assert!(
        matches!(end, Err(Error::Disconnected | Error::CutShort)),
        "{end:?}"
    );
    assert!(piece(&mut answer).await.is_none());
}

#[tokio::test]
async fn an_unknown_session_is_offline() {
    let world = World::new().await;
    let llm = "a".parse().unwrap();
    let nobody = world.relay.dispatch("nobody", world.call(&llm, "{}")).await;
    assert!(matches!(nobody, Err(Error::Offline)));
}
