//! Failures of tasks that come with a heartbeat.

use std::time::Duration;

use http_body_util::BodyExt;
use relay::Error;
use shared::channel::{Heartbeat, TaskError, TaskFailed};

use crate::publisher::{Waiting, chunk, epoch_alone, text};
use crate::world::{World, settle};

fn failed(epoch: u64, tasks: &[&str]) -> Heartbeat {
    let failed = |task: &&str| TaskFailed {
        task_id: (*task).into(),
        error: TaskError {
            message: "a proxy refused it".into(),
            status: Some(502),
            code: None,
        },
    };
    Heartbeat {
        failed: tasks.iter().map(failed).collect(),
        ..epoch_alone(epoch)
    }
}

async fn is_told(waiting: Waiting) {
    let why = waiting.await.map(drop).unwrap_err();
    assert_eq!(why.to_string(), "a proxy refused it");
}

#[tokio::test]
async fn a_caller_that_waits_or_has_a_part_is_told_and_the_others_wait_on() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let mut waiting = Vec::new();
    for n in 1..=3 {
        waiting.push(world.ask(&session, "a"));
        assert_eq!(channel.task().task_id, format!("1-{n}"));
    }
    let (third, second, first) = (waiting.pop(), waiting.pop(), waiting.pop());
    let begun = chunk(0, "half", false);
    world.result(&session, "1-2", begun).await.unwrap();
    let mut answer = second.unwrap().await.unwrap();
    assert_eq!(text(&mut answer).await, "half");

    let said = failed(1, &["1-1", "1-2", "1-9", "2-3", "nonsense"]);
    assert!(world.beat("laptop", &session, &said).bound);
    is_told(first.unwrap()).await;
    // What it has sent before may still be on its way.
    let grace = async {
        settle().await;
        world.pass(Duration::from_secs(1)).await;
    };
    let (end, ()) = tokio::join!(answer.body.frame(), grace);
    let end = end.unwrap().unwrap_err();
    assert_eq!(end.to_string(), "a proxy refused it");
    drop(answer);
    // The same again, as where its answer was lost.
    assert!(world.beat("laptop", &session, &said).bound);
    let whole = chunk(0, "whole", false);
    world.result(&session, "1-3", whole).await.unwrap();
    let mut third = third.unwrap().await.unwrap();
    assert_eq!(text(&mut third).await, "whole");
}

#[tokio::test]
async fn a_heartbeat_of_another_epoch_or_principal_ends_nothing() {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    assert_eq!(channel.task().task_id, "1-1");
    for (principal, epoch) in [("laptop", 2), ("stranger", 1)] {
        let said = failed(epoch, &["1-1"]);
        assert!(!world.beat(principal, &session, &said).bound);
    }
    let late = world.result(&session, "1-1", chunk(0, "whole", false));
    assert!(!matches!(late.await, Err(Error::TaskEnded)));
    let mut answer = waiting.await.unwrap();
    assert_eq!(text(&mut answer).await, "whole");
}
