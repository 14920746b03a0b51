//! Writing in batches: whole or not at all, by many at once, whatever stands in them.

use store::StoreError;
use store::usage::{GroupBy, HourSum, MAX_ADDED, MAX_BATCH, RequestFilter};

use super::{HOUR_S, by, line, listed, sum};
use crate::support::{Db, at};

on_both![
    sums_of_one_key_may_stand_twice_in_a_batch,
    a_batch_is_stored_whole_or_not_at_all,
    parallel_writers_lose_nothing,
    a_large_batch_is_stored_and_a_larger_one_refused,
    nonsense_from_outside_can_not_spoil_later_batches,
];

async fn sums_of_one_key_may_stand_twice_in_a_batch(db: Db) {
    let batch = [
        sum(at(0), "qwen", "a"),
        sum(at(1), "gpt", "a"),
        sum(at(2), "qwen", "a"),
    ];
    db.usage().write(&batch, &[]).await.unwrap();
    let rows = by(&db, &[GroupBy::Llm]).await;
    let counts: Vec<_> = rows.iter().map(|row| row.requests).collect();
    assert_eq!(counts, [10, 20]);
}

/// The second statement of the batch fails, so the first must not have happened.
async fn a_batch_is_stored_whole_or_not_at_all(db: Db) {
    let batch = [sum(at(0), "qwen", "t")];
    let lines = [line(at(0), "r1")];
    db.usage().write(&batch, &lines).await.unwrap();
    db.tamper("alter table usage_requests rename to away").await;
    let failed = db.usage().write(&batch, &lines).await;
    assert!(failed.is_err());
    db.tamper("alter table away rename to usage_requests").await;
    assert_eq!(by(&db, &[]).await[0].requests, 10);
    assert_eq!(listed(&db, RequestFilter::default()).await.len(), 1);
    db.usage().write(&batch, &lines).await.unwrap();
    assert_eq!(by(&db, &[]).await[0].requests, 20);
}

async fn parallel_writers_lose_nothing(db: Db) {
    const WRITERS: usize = 8;
    const BATCHES: usize = 12;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..WRITERS {
        let store = db.store.clone();
        writers.spawn(async move {
            let mut batch = [
                sum(at(0), "a", "t"),
                sum(at(0), "b", "t"),
                sum(at(0), "c", "t"),
            ];
            // Each in another order: rows locked crosswise would wait for each other.
            batch.rotate_left(n % 3);
            for _ in 0..BATCHES {
                let lines = [line(at(0), "r")];
                store.usage().write(&batch, &lines).await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let written = (WRITERS * BATCHES) as u64;
    let rows = by(&db, &[GroupBy::Llm]).await;
    let counts: Vec<_> = rows.iter().map(|row| row.requests).collect();
    assert_eq!(counts, [written * 10; 3]);
    let lines = listed(&db, RequestFilter::default()).await;
    assert_eq!(lines.len() as u64, written);
}

async fn a_large_batch_is_stored_and_a_larger_one_refused(db: Db) {
    let llms = (0..MAX_BATCH).map(|n| sum(at(0), &format!("llm{n}"), "t"));
    let mut batch: Vec<_> = llms.collect();
    let mut lines: Vec<_> = (0..MAX_BATCH as i64).map(|n| line(at(n), "r")).collect();
    db.usage().write(&batch, &lines).await.unwrap();
    assert_eq!(by(&db, &[]).await[0].requests, 10 * MAX_BATCH as u64);
    assert_eq!(by(&db, &[GroupBy::Llm]).await.len(), MAX_BATCH);
    assert_eq!(
        db.usage().sweep(at(i64::from(u32::MAX)), 0).await.unwrap(),
        10_000
    );
    batch.push(sum(at(0), "more", "t"));
    lines.push(line(at(0), "more"));
    for (sums, lines) in [(&*batch, &[][..]), (&[][..], &*lines)] {
        let refused = db.usage().write(sums, lines).await;
        assert!(matches!(refused, Err(StoreError::TooMany { .. })));
    }
}

async fn nonsense_from_outside_can_not_spoil_later_batches(db: Db) {
    let mut absurd = sum(at(0), "qwen\u{0}", &"t".repeat(5000));
    absurd.tokens.input = u64::MAX;
    absurd.cost_nano_usd = i64::MIN;
    let mut odd = line(at(0), &"é".repeat(5000));
    odd.tokens.input = u64::MAX;
    odd.model = "a\u{0}b\u{1b}".into();
    let spoilt = async |hour: i64| {
        let hour = at(hour * HOUR_S);
        let batch = vec![
            HourSum {
                hour,
                ..absurd.clone()
            };
            100
        ];
        db.usage().write(&batch, &[odd.clone()]).await.unwrap();
    };
    spoilt(0).await;
    db.usage()
        .write(&[sum(at(0), "qwen", "t")], &[])
        .await
        .unwrap();
    let row = &by(&db, &[GroupBy::Llm]).await[0];
    assert_eq!(row.llm.as_deref(), Some("qwen"));
    assert_eq!(row.tokens.input, MAX_ADDED + 100);
    assert_eq!(row.cost_usd, 0.5);
    let all = RequestFilter::default();
    let read = db.usage().requests(1, &all).await.unwrap().remove(0);
    assert_eq!((read.id.len(), &*read.model), (256, "ab"));
    // Hours full of nonsense: together they are more than 64 bits hold.
    spoilt(1).await;
    db.tamper("update usage_hours set tokens_in = 9223372036854775807")
        .await;
    let total = &by(&db, &[]).await[0];
    assert!(total.tokens.input > i64::MAX as u64);
}
