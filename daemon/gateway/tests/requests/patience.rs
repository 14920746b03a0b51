//! `onUnavailable: wait`: a request that nobody can take waits, up to its deadline.

use std::time::Duration;

use serde_json::json;
use shared::channel::Frame;

use crate::provider::Provider;
use crate::world::{World, settle};

async fn patient(world: &World, llm: &str) {
    let alias =
        json!({"name": "patient", "llms": [llm], "onUnavailable": "wait", "timeout": "40s"});
    world.alias(alias).await;
}

#[tokio::test]
async fn it_waits_for_a_publisher_to_come() {
    let world = World::new().await;
    patient(&world, "qwen").await;
    let come = async {
        settle().await;
        world.pass(Duration::from_secs(5)).await;
        let mut publisher = world.publisher(json!({})).await;
        world.pass(Duration::from_millis(200)).await;
        publisher.answers("here").await;
    };
    let (told, ()) = tokio::join!(world.answered("patient", "{}"), come);
    assert_eq!((&*told.llm, told.attempts), ("qwen", 1));
    world.is_at_rest();
}

#[tokio::test]
async fn it_waits_for_a_slot_where_the_queue_is_full() {
    let world = World::new().await;
    patient(&world, "qwen").await;
    let mut publisher = world
        .publisher(json!({"maxConcurrency": 1, "maxQueue": 0}))
        .await;
    let serve = async {
        let task = publisher.task().await.task_id;
        let others = async {
            settle().await;
            assert_eq!(world.refused("qwen", "{}").await.code(), "overloaded");
            publisher.say(&task, json!({"seq": 0, "body": 1})).await;
            settle().await;
            world.pass(Duration::from_millis(200)).await;
            publisher.answers("2").await;
        };
        tokio::join!(world.answered("patient", "{}"), others).0
    };
    let (first, second) = tokio::join!(world.answered("qwen", "{}"), serve);
    assert_eq!((&*first.text, &*second.text), ("1", "\"2\""));
    world.is_at_rest();
}

#[tokio::test]
async fn it_waits_for_a_breaker() {
    let world = World::new().await;
    let a = Provider::start("a").await;
    world.public("a", &a.url, json!({})).await;
    patient(&world, "a").await;
    for _ in 0..3 {
        world.answered("a", r#"{"play":{"a":"500"}}"#).await;
    }
    let time = async {
        for _ in 0..12 {
            settle().await;
            world.pass(Duration::from_secs(1)).await;
        }
    };
    let (told, ()) = tokio::join!(world.answered("patient", "{}"), time);
    assert_eq!((told.status, a.requests()), (200, 4));
}

#[tokio::test]
async fn its_deadline_ends_it_with_the_last_reason() {
    let world = World::new().await;
    patient(&world, "qwen").await;
    drop(world.publisher(json!({})).await);
    let time = async {
        settle().await;
        world.pass(Duration::from_millis(40_010)).await;
    };
    let (error, ()) = tokio::join!(world.refused("patient", "{}"), time);
    assert_eq!(error.status(), 503, "{error}");
    assert_eq!(error.code(), "provider_offline");
    assert!(error.to_string().contains("`qwen` is offline"), "{error}");
    world.is_at_rest();
}

#[tokio::test]
async fn a_caller_that_goes_while_it_waits_leaves_nothing() {
    let mut world = World::new().await;
    world.limited(json!({"maxConcurrency": 1}));
    patient(&world, "qwen").await;
    tokio::select! {
        _ = world.infer("patient", "{}") => panic!("nobody is there"),
        () = settle() => {}
    }
    world.is_at_rest();
    let records = world.records().await;
    assert_eq!((records.len(), records[0].status), (1, 499));
}

#[tokio::test]
async fn what_can_not_be_woken_is_not_woken_again_at_once() {
    let world = World::new().await;
    patient(&world, "qwen").await;
    let mut publisher = world.publisher(json!({"status": "hibernating"})).await;
    let serve = async {
        let mut wakes = 0;
        for _ in 0..30 {
            while let Some(frame) = publisher.said().await {
                assert!(matches!(frame, Frame::Wake(_)), "{frame:?}");
                wakes += 1;
                publisher.can_not_wake("no power");
                settle().await;
            }
            world.pass(Duration::from_secs(1)).await;
            settle().await;
        }
        publisher.offers(json!({"status": "active"})).await;
        world.pass(Duration::from_millis(200)).await;
        let task = loop {
            match publisher.frame().await {
                Frame::Wake(_) => wakes += 1,
                Frame::Task(task) => break task.task_id,
                other => panic!("{other:?}"),
            }
        };
        publisher.say(&task, json!({"seq": 0, "body": "up"})).await;
        wakes
    };
    let (told, wakes) = tokio::join!(world.answered("patient", "{}"), serve);
    assert_eq!(told.text, "\"up\"");
    assert!((3..=5).contains(&wakes), "{wakes} wakes in 30 s");
}
