//! What a watcher hears.

use std::sync::Arc;

use jobs::Viewer;
use shared::job::Event;

use crate::models::Does;
use crate::world::{PATIENCE, World, chat};

#[tokio::test]
async fn a_watcher_hears_everything_once_and_in_order() {
    let world = World::new(1).await;
    let id = world.submit(vec![chat("m")]).await.remove(0);
    let mut watch = world.queue.watch(&id, Viewer::Admin, 0).await.unwrap();
    let mut heard = Vec::new();
    let all = async {
        while let Some(event) = watch.next().await {
            if let Event::Queued { reason, .. } = &event.event {
                // It is told what it waits for; then it comes.
                assert!(reason.is_some() || !heard.is_empty());
                world.models.set("m", 1, Does::Answers);
            }
            heard.push(event);
        }
    };
    tokio::time::timeout(PATIENCE, all).await.unwrap();
    let names: Vec<_> = heard.iter().map(|event| event.event.name()).collect();
    assert_eq!(names.first(), Some(&"queued"));
    assert_eq!(names[names.len() - 3..], ["running", "chunk", "done"]);
    assert!(heard.windows(2).all(|two| two[0].id <= two[1].id));
    // From any event on the same follows.
    let from = heard[heard.len() - 3].id;
    let mut again = world.queue.watch(&id, Viewer::Admin, from).await.unwrap();
    let rest = [again.next().await.unwrap(), again.next().await.unwrap()];
    assert_eq!(rest[..], heard[heard.len() - 2..]);
    assert_eq!(again.next().await, None);
    world.stop().await;
}

#[tokio::test]
async fn a_watcher_of_a_job_that_is_not_its_own_finds_none() {
    let world = World::new(0).await;
    world.models.set("m", 0, Does::Waits(Arc::default()));
    let id = world.submit(vec![chat("m")]).await.remove(0);
    let bob = Viewer::Principal("bob");
    assert!(world.queue.watch(&id, bob, 0).await.is_err());
    assert!(
        world
            .queue
            .watch(&id, Viewer::Principal("alice"), 0)
            .await
            .is_ok()
    );
    world.stop().await;
}
