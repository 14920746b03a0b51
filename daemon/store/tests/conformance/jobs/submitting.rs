//! What a submit promises.

use std::collections::BTreeSet;

use shared::job::{MAX_BATCH, Status};
use store::StoreError;
use store::jobs::{Hint, IdempotencyKey};

use super::{claim, complete, get, job, status, submit, submit_one, with};
use crate::support::{Db, at};

on_both!(
    fifty_submits_with_one_idempotency_key_store_one_job,
    an_idempotency_key_with_another_body_is_a_conflict,
    an_unfinished_job_with_the_unique_key_is_answered_instead_of_a_new_one,
    a_batch_is_stored_in_its_order_and_has_bounds,
    a_queued_job_knows_its_position,
    a_submit_is_hinted_at,
    a_list_is_filtered_and_goes_on_at_its_cursor,
);

fn key(key: &str, hash: &str) -> IdempotencyKey {
    IdempotencyKey {
        key: key.into(),
        body_hash: hash.into(),
    }
}

async fn fifty_submits_with_one_idempotency_key_store_one_job(db: Db) {
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = db.store.clone();
        callers.spawn(async move {
            let key = key("once", "hash");
            let ids = store
                .jobs()
                .submit(&[job("echo")], "alice", Some(&key), at(0))
                .await;
            ids.unwrap()
        });
    }
    let ids: BTreeSet<_> = callers.join_all().await.into_iter().flatten().collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(claim(&db, 10).await.len(), 1);
}

async fn an_idempotency_key_with_another_body_is_a_conflict(db: Db) {
    let jobs = [job("echo")];
    let submit = async |principal: &str, key: IdempotencyKey| {
        db.jobs().submit(&jobs, principal, Some(&key), at(0)).await
    };
    let first = submit("alice", key("k", "one")).await.unwrap();
    assert_eq!(submit("alice", key("k", "one")).await.unwrap(), first);
    let other = submit("alice", key("k", "two")).await.unwrap_err();
    assert!(matches!(other, StoreError::Conflict { .. }), "{other:?}");
    let bobs = submit("bob", key("k", "two")).await.unwrap();
    assert_ne!(bobs, first, "keys count per principal");
    assert_eq!(claim(&db, 10).await.len(), 2);
}

async fn an_unfinished_job_with_the_unique_key_is_answered_instead_of_a_new_one(db: Db) {
    let keyed = || with(|job| job.unique_key = Some("nightly".into()));
    let ids = submit(&db, &[keyed(), job("echo"), keyed()]).await;
    assert_eq!(ids[0], ids[2], "also within a batch");
    let claimed = claim(&db, 10).await;
    assert_eq!(claimed.len(), 2);
    assert_eq!(submit_one(&db, keyed()).await, ids[0], "it runs");
    let bobs = db
        .jobs()
        .submit(&[keyed()], "bob", None, at(0))
        .await
        .unwrap();
    assert_ne!(bobs[0], ids[0], "keys count per principal");
    complete(&db, &claimed).await;
    let again = submit_one(&db, keyed()).await;
    assert_ne!(again, ids[0], "it has ended");
    let refused = db.jobs().retry(&ids[0], at(3)).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Conflict { .. }),
        "{refused:?}"
    );
    assert_eq!(status(&db, &ids[0]).await, Status::Done);
}

async fn a_batch_is_stored_in_its_order_and_has_bounds(db: Db) {
    let batch = vec![job("echo"); MAX_BATCH];
    let ids = submit(&db, &batch).await;
    assert_eq!(super::ids(&claim(&db, MAX_BATCH).await), ids);
    let over = vec![job("echo"); MAX_BATCH + 1];
    let refused = db
        .jobs()
        .submit(&over, "alice", None, at(0))
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::TooMany { .. }));
    let none = db.jobs().submit(&[], "alice", None, at(0)).await.unwrap();
    assert!(none.is_empty());
}

async fn a_queued_job_knows_its_position(db: Db) {
    let ids = submit(&db, &[job("echo"), job("echo"), job("other"), job("echo")]).await;
    let urgent = submit_one(&db, with(|job| job.priority = 1)).await;
    assert_eq!(get(&db, &urgent).await.position, Some(0));
    assert_eq!(get(&db, &ids[3]).await.position, Some(3));
    assert_eq!(db.jobs().head(&ids[2]).await.unwrap().position, Some(0));
    claim(&db, 2).await;
    assert_eq!(get(&db, &ids[3]).await.position, Some(1));
    assert_eq!(get(&db, &urgent).await.position, None, "it runs");
}

async fn a_submit_is_hinted_at(db: Db) {
    let (mut here, elsewhere) = (db.jobs().changes(), db.open_again().await.unwrap());
    let mut there = elsewhere.jobs().changes();
    if matches!(db.config.place, store::Place::Postgres(_)) {
        assert_eq!(there.next().await, Hint::Missed, "it listens from now on");
        submit_one(&db, job("echo")).await;
        db.jobs().tell_others().await;
        assert_eq!(there.next().await, Hint::Queued(None));
        db.tamper(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query ilike 'listen%'",
        )
        .await;
        assert_eq!(there.next().await, Hint::Missed, "it listens again");
        submit_one(&db, job("echo")).await;
        db.jobs().tell_others().await;
        while there.next().await != Hint::Queued(None) {}
    }
    // Of ours we know more, and hear it once.
    let id = submit_one(&db, job("own")).await;
    let queued = Hint::Queued(Some(["own".to_owned()].into()));
    while here.next().await != queued {}
    db.jobs().cancel(&id, at(1)).await.unwrap();
    let changed = Hint::Changed(vec![id].into());
    while here.next().await != changed {}
    elsewhere.close().await;
}

async fn a_list_is_filtered_and_goes_on_at_its_cursor(db: Db) {
    let mut ids = Vec::new();
    for n in 0..5 {
        let jobs = [job(if n == 3 { "other" } else { "echo" })];
        ids.extend(db.jobs().submit(&jobs, "alice", None, at(n)).await.unwrap());
    }
    let claimed = claim(&db, 1).await;
    super::fail(&db, &claimed[0], false).await;
    let list = async |filter: store::jobs::Filter, limit| {
        let page = db.jobs().list(&filter, limit).await.unwrap();
        let ids: Vec<_> = page.jobs.into_iter().map(|job| job.id).collect();
        (ids, page.next_cursor)
    };
    let all = store::jobs::Filter::default;
    let (newest, cursor) = list(all(), 2).await;
    assert_eq!(newest, [ids[4].clone(), ids[3].clone()]);
    let (rest, cursor) = list(store::jobs::Filter { cursor, ..all() }, 9).await;
    assert_eq!(rest, [ids[2].clone(), ids[1].clone(), ids[0].clone()]);
    assert_eq!(cursor, None);
    let failed = store::jobs::Filter {
        status: Some(Status::Error),
        ..all()
    };
    assert_eq!(list(failed, 9).await.0, [ids[0].clone()]);
    let other = store::jobs::Filter {
        kind: Some("other".into()),
        ..all()
    };
    assert_eq!(list(other, 9).await.0, [ids[3].clone()]);
    let bobs = store::jobs::Filter {
        principal: Some("bob".into()),
        ..all()
    };
    assert!(list(bobs, 9).await.0.is_empty());
    let unknown = "019aa5c3-1b7d-7f00-8000-000000000001".parse().unwrap();
    assert!(db.jobs().find(&unknown).await.unwrap().is_none());
}
