//! Heartbeats, results and failures; each only by the token of the attempt that runs.

use std::time::Duration;

use shared::job::{Claimed, JobId, Outcome, Status};
use store::jobs::{Appended, CancelOutcome, Finished, Heard, Lease};

use super::{
    LEASE, claim, claim_at, complete, fail, failure_of, get, job, lease, result_of, status, submit,
    submit_one, with,
};
use crate::support::{Db, at};

on_both!(
    a_result_is_kept_with_its_attempt,
    a_stale_token_changes_nothing,
    a_late_word_takes_nothing_from_the_one_that_holds,
    each_entry_of_a_batch_is_answered_on_its_own,
    a_failed_attempt_is_followed_by_another_until_none_is_left,
    a_failure_that_will_not_pass_ends_the_job_at_once,
    another_attempt_waits_for_its_backoff,
    a_heartbeat_extends_the_lease_and_tells_of_a_cancel,
    a_parked_job_is_queued_again_and_its_attempt_does_not_count,
);

async fn a_result_is_kept_with_its_attempt(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let claimed = claim(&db, 1).await;
    assert_eq!(
        complete(&db, &claimed).await,
        [Finished::Written(Status::Done)]
    );
    let done = get(&db, &id).await;
    assert_eq!(done.result, Some(result_of(&claimed[0]).result));
    assert_eq!(
        (done.status, done.ended_at, done.lease_until),
        (Status::Done, Some(at(2)), None)
    );
    let attempts = db.jobs().attempts(&id).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].outcome, Some(Outcome::Done));
    assert_eq!(
        (attempts[0].started_at, attempts[0].ended_at),
        (at(1), Some(at(2)))
    );
    assert_eq!(attempts[0].metrics, result_of(&claimed[0]).metrics);
}

async fn a_stale_token_changes_nothing(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let old = claim(&db, 1).await.remove(0);
    db.tamper("update jobs set lease_until = 0").await;
    db.jobs().reap(&super::no_wait, at(2)).await.unwrap();
    let new = claim(&db, 1).await.remove(0);
    let before = get(&db, &id).await;
    let old_lease = lease(&old);
    assert_eq!(
        complete(&db, std::slice::from_ref(&old)).await,
        [Finished::Stale]
    );
    assert_eq!(fail(&db, &old, true).await, Finished::Stale);
    let parked = db
        .jobs()
        .park(std::slice::from_ref(&old_lease), at(2))
        .await;
    assert_eq!(parked.unwrap(), [Finished::Stale]);
    assert_eq!(
        db.jobs().heartbeat(&old_lease, LEASE).await.unwrap(),
        Heard::Stale
    );
    let chunk = [shared::job::Event::Chunk { data: "x".into() }];
    let appended = db.jobs().append(&old_lease, &chunk, at(2)).await.unwrap();
    assert_eq!(appended, Appended::Stale);
    assert_eq!(get(&db, &id).await, before);
    let written = [Finished::Written(Status::Done)];
    assert_eq!(complete(&db, std::slice::from_ref(&new)).await, written);
    assert_eq!(
        complete(&db, &[new]).await,
        [Finished::Stale],
        "finished once"
    );
}

async fn a_late_word_takes_nothing_from_the_one_that_holds(db: Db) {
    let ids = submit(&db, &[job("echo"), job("echo")]).await;
    let late = claim(&db, 2).await;
    db.tamper("update jobs set lease_until = 0").await;
    db.jobs().reap(&super::no_wait, at(2)).await.unwrap();
    let holding = claim(&db, 2).await;
    let of = |claimed: &[Claimed], id: &JobId| {
        let found = claimed.iter().find(|claimed| claimed.job.id == *id);
        found.unwrap().clone()
    };
    let (done, stale) = (Finished::Written(Status::Done), Finished::Stale);
    // Both in one commit, in either order.
    let together = [of(&late, &ids[0]), of(&holding, &ids[0])];
    assert_eq!(complete(&db, &together).await, [stale, done]);
    let together = [of(&holding, &ids[1]), of(&late, &ids[1])];
    assert_eq!(complete(&db, &together).await, [done, stale]);
    for id in &ids {
        let kept = get(&db, id).await.result;
        assert_eq!(kept, Some(result_of(&of(&holding, id)).result));
    }
}

