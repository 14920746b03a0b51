//! Single requests: listed, and swept.

use shared::usage::{Outcome, RequestRecord};
use store::StoreError;
use store::usage::{RequestFilter, RequestLine};

use super::{line, listed};
use crate::support::{Db, at};

on_both![
    a_request_reads_back_as_it_was_written,
    requests_are_listed_newest_first_and_filtered,
    old_requests_are_swept_in_steps,
    requests_beyond_a_number_are_swept_and_the_newest_stay,
    a_request_that_makes_no_sense_is_corrupt,
];

async fn a_request_reads_back_as_it_was_written(db: Db) {
    let cached = RequestLine {
        cache_hit: true,
        estimated: false,
        ttft_ms: None,
        outcome: Outcome::Error,
        cost_nano_usd: 0,
        ..line(at(1), "ünï \"quoted\" \\ 'id'")
    };
    let lines = [line(at(0), "r1"), cached];
    db.usage().write(&[], &lines).await.unwrap();
    let all = RequestFilter::default();
    let read = db.usage().requests(10, &all).await.unwrap();
    let expected = RequestRecord {
        id: "r1".into(),
        at: Some(at(0)),
        model: "smart".into(),
        llm: "qwen".into(),
        provider: "ollama".into(),
        principal: "alice".into(),
        token: "laptop".into(),
        path: "chat/completions".into(),
        status: 499,
        outcome: Outcome::Cancelled,
        attempts: 2,
        cache_hit: false,
        estimated: true,
        ttft_ms: Some(120),
        duration_ms: 2500,
        tokens: lines[0].tokens,
        cost_usd: 1.5,
    };
    assert_eq!(read[1], expected);
    let expected = RequestRecord {
        id: lines[1].id.clone(),
        at: Some(at(1)),
        outcome: Outcome::Error,
        cache_hit: true,
        estimated: false,
        ttft_ms: None,
        cost_usd: 0.0,
        ..expected
    };
    assert_eq!(read[0], expected);
}

async fn requests_are_listed_newest_first_and_filtered(db: Db) {
    let of = |id: &str, seconds, principal: &str, llm: &str| RequestLine {
        principal: principal.into(),
        llm: llm.into(),
        ..line(at(seconds), id)
    };
    let lines = [
        of("1", 1, "alice", "qwen"),
        of("4", 4, "bob", "gpt"),
        of("2", 2, "bob", "qwen"),
        of("3a", 3, "alice", "gpt"),
        of("3b", 3, "alice", "gpt"),
    ];
    db.usage().write(&[], &lines).await.unwrap();
    let all = RequestFilter::default();
    assert_eq!(listed(&db, all.clone()).await, ["4", "3b", "3a", "2", "1"]);
    let two = db.usage().requests(2, &all).await.unwrap();
    assert_eq!(two.len(), 2);
    let principal = Some("bob".to_owned());
    let llm = Some("gpt".to_owned());
    let bobs = RequestFilter {
        principal,
        ..all.clone()
    };
    assert_eq!(listed(&db, bobs.clone()).await, ["4", "2"]);
    let gpt = RequestFilter {
        llm: llm.clone(),
        ..all.clone()
    };
    assert_eq!(listed(&db, gpt).await, ["4", "3b", "3a"]);
    let both = RequestFilter { llm, ..bobs };
    assert_eq!(listed(&db, both).await, ["4"]);
    let between = RequestFilter {
        before: Some(at(4)),
        after: Some(at(2)),
        ..all
    };
    assert_eq!(listed(&db, between).await, ["3b", "3a", "2"]);
}

async fn old_requests_are_swept_in_steps(db: Db) {
    // More than two steps of old ones, behind which a new one must stay.
    let old: Vec<_> = (0..5000).map(|n| line(at(n % 10), "old")).collect();
    db.usage().write(&[], &old).await.unwrap();
    db.usage().write(&[], &[line(at(10), "new")]).await.unwrap();
    assert_eq!(db.usage().sweep(at(0), u64::MAX).await.unwrap(), 0);
    assert_eq!(db.usage().sweep(at(10), u64::MAX).await.unwrap(), 5000);
    assert_eq!(listed(&db, RequestFilter::default()).await, ["new"]);
}

async fn requests_beyond_a_number_are_swept_and_the_newest_stay(db: Db) {
    let lines: Vec<_> = (0..4500).map(|n| line(at(n), &n.to_string())).collect();
    db.usage().write(&[], &lines).await.unwrap();
    assert_eq!(db.usage().sweep(at(0), 4500).await.unwrap(), 0);
    assert_eq!(db.usage().sweep(at(0), 2).await.unwrap(), 4498);
    assert_eq!(
        listed(&db, RequestFilter::default()).await,
        ["4499", "4498"]
    );
}

async fn a_request_that_makes_no_sense_is_corrupt(db: Db) {
    let lines = [line(at(0), "r1")];
    db.usage().write(&[], &lines).await.unwrap();
    let all = RequestFilter::default();
    let lists_corrupt = async |expected: &str| {
        let read = db.usage().requests(1, &all).await;
        matches!(read, Err(StoreError::Corrupt { column, .. }) if column == expected)
    };
    db.tamper("update usage_requests set outcome = 'well'")
        .await;
    assert!(lists_corrupt("outcome").await);
    db.tamper("update usage_requests set outcome = 'ok', status = 70000")
        .await;
    assert!(lists_corrupt("status").await);
    db.tamper("update usage_requests set status = 200, tokens_in = -1")
        .await;
    assert!(lists_corrupt("tokens_in").await);
}
