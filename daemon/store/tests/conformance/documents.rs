//! Aliases and prices: the same verbs over two tables.

use serde_json::json;
use shared::alias::{self, Alias, Policy};
use shared::price::{self, Price};
use store::StoreError;
use store::aliases::MAX_ALIASES;

use crate::support::{Db, at, name};

on_both![
    an_alias_reads_back_as_it_was_written,
    a_price_reads_back_as_it_was_written,
    unknown_fields_of_an_alias_survive,
    a_name_is_taken_once_and_free_again_after,
    lists_are_ordered_by_name,
    a_change_counts_the_version_up_and_no_change_does_not,
    a_writer_with_an_old_version_is_told,
    a_full_table_takes_no_more,
    a_document_that_makes_no_sense_is_corrupt,
    a_document_beyond_the_limits_is_refused,
];

fn alias(text: &str) -> Alias {
    alias::parse(json!({"name": text, "model": "qwen3:8b", "llms": ["a"],
        "fallbacks": ["gpt-4o"], "cache": {"ttl": "10m"}, "labels": {"team": "blue"}}))
    .unwrap()
}

fn price(text: &str, usd: f64) -> Price {
    price::parse(json!({"name": text, "input": usd, "output": 10})).unwrap()
}

fn is_corrupt<T>(answer: Result<T, StoreError>, expected: &str) -> bool {
    matches!(answer, Err(StoreError::Corrupt { column, .. }) if column == expected)
}

async fn an_alias_reads_back_as_it_was_written(db: Db) {
    let mut wanted = alias("smart");
    wanted.metadata.owner = Some("alice".into());
    let stored = db.aliases().insert(&wanted, at(0)).await.unwrap();
    assert_eq!(stored.spec, wanted.spec);
    assert_eq!(stored.kind, "Alias");
    assert_eq!(stored.status, None);
    let metadata = &stored.metadata;
    assert_eq!(metadata.labels, wanted.metadata.labels);
    assert_eq!(metadata.owner.as_deref(), Some("alice"));
    assert_eq!(metadata.resource_version, Some(1));
    assert_eq!(
        (metadata.created_at, metadata.updated_at),
        (Some(at(0)), Some(at(0)))
    );
    assert!(metadata.id.is_some());
    let reopened = db.open_again().await.unwrap();
    assert_eq!(reopened.aliases().list().await.unwrap(), [stored]);
    reopened.close().await;
}

async fn a_price_reads_back_as_it_was_written(db: Db) {
    let wanted = price("org/model:1", 0.1 + 0.2);
    let stored = db.prices().insert(&wanted, at(0)).await.unwrap();
    assert_eq!(stored.spec, wanted.spec);
    assert_eq!((&*stored.kind, stored.status), ("Price", None));
    assert_eq!(db.prices().list().await.unwrap(), [stored]);
}

async fn unknown_fields_of_an_alias_survive(db: Db) {
    let mut wanted = alias("smart");
    let unknown = json!({"deep": ["ünï", 1.5, null], "nul": "\u{0}"});
    wanted.spec.extra.insert("x-future".into(), unknown.clone());
    wanted.metadata.extra.insert("annotations".into(), unknown);
    let stored = db.aliases().insert(&wanted, at(0)).await.unwrap();
    assert_eq!(stored.spec, wanted.spec);
    assert_eq!(stored.metadata.extra, wanted.metadata.extra);
}

async fn a_name_is_taken_once_and_free_again_after(db: Db) {
    let first = db.aliases().insert(&alias("smart"), at(0)).await.unwrap();
    let refused = db.aliases().insert(&alias("smart"), at(1)).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }));
    assert_eq!(refused.to_string(), "the alias `smart` exists already");
    // A price is another kind.
    db.prices()
        .insert(&price("smart", 1.0), at(0))
        .await
        .unwrap();
    let deleted = db.aliases().delete(&name("smart")).await.unwrap();
    assert_eq!(deleted, first);
    let missing = db.aliases().delete(&name("smart")).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    let second = db.aliases().insert(&alias("smart"), at(2)).await.unwrap();
    assert_ne!(second.metadata.id, first.metadata.id);
    assert_eq!(db.prices().list().await.unwrap().len(), 1);
}

async fn lists_are_ordered_by_name(db: Db) {
    assert_eq!(db.prices().list().await.unwrap(), []);
    for text in ["b", "a", "C", "a.b", "a-b", "1"] {
        db.prices().insert(&price(text, 1.0), at(0)).await.unwrap();
    }
    let listed = db.prices().list().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|p| p.metadata.name.as_str()).collect();
    assert_eq!(listed, ["1", "C", "a", "a-b", "a.b", "b"]);
}