async fn each_entry_of_a_batch_is_answered_on_its_own(db: Db) {
    submit(&db, &[job("echo"), job("echo")]).await;
    let claimed = claim(&db, 2).await;
    let unknown: JobId = "019aa5c3-1b7d-7f00-8000-000000000001".parse().unwrap();
    let mut entries = vec![
        result_of(&claimed[0]),
        result_of(&claimed[1]),
        result_of(&claimed[0]),
    ];
    entries.push(result_of(&claimed[0]));
    entries[3].job_id = unknown;
    // A token of one job is none of another's.
    entries.push(result_of(&claimed[0]));
    entries[4].job_id = claimed[1].job.id.clone();
    let answers = db.jobs().complete(&entries, at(2)).await.unwrap();
    let done = Finished::Written(Status::Done);
    let stale = Finished::Stale;
    assert_eq!(answers, [done, done, stale, stale, stale]);
}

async fn a_failed_attempt_is_followed_by_another_until_none_is_left(db: Db) {
    let id = submit_one(&db, with(|job| job.max_attempts = 2)).await;
    let first = claim(&db, 1).await.remove(0);
    assert_eq!(
        fail(&db, &first, true).await,
        Finished::Written(Status::Queued)
    );
    let waiting = get(&db, &id).await;
    assert_eq!((waiting.status, waiting.attempts), (Status::Queued, 1));
    assert!(
        waiting.error.unwrap().contains("gone\nand"),
        "the reason is shown meanwhile"
    );
    let second = claim(&db, 1).await.remove(0);
    assert_eq!(
        fail(&db, &second, true).await,
        Finished::Written(Status::Error)
    );
    let ended = get(&db, &id).await;
    assert_eq!((ended.status, ended.attempts), (Status::Error, 2));
    assert!(claim(&db, 1).await.is_empty());
    let outcomes: Vec<_> = db.jobs().attempts(&id).await.unwrap();
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|it| (it.number, it.outcome.unwrap()))
        .collect();
    assert_eq!(outcomes, [(1, Outcome::Failed), (2, Outcome::Failed)]);
}

async fn a_failure_that_will_not_pass_ends_the_job_at_once(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let claimed = claim(&db, 1).await.remove(0);
    assert_eq!(
        fail(&db, &claimed, false).await,
        Finished::Written(Status::Error)
    );
    assert_eq!(status(&db, &id).await, Status::Error);
}

async fn another_attempt_waits_for_its_backoff(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let claimed = claim(&db, 1).await.remove(0);
    let backoff = |attempts: u32| Duration::from_secs(u64::from(attempts) * 10);
    let failed = db
        .jobs()
        .fail(&[failure_of(&claimed, true)], &backoff, at(2))
        .await;
    assert_eq!(failed.unwrap(), [Finished::Written(Status::Queued)]);
    assert_eq!(get(&db, &id).await.run_at, Some(at(12)));
    db.jobs().reap(&backoff, at(11)).await.unwrap();
    assert!(claim_at(&db, 1, 11).await.is_empty());
    db.jobs().reap(&backoff, at(12)).await.unwrap();
    assert_eq!(claim_at(&db, 1, 12).await.len(), 1);
}

async fn a_heartbeat_extends_the_lease_and_tells_of_a_cancel(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let claimed = claim(&db, 1).await.remove(0);
    db.tamper("update jobs set lease_until = 0").await;
    let lease: Lease = lease(&claimed);
    let heard = db.jobs().heartbeat(&lease, LEASE).await.unwrap();
    assert_eq!(
        heard,
        Heard::Extended {
            cancel_requested: false
        }
    );
    let reaped = db.jobs().reap(&super::no_wait, at(2)).await.unwrap();
    assert_eq!(reaped.lapsed, 0, "the lease is long again");
    assert_eq!(
        db.jobs().cancel(&id, at(2)).await.unwrap(),
        CancelOutcome::Asked
    );
    let heard = db.jobs().heartbeat(&lease, LEASE).await.unwrap();
    assert_eq!(
        heard,
        Heard::Extended {
            cancel_requested: true
        }
    );
}

async fn a_parked_job_is_queued_again_and_its_attempt_does_not_count(db: Db) {
    let id = submit_one(&db, with(|job| job.max_attempts = 1)).await;
    for _ in 0..3 {
        let claimed = claim(&db, 1).await.remove(0);
        assert_eq!(claimed.job.attempts, 1);
        let parked = db.jobs().park(&[lease(&claimed)], at(2)).await.unwrap();
        assert_eq!(parked, [Finished::Written(Status::Queued)]);
    }
    let job = get(&db, &id).await;
    assert_eq!(
        (job.status, job.attempts, job.position),
        (Status::Queued, 0, Some(0))
    );
    assert_eq!(
        complete(&db, &claim(&db, 1).await).await,
        [Finished::Written(Status::Done)]
    );
}
