//! What time does: leases end, deadlines pass.

use std::time::Duration;

use shared::job::{Outcome, Status};

use super::{claim, claim_at, complete, get, job, no_wait, status, submit, submit_one, with};
use crate::support::{Db, at};

on_both!(
    a_silent_workers_job_goes_to_another_until_no_attempt_is_left,
    a_lease_that_ended_is_followed_by_its_backoff,
    a_deadline_ends_what_is_queued_and_what_runs,
    a_reap_of_many_goes_in_steps,
    what_a_dead_worker_held_is_queued_again_at_once,
);

async fn what_a_dead_worker_held_is_queued_again_at_once(db: Db) {
    let ids = submit(
        &db,
        &[job("echo"), job("echo"), with(|job| job.max_attempts = 1)],
    )
    .await;
    let claimed = claim(&db, 3).await;
    let dead = claimed[0].job.worker.clone().unwrap();
    let other = "other".parse().unwrap();
    let released = db.jobs().release(&other, &no_wait, at(2)).await.unwrap();
    assert_eq!(released, 0, "it holds nothing");
    let released = db.jobs().release(&dead, &no_wait, at(2)).await.unwrap();
    assert_eq!(released, 3);
    assert_eq!(status(&db, &ids[0]).await, Status::Queued);
    let ended = get(&db, &ids[2]).await;
    assert_eq!(ended.status, Status::Error);
    assert!(ended.error.unwrap().contains("ended in the middle"));
    let late = complete(&db, &claimed[..1]).await;
    assert_eq!(late, [store::jobs::Finished::Stale]);
}

async fn a_silent_workers_job_goes_to_another_until_no_attempt_is_left(db: Db) {
    let id = submit_one(&db, with(|job| job.max_attempts = 2)).await;
    for n in 1..=2 {
        assert_eq!(claim(&db, 1).await.len(), 1, "attempt {n}");
        let early = db.jobs().reap(&no_wait, at(1000)).await.unwrap();
        assert_eq!(
            early.lapsed, 0,
            "leases go by the database's clock, not by ours"
        );
        db.tamper("update jobs set lease_until = 0").await;
        assert_eq!(db.jobs().reap(&no_wait, at(2)).await.unwrap().lapsed, 1);
    }
    let ended = get(&db, &id).await;
    assert_eq!(ended.status, Status::Error);
    assert!(ended.error.unwrap().contains("silent"));
    let attempts = db.jobs().attempts(&id).await.unwrap();
    assert!(
        attempts
            .iter()
            .all(|it| it.outcome == Some(Outcome::LeaseEnded))
    );
    assert_eq!(attempts.len(), 2);
}

async fn a_lease_that_ended_is_followed_by_its_backoff(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    claim(&db, 1).await;
    db.tamper("update jobs set lease_until = 0").await;
    let backoff = |_| Duration::from_secs(30);
    db.jobs().reap(&backoff, at(2)).await.unwrap();
    let waiting = get(&db, &id).await;
    assert_eq!(
        (waiting.status, waiting.run_at),
        (Status::Queued, Some(at(32)))
    );
    assert!(claim_at(&db, 1, 31).await.is_empty());
}

async fn a_deadline_ends_what_is_queued_and_what_runs(db: Db) {
    let soon = || with(|job| job.deadline_at = Some(at(10)));
    let running = submit_one(&db, soon()).await;
    let claimed = claim(&db, 1).await;
    let delayed = with(|job| {
        job.deadline_at = Some(at(10));
        job.run_at = Some(at(60));
    });
    let queued = submit(&db, &[soon(), delayed, job("echo")]).await;
    assert_eq!(db.jobs().reap(&no_wait, at(9)).await.unwrap().expired, 0);
    assert_eq!(db.jobs().reap(&no_wait, at(10)).await.unwrap().expired, 3);
    for id in [&running, &queued[0], &queued[1]] {
        assert_eq!(status(&db, id).await, Status::Expired);
    }
    assert_eq!(status(&db, &queued[2]).await, Status::Queued);
    let late = complete(&db, &claimed).await;
    assert_eq!(late, [store::jobs::Finished::Stale], "too late");
    let attempts = db.jobs().attempts(&running).await.unwrap();
    assert_eq!(attempts[0].outcome, Some(Outcome::Expired));
    db.jobs().retry(&running, at(20)).await.unwrap();
    assert_eq!(
        db.jobs().reap(&no_wait, at(21)).await.unwrap().expired,
        0,
        "it has none now"
    );
}

async fn a_reap_of_many_goes_in_steps(db: Db) {
    submit(&db, &vec![job("echo"); 1000]).await;
    submit(&db, &vec![job("echo"); 300]).await;
    claim(&db, 1000).await;
    claim(&db, 1000).await;
    db.tamper("update jobs set lease_until = 0").await;
    assert_eq!(db.jobs().reap(&no_wait, at(2)).await.unwrap().lapsed, 1300);
    assert_eq!(claim(&db, 1000).await.len(), 1000);
}
