//! What hibernates is woken once for all who wait, and whoever can wait does.

use std::time::Duration;

use serde_json::json;
use shared::channel::Frame;

use crate::provider::Provider;
use crate::world::{Publisher, World, settle};

async fn asleep(more: serde_json::Value) -> (World, Publisher) {
    let world = World::new().await;
    let mut offer = json!({"status": "hibernating", "wakeTimeout": "30s"});
    let fields = offer.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    let publisher = world.publisher(offer).await;
    (world, publisher)
}

async fn woken(publisher: &mut Publisher) {
    let frame = publisher.frame().await;
    assert!(
        matches!(&frame, Frame::Wake(wake) if wake.llm.as_str() == "qwen"),
        "{frame:?}"
    );
}

#[tokio::test]
async fn ten_callers_wake_it_once_and_all_are_answered() {
    let (world, mut publisher) = asleep(json!({})).await;
    assert_eq!(world.would_go_to("qwen").as_deref(), Some("qwen"));
    let serve = async {
        woken(&mut publisher).await;
        settle().await;
        publisher.offers(json!({"status": "active"})).await;
        // No other wake comes between the tasks.
        for _ in 0..10 {
            publisher.answers("up").await;
        }
    };
    let ask = || async { world.answered("qwen", "{}").await.text };
    let all = async {
        let five = || async { tokio::join!(ask(), ask(), ask(), ask(), ask()) };
        tokio::join!(five(), five())
    };
    let ((one, two), ()) = tokio::join!(all, serve);
    for told in [<[String; 5]>::from(one), two.into()].concat() {
        assert_eq!(told, "\"up\"");
    }
    world.is_at_rest();
}

#[tokio::test]
async fn who_can_not_be_woken_is_told_why_and_another_is_called() {
    let (world, mut publisher) = asleep(json!({})).await;
    let fails = async {
        woken(&mut publisher).await;
        publisher.can_not_wake("no power");
    };
    let (error, ()) = tokio::join!(world.refused("qwen", "{}"), fails);
    assert_eq!((error.status(), error.code()), (502, "provider_error"));
    assert!(error.to_string().contains("no power"), "{error}");
    let cloud = Provider::start("cloud").await;
    world
        .public("cloud", &cloud.url, json!({"model": "x"}))
        .await;
    let alias = json!({"name": "both", "llms": ["qwen"], "fallbacks": ["cloud"]});
    world.alias(alias).await;
    let fails = async {
        woken(&mut publisher).await;
        publisher.can_not_wake("no power");
    };
    let (told, ()) = tokio::join!(world.answered("both", "{}"), fails);
    assert_eq!((&*told.llm, told.attempts), ("cloud", 1));
    world.is_at_rest();
}

#[tokio::test]
async fn a_wake_that_takes_too_long_is_504_and_the_next_request_wakes_again() {
    let (world, mut publisher) = asleep(json!({})).await;
    for _ in 0..2 {
        let late = async {
            woken(&mut publisher).await;
            world.pass(Duration::from_millis(30_010)).await;
        };
        let (error, ()) = tokio::join!(world.refused("qwen", "{}"), late);
        assert_eq!((error.status(), error.code()), (504, "wake_timeout"));
        assert!(error.to_string().contains("30 s"), "{error}");
    }
    world.is_at_rest();
}

#[tokio::test]
async fn callers_that_go_leave_the_wake_to_those_who_stay_and_nothing_behind() {
    let (world, mut publisher) = asleep(json!({})).await;
    tokio::select! {
        _ = world.infer("qwen", "{}") => panic!("it sleeps"),
        () = woken(&mut publisher) => {}
    }
    settle().await;
    world.is_at_rest();
    // Nobody waited any more, so this one wakes it anew; the one that goes takes nothing with it.
    let serve = async {
        woken(&mut publisher).await;
        tokio::select! {
            _ = world.infer("qwen", "{}") => panic!("it sleeps"),
            () = settle() => {}
        }
        publisher.offers(json!({"status": "active"})).await;
        publisher.answers("up").await;
    };
    let (told, ()) = tokio::join!(world.answered("qwen", "{}"), serve);
    assert_eq!(told.status, 200);
    world.is_at_rest();
    let sum = world.records().await;
    assert_eq!(sum.iter().filter(|record| record.status == 499).count(), 2);
}

#[tokio::test]
async fn who_rests_is_not_woken() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    for _ in 0..3 {
        let fails = async {
            let task = publisher.task().await.task_id;
            publisher
                .say(&task, json!({"seq": 0, "status": 500, "body": {}}))
                .await;
        };
        tokio::join!(world.answered("qwen", "{}"), fails);
    }
    publisher.offers(json!({"status": "hibernating"})).await;
    assert_eq!(world.would_go_to("qwen"), None);
    let error = world.refused("qwen", "{}").await;
    assert_eq!(error.code(), "breaker_open");
    world.relay.goaway(Duration::from_secs(1));
    let next = publisher.frame().await;
    assert!(matches!(next, Frame::Goaway(_)), "no wake: {next:?}");
}
