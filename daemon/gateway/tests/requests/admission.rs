//! Waiting for a slot: in order, cancellable, and judged anew when the turn has come.

use serde_json::json;

use crate::world::{World, first, rest, settle};

#[tokio::test]
async fn a_publisher_never_gets_more_than_it_asked_for() {
    let world = World::new().await;
    let narrow = json!({"maxConcurrency": 1, "maxQueue": 1});
    let mut publisher = world.publisher(narrow).await;
    let ask = || async {
        let mut answer = world.infer("qwen", "{}").await.unwrap();
        rest(&mut answer).await.0
    };
    let serve = async {
        let one = publisher.task().await.task_id;
        settle().await;
        assert_eq!(world.load(), (1, 1));
        let error = world.refused("qwen", "{}").await;
        assert_eq!((error.status(), error.code()), (429, "overloaded"));
        assert_eq!(error.retry_after().unwrap().as_secs(), 2);
        assert_eq!(world.relay.load(), (1, 1));
        publisher.say(&one, json!({"seq": 0, "body": 1})).await;
        let two = publisher.task().await.task_id;
        assert_ne!(one, two);
        publisher.say(&two, json!({"seq": 0, "body": 2})).await;
    };
    let (one, two, ()) = tokio::join!(ask(), ask(), serve);
    assert_eq!((&*one, &*two), ("1", "2"));
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn whoever_waited_for_a_publisher_that_went_is_told_that_it_is_offline() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({"maxConcurrency": 1})).await;
    let serve = async {
        let task = publisher.task().await.task_id;
        publisher.say(&task, first("data: 1\n\n")).await;
        settle().await;
        assert_eq!(world.load(), (1, 1));
        drop(publisher);
    };
    let runs = async {
        let mut answer = world.infer("qwen", "{}").await.unwrap();
        rest(&mut answer).await.0
    };
    let (text, waited, ()) = tokio::join!(runs, world.refused("qwen", "{}"), serve);
    assert!(text.contains("event: error"), "{text}");
    assert_eq!((waited.status(), waited.code()), (503, "provider_offline"));
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn a_caller_that_goes_while_it_waits_leaves_nothing_behind() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({"maxConcurrency": 1})).await;
    let serve = async {
        let task = publisher.task().await.task_id;
        tokio::select! {
            _ = world.infer("qwen", "{}") => panic!("the slot is taken"),
            () = settle() => {}
        }
        assert_eq!(world.load(), (1, 0));
        publisher.say(&task, json!({"seq": 0, "body": {}})).await;
    };
    let (answer, ()) = tokio::join!(world.infer("qwen", "{}"), serve);
    rest(&mut answer.unwrap()).await;
    assert_eq!(world.load(), (0, 0));
    assert_eq!(world.relay.load(), (1, 0));
}