async fn a_change_counts_the_version_up_and_no_change_does_not(db: Db) {
    let first = db.aliases().insert(&alias("smart"), at(0)).await.unwrap();
    let same = db.aliases().replace(&first, Some(1), at(5)).await.unwrap();
    assert_eq!(same, first);
    let mut changed = first.clone();
    changed.spec.policy = Policy::Cost;
    let second = db.aliases().replace(&changed, None, at(5)).await.unwrap();
    assert_eq!(second.spec.policy, Policy::Cost);
    assert_eq!(second.metadata.resource_version, Some(2));
    assert_eq!(second.metadata.updated_at, Some(at(5)));
    assert_eq!(second.metadata.created_at, Some(at(0)));
    assert_eq!(second.metadata.id, first.metadata.id);
    changed.metadata.labels.insert("team".into(), "red".into());
    let third = db
        .aliases()
        .replace(&changed, Some(2), at(6))
        .await
        .unwrap();
    assert_eq!(third.metadata.resource_version, Some(3));
    assert_eq!(third.metadata.labels["team"], "red");
    assert_eq!(db.aliases().list().await.unwrap(), [third]);
}

async fn a_writer_with_an_old_version_is_told(db: Db) {
    db.prices().insert(&price("m", 1.0), at(0)).await.unwrap();
    let change = price("m", 2.0);
    db.prices().replace(&change, Some(1), at(1)).await.unwrap();
    for old in [1, u64::MAX] {
        let late = db
            .prices()
            .replace(&price("m", 3.0), Some(old), at(2))
            .await;
        assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    }
    let missing = db.prices().replace(&price("n", 1.0), None, at(2)).await;
    let missing = missing.unwrap_err();
    assert_eq!(missing.to_string(), "there is no price `n`");
    assert_eq!(db.prices().list().await.unwrap()[0].spec.input, 2.0);
}

async fn a_full_table_takes_no_more(db: Db) {
    db.tamper(
        "with recursive numbers (n) as (
            select 1 union all select n + 1 from numbers where n < 9999
        )
        insert into aliases (id, name, spec, created_at, updated_at)
        select 'id' || n, 'alias' || n, '{\"llms\": [\"a\"]}', 0, 0 from numbers",
    )
    .await;
    db.aliases().insert(&alias("last"), at(0)).await.unwrap();
    let refused = db.aliases().insert(&alias("more"), at(0)).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, StoreError::TooMany { .. }), "{refused}");
    let taken = db.aliases().insert(&alias("last"), at(0)).await;
    assert!(
        matches!(taken, Err(StoreError::Conflict { .. })),
        "{taken:?}"
    );
    assert_eq!(db.aliases().list().await.unwrap().len(), MAX_ALIASES);
    db.aliases().delete(&name("last")).await.unwrap();
    db.aliases().insert(&alias("more"), at(0)).await.unwrap();
}

async fn a_document_that_makes_no_sense_is_corrupt(db: Db) {
    db.aliases().insert(&alias("smart"), at(0)).await.unwrap();
    db.tamper("update aliases set labels = '[1]'").await;
    assert!(is_corrupt(db.aliases().list().await, "labels"));
    db.tamper("update aliases set labels = '{}', spec = 'x'")
        .await;
    assert!(is_corrupt(db.aliases().list().await, "spec"));
    db.prices().insert(&price("m", 1.0), at(0)).await.unwrap();
    db.tamper("update prices set resource_version = -1").await;
    assert!(is_corrupt(db.prices().list().await, "resource_version"));
    db.tamper("update prices set resource_version = 1, name = '-'")
        .await;
    assert!(is_corrupt(db.prices().list().await, "name"));
}

async fn a_document_beyond_the_limits_is_refused(db: Db) {
    let mut large = alias("smart");
    let text = "x".repeat(64 * 1024).into();
    large.spec.extra.insert("text".into(), text);
    let refused = db.aliases().insert(&large, at(0)).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
    let mut odd = alias("smart");
    odd.metadata.owner = Some("a\u{0}".into());
    let refused = db.aliases().insert(&odd, at(0)).await;
    assert!(matches!(refused, Err(StoreError::BadText { .. })));
    assert_eq!(db.aliases().list().await.unwrap(), []);
}
