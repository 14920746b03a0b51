//! Jobs and the room that models have.

use std::sync::Arc;

use jobs::Then;
use shared::job::{Outcome, Status, Submit};
use tokio::sync::Notify;

use crate::models::Does;
use crate::world::{World, chat};

#[tokio::test]
async fn an_offline_model_holds_no_worker_and_its_jobs_run_when_it_is_back() {
    let world = World::new(1).await;
    world.models.set("away", 0, Does::Answers);
    world.models.set("here", 1, Does::Answers);
    let waiting = world.submit(vec![chat("away"); 5]).await;
    let others = world.submit(vec![chat("here"); 3]).await;
    for id in &others {
        world.until_status(id, Status::Done).await;
    }
    let last = world.job(&waiting[4]).await;
    assert_eq!((last.status, last.attempts), (Status::Queued, 0));
    assert_eq!(
        (last.position, last.reason.as_deref()),
        (Some(4), Some("it is away"))
    );
    assert!(
        last.eta_s.is_some(),
        "the other jobs of the kind tell how long one takes"
    );
    world.models.set("away", 2, Does::Answers);
    for id in &waiting {
        assert_eq!(world.until_status(id, Status::Done).await.attempts, 1);
    }
    world.stop().await;
}

#[tokio::test]
async fn no_model_is_asked_more_at_once_than_it_has_slots() {
    let world = World::new(16).await;
    let go = Arc::new(Notify::new());
    world.models.set("a", 2, Does::Waits(go.clone()));
    world.models.set("b", 3, Does::Answers);
    let jobs: Vec<Submit> = (0..40)
        .map(|n| chat(if n % 2 == 0 { "a" } else { "b" }))
        .collect();
    let ids = world.submit(jobs).await;
    // Those of `b` pass those of `a`, which fill their two slots and no more workers.
    for id in ids.iter().skip(1).step_by(2) {
        world.until_status(id, Status::Done).await;
    }
    assert_eq!(world.models.most("a"), 2);
    for id in ids.iter().step_by(2) {
        world
            .until(id, |job| {
                go.notify_waiters();
                job.status == Status::Done
            })
            .await;
    }
    assert_eq!(
        (world.models.most("a"), world.models.most("b") <= 3),
        (2, true)
    );
    world.stop().await;
}

#[tokio::test]
async fn a_refusal_parks_retries_or_ends_the_job_as_it_says() {
    let world = World::new(4).await;
    world.models.set("waits", 1, Does::Refuses(Then::Wait));
    world.models.set("fails", 1, Does::Refuses(Then::Again));
    world.models.set("never", 1, Does::Refuses(Then::GiveUp));
    let ids = world
        .submit(vec![chat("waits"), chat("fails"), chat("never")])
        .await;
    let failed = world.until_status(&ids[1], Status::Error).await;
    assert_eq!((failed.attempts, failed.error.as_deref()), (3, Some("no")));
    assert!(
        failed
            .history
            .iter()
            .all(|one| one.outcome == Some(Outcome::Failed))
    );
    let never = world.until_status(&ids[2], Status::Error).await;
    assert_eq!(never.attempts, 1);
    let asked = world.models.asked();
    let waits = world
        .until(&ids[0], |job| {
            job.status == Status::Queued && world.models.asked() > asked
        })
        .await;
    // It may be claimed again in the moment that we look.
    assert!(waits.attempts == 0 && waits.history.iter().all(|one| one.outcome.is_none()));
    world.models.set("waits", 1, Does::Answers);
    world.until_status(&ids[0], Status::Done).await;
    world.stop().await;
}

#[tokio::test]
async fn a_job_that_takes_the_server_down_each_time_ends_as_an_error() {
    let mut world = World::new(1).await;
    let mut poison = chat("m");
    poison.max_attempts = 2;
    let id = world.submit(vec![poison]).await.remove(0);
    for attempt in 1..=2 {
        world.models.set("m", 1, Does::Waits(Arc::default()));
        let running =
            |job: &shared::job::Job| job.status == Status::Running && job.attempts == attempt;
        world.until(&id, running).await;
        world = world.again(1).await;
    }
    let ended = world.until_status(&id, Status::Error).await;
    assert!(
        ended
            .error
            .unwrap()
            .contains("the server that ran it ended")
    );
    assert_eq!(ended.history.len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn what_runs_at_a_soft_stop_is_put_back_and_not_counted() {
    let world = World::new(1).await;
    world.models.set("m", 1, Does::Waits(Arc::default()));
    let id = world.submit(vec![chat("m")]).await.remove(0);
    world.until_status(&id, Status::Running).await;
    // No further one is begun.
    world.models.set("m", 0, Does::Answers);
    world.put_back.cancel();
    let back = world.until_status(&id, Status::Queued).await;
    assert_eq!(back.attempts, 0);
    world.stop().await;
}
