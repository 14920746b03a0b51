//! Who gets which job, and when.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::job::{JobId, Status};
use store::jobs::{ClaimRequest, Lanes};

use super::{
    claim, claim_at, claim_kinds, complete, get, ids, job, status, submit, submit_one, waiting_for,
    with, worker,
};
use crate::support::{Db, at};

on_both!(
    eight_claimers_take_each_job_once_and_leave_none,
    the_higher_priority_comes_first_and_then_the_older,
    a_claim_tells_all_that_the_worker_needs,
    a_job_is_claimed_neither_before_its_time_nor_after_its_deadline,
    jobs_that_wait_for_an_absent_llm_stay_and_hold_nobody_up,
    kinds_are_claimed_by_those_who_can_do_them,
);

async fn eight_claimers_take_each_job_once_and_leave_none(db: Db) {
    let mut all = BTreeSet::new();
    let batch: Vec<_> = (0..1000).map(|_| job("echo")).collect();
    for _ in 0..10 {
        all.extend(submit(&db, &batch).await);
    }
    assert_eq!(all.len(), 10_000);
    let mut claimers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = db.store.clone();
        claimers.spawn(async move {
            let (worker, kinds) = (worker(&format!("w{n}")), ["echo".to_owned()]);
            let mut taken = Vec::new();
            let mut empty_in_a_row = 0;
            // Where others hold all that it looks at, a claim may come back empty; three times in
            // a row with nothing left queued ends it.
            while empty_in_a_row < 3 {
                let request = ClaimRequest {
                    worker: &worker,
                    kinds: &kinds,
                    lease: Duration::from_secs(600),
                    limit: 37,
                    absent: &[],
                    principal: "alice",
                    lanes: Lanes::All,
                };
                let claimed = store.jobs().claim(request, at(1)).await.unwrap();
                empty_in_a_row = if claimed.is_empty() {
                    empty_in_a_row + 1
                } else {
                    0
                };
                taken.extend(ids(&claimed));
            }
            taken
        });
    }
    let taken: Vec<JobId> = claimers.join_all().await.concat();
    assert_eq!(taken.len(), 10_000, "none twice");
    assert_eq!(
        taken.into_iter().collect::<BTreeSet<_>>(),
        all,
        "none skipped"
    );
    let counts = db.jobs().counts(at(0), None).await.unwrap();
    assert_eq!(
        (counts[0].status, counts[0].jobs),
        (Status::Running, 10_000)
    );
}

async fn the_higher_priority_comes_first_and_then_the_older(db: Db) {
    let mut by_age = Vec::new();
    for priority in [0, 5, -3, 5, 0] {
        by_age.push(submit_one(&db, with(|job| job.priority = priority)).await);
    }
    let claimed = claim(&db, 10).await;
    let order = [1, 3, 0, 4, 2].map(|n: usize| by_age[n].clone());
    assert_eq!(ids(&claimed), order);
    let tokens: BTreeSet<&str> = claimed.iter().map(|it| it.lease_token.as_str()).collect();
    assert_eq!(tokens.len(), 5, "each has a token of its own");
}

async fn a_claim_tells_all_that_the_worker_needs(db: Db) {
    let mut new = with(|job| {
        job.priority = 7;
        job.labels.insert("team".into(), "blue".into());
        job.source = Some("cli".into());
        job.deadline_at = Some(at(100));
    });
    new.waits_for = Some("qwen".into());
    let id = submit_one(&db, new.clone()).await;
    let claimed = claim(&db, 1).await.remove(0);
    let stored = get(&db, &id).await;
    assert_eq!(claimed.job, stored, "what is claimed is what is stored");
    assert_eq!(stored.payload, new.submit.payload);
    assert_eq!(stored.labels, new.submit.labels);
    assert_eq!(stored.principal, "alice");
    assert_eq!((stored.priority, stored.attempts), (7, 1));
    assert_eq!(stored.waits_for.as_deref(), Some("qwen"));
    assert_eq!(stored.worker, Some(worker("w1")));
    assert!(stored.lease_until.is_some() && stored.status == Status::Running);
}

async fn a_job_is_claimed_neither_before_its_time_nor_after_its_deadline(db: Db) {
    let later = submit_one(&db, with(|job| job.run_at = Some(at(10)))).await;
    let urgent = submit_one(&db, with(|job| job.deadline_at = Some(at(5)))).await;
    assert!(
        claim_at(&db, 9, 5).await.is_empty(),
        "too early, and too late"
    );
    assert_eq!(get(&db, &later).await.run_at, Some(at(10)));
    let reaped = db.jobs().reap(&super::no_wait, at(10)).await.unwrap();
    assert_eq!((reaped.due, reaped.expired, reaped.lapsed), (1, 1, 0));
    assert_eq!(ids(&claim_at(&db, 9, 10).await), [later]);
    assert_eq!(status(&db, &urgent).await, Status::Expired);
}

async fn jobs_that_wait_for_an_absent_llm_stay_and_hold_nobody_up(db: Db) {
    let mut batch: Vec<_> = (0..50).map(|_| waiting_for("llm.chat", "home")).collect();
    for job in &mut batch {
        job.submit.priority = 100;
    }
    submit(&db, &batch).await;
    let public = submit_one(&db, waiting_for("llm.chat", "gpt")).await;
    let free = submit_one(&db, job("llm.chat")).await;
    let waited = db.jobs().waited_for(&["llm.chat"]).await.unwrap();
    assert_eq!(waited, ["gpt", "home"]);
    let claimed = claim_kinds(&db, &["llm.chat"], &["home", "other"], 10, 1).await;
    assert_eq!(ids(&claimed), [public, free]);
    // It is back: nothing needs to be woken.
    assert_eq!(claim_kinds(&db, &["llm.chat"], &[], 60, 1).await.len(), 50);
    assert!(
        db.jobs()
            .waited_for(&["llm.chat"])
            .await
            .unwrap()
            .is_empty()
    );
    complete(&db, &claimed).await;
}

async fn kinds_are_claimed_by_those_who_can_do_them(db: Db) {
    let theirs = submit_one(&db, job("external.render")).await;
    let ours = submit_one(&db, job("echo")).await;
    let both = ["echo", "echo", "llm.chat"];
    assert_eq!(ids(&claim_kinds(&db, &both, &[], 9, 1).await), [ours]);
    assert_eq!(
        ids(&claim_kinds(&db, &["external.render"], &[], 9, 1).await),
        [theirs]
    );
}
