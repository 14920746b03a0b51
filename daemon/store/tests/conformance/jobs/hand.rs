//! Cancel, retry, delete, and the sweep.

use shared::job::{Event, Outcome, Status};
use store::StoreError;
use store::jobs::{CancelOutcome, Finished};

use super::{claim, complete, fail, get, job, lease, status, submit, submit_one};
use crate::support::{Db, at};

on_both!(
    a_queued_job_is_canceled_at_once,
    the_worker_of_a_running_job_decides_how_a_cancel_ends,
    a_cancel_and_a_claim_at_once_end_in_one_of_both_ways,
    an_ended_job_is_retried_with_its_history,
    only_ended_jobs_are_deleted,
    jobs_that_ended_long_ago_are_removed_with_all_that_is_theirs,
);

async fn a_queued_job_is_canceled_at_once(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let canceled = db.jobs().cancel(&id, at(1)).await.unwrap();
    assert_eq!(canceled, CancelOutcome::Canceled);
    assert_eq!(status(&db, &id).await, Status::Canceled);
    assert!(claim(&db, 1).await.is_empty());
    let again = db.jobs().cancel(&id, at(1)).await.unwrap();
    assert_eq!(again, CancelOutcome::Ended(Status::Canceled));
}

async fn the_worker_of_a_running_job_decides_how_a_cancel_ends(db: Db) {
    let mut ids = submit(&db, &[job("echo"), job("echo"), job("echo"), job("echo")]).await;
    let claimed = claim(&db, 4).await;
    for id in &ids {
        let asked = db.jobs().cancel(id, at(1)).await.unwrap();
        assert_eq!(asked, CancelOutcome::Asked);
        assert!(get(&db, id).await.cancel_requested);
    }
    assert_eq!(
        fail(&db, &claimed[0], true).await,
        Finished::Written(Status::Canceled)
    );
    assert_eq!(
        complete(&db, &claimed[1..2]).await,
        [Finished::Written(Status::Done)]
    );
    let parked = db.jobs().park(&[lease(&claimed[2])], at(2)).await.unwrap();
    assert_eq!(parked, [Finished::Written(Status::Canceled)]);
    db.tamper("update jobs set lease_until = 0 where status = 'running'")
        .await;
    assert_eq!(
        db.jobs().reap(&super::no_wait, at(2)).await.unwrap().lapsed,
        1
    );
    let last = ids.pop().unwrap();
    assert_eq!(status(&db, &last).await, Status::Canceled);
    let attempts = db.jobs().attempts(&last).await.unwrap();
    assert_eq!(attempts[0].outcome, Some(Outcome::Canceled));
}

async fn a_cancel_and_a_claim_at_once_end_in_one_of_both_ways(db: Db) {
    for _ in 0..20 {
        let id = submit_one(&db, job("echo")).await;
        let (canceled, claimed) = tokio::join!(
            async { db.jobs().cancel(&id, at(1)).await.unwrap() },
            claim(&db, 1),
        );
        match canceled {
            CancelOutcome::Canceled => assert!(claimed.is_empty()),
            CancelOutcome::Asked => {
                assert_eq!(claimed.len(), 1);
                let failed = fail(&db, &claimed[0], true).await;
                assert_eq!(failed, Finished::Written(Status::Canceled));
            }
            CancelOutcome::Ended(_) => panic!("it had not ended"),
        }
        assert_eq!(status(&db, &id).await, Status::Canceled);
    }
}

async fn an_ended_job_is_retried_with_its_history(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let refused = db.jobs().retry(&id, at(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Stale { .. }), "it is queued");
    fail(&db, &claim(&db, 1).await[0], false).await;
    db.jobs().retry(&id, at(3)).await.unwrap();
    let again = get(&db, &id).await;
    assert_eq!(
        (again.status, again.attempts, again.ended_at),
        (Status::Queued, 0, None)
    );
    complete(&db, &claim(&db, 1).await).await;
    let attempts = db.jobs().attempts(&id).await.unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|it| it.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Done]);
    let unknown = "019aa5c3-1b7d-7f00-8000-000000000001".parse().unwrap();
    let refused = db.jobs().retry(&unknown, at(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotFound { .. }));
}

async fn only_ended_jobs_are_deleted(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let refused = db.jobs().delete(&id).await.unwrap_err();
    assert!(matches!(refused, StoreError::Stale { .. }));
    db.jobs().cancel(&id, at(1)).await.unwrap();
    db.jobs().delete(&id).await.unwrap();
    assert!(db.jobs().find(&id).await.unwrap().is_none());
    let gone = db.jobs().delete(&id).await.unwrap_err();
    assert!(matches!(gone, StoreError::NotFound { .. }));
}

async fn jobs_that_ended_long_ago_are_removed_with_all_that_is_theirs(db: Db) {
    let ids = submit(&db, &vec![job("echo"); 700]).await;
    let claimed = claim(&db, 699).await;
    let chunk = [Event::Chunk { data: "x".into() }];
    db.jobs()
        .append(&lease(&claimed[0]), &chunk, at(1))
        .await
        .unwrap();
    complete(&db, &claimed).await;
    assert_eq!(
        db.jobs().purge(at(2)).await.unwrap(),
        0,
        "they ended then, not before"
    );
    assert_eq!(db.jobs().purge(at(3)).await.unwrap(), 699);
    assert!(db.jobs().find(&ids[0]).await.unwrap().is_none());
    assert_eq!(
        status(&db, &ids[699]).await,
        Status::Queued,
        "it has not ended"
    );
    // Where anything is left behind, this breaks the column's `not null`.
    db.tamper(
        "insert into job_keys (principal, key, body_hash, job_ids, created_at)
        select 'check', 'check', 'check', '[]', case when count(*) = 0 then 0 end
        from (
            select job_id from job_events
            union all
            select job_id from job_attempts
            union all
            select job_id from job_payloads where job_id not in (select id from jobs)
        ) left_behind",
    )
    .await;
}
