//! Reading the sums: grouped, filtered, and per access token.

use shared::timestamp::Timestamp;
use shared::usage::{Tokens, UsageRow};
use store::StoreError;
use store::usage::{GroupBy, HourSum, MAX_GROUPS, Query};

use super::{HOUR_S, by, sum, sums};
use crate::support::{Db, at};

on_both![
    sums_of_an_hour_add_up,
    sums_are_grouped_by_what_was_asked_for,
    sums_are_filtered_and_their_time_is_in_whole_hours,
    what_each_token_spent_is_told_from_a_moment_on,
    sums_that_make_no_sense_are_corrupt,
    an_answer_of_too_many_groups_is_refused,
];

async fn sums_of_an_hour_add_up(db: Db) {
    db.usage().write(&[], &[]).await.unwrap();
    assert_eq!(by(&db, &[]).await, []);
    for _ in 0..3 {
        let batch = [sum(at(0), "qwen", "t")];
        db.usage().write(&batch, &[]).await.unwrap();
    }
    let expected = UsageRow {
        requests: 30,
        errors: 3,
        cancelled: 6,
        cache_hits: 9,
        estimated: 12,
        tokens: Tokens {
            input: 300,
            output: 600,
            cached: 90,
            reasoning: 120,
        },
        cost_usd: 1.5,
        ..UsageRow::default()
    };
    assert_eq!(by(&db, &[]).await, [expected]);
}

async fn sums_are_grouped_by_what_was_asked_for(db: Db) {
    let openai = HourSum {
        provider: "openai".into(),
        principal: "bob".into(),
        ..sum(at(0), "gpt", "b")
    };
    let batch = [
        sum(at(0), "qwen", "a"),
        sum(at(HOUR_S), "qwen", "a"),
        sum(at(24 * HOUR_S), "Qwen", "c"),
        openai,
    ];
    db.usage().write(&batch, &[]).await.unwrap();
    let times = async |what| -> Vec<(String, u64)> {
        let rows = by(&db, &[what]).await.into_iter();
        rows.map(|row| (row.time.unwrap(), row.requests)).collect()
    };
    assert_eq!(
        times(GroupBy::Day).await,
        [("2026-11-21".into(), 30), ("2026-11-22".into(), 10)]
    );
    assert_eq!(
        times(GroupBy::Hour).await,
        [
            ("2026-11-21T09".into(), 20),
            ("2026-11-21T10".into(), 10),
            ("2026-11-22T09".into(), 10)
        ]
    );
    let llms = by(&db, &[GroupBy::Llm]).await;
    let llms: Vec<_> = llms
        .iter()
        .map(|row| (row.llm.as_deref().unwrap(), row.requests))
        .collect();
    assert_eq!(llms, [("Qwen", 10), ("gpt", 10), ("qwen", 20)]);
    let all = [
        GroupBy::Token,
        GroupBy::Principal,
        GroupBy::Provider,
        GroupBy::Day,
    ];
    let rows = by(&db, &all).await;
    assert_eq!(rows.len(), 3);
    let last_of_first_day = &rows[1];
    assert_eq!(last_of_first_day.provider.as_deref(), Some("openai"));
    assert_eq!(last_of_first_day.principal.as_deref(), Some("bob"));
    assert_eq!(last_of_first_day.token.as_deref(), Some("b"));
    assert_eq!(last_of_first_day.llm, None);
    assert_eq!(rows[0].requests, 20);
}

async fn sums_are_filtered_and_their_time_is_in_whole_hours(db: Db) {
    let bobs = HourSum {
        principal: "bob".into(),
        requests: 1,
        ..sum(at(HOUR_S), "gpt", "b")
    };
    let batch = [sum(at(0), "qwen", "a"), sum(at(HOUR_S), "gpt", "a"), bobs];
    db.usage().write(&batch, &[]).await.unwrap();
    let count = async |query| -> u64 {
        let rows = sums(&db, query).await;
        rows.iter().map(|row| row.requests).sum()
    };
    let all = Query::default();
    let llm = Some("gpt".to_owned());
    let principal = Some("bob".to_owned());
    let token = Some("a".to_owned());
    assert_eq!(
        count(Query {
            llm: llm.clone(),
            ..all.clone()
        })
        .await,
        11
    );
    assert_eq!(
        count(Query {
            principal,
            ..all.clone()
        })
        .await,
        1
    );
    assert_eq!(
        count(Query {
            token: token.clone(),
            ..all.clone()
        })
        .await,
        20
    );
    assert_eq!(
        count(Query {
            llm,
            token,
            ..all.clone()
        })
        .await,
        10
    );
    // 09:59 is of the hour that began at 09:00; an hour that began before the end counts whole.
    let (late, next) = (Some(at(1799)), Some(at(1800)));
    assert_eq!(
        count(Query {
            since: late,
            ..all.clone()
        })
        .await,
        21
    );
    assert_eq!(
        count(Query {
            since: next,
            ..all.clone()
        })
        .await,
        11
    );
    assert_eq!(
        count(Query {
            until: late,
            ..all.clone()
        })
        .await,
        10
    );
    let ten = Timestamp::from_millis(at(1800).as_millis() - 125);
    assert_eq!(
        count(Query {
            until: Some(ten),
            ..all.clone()
        })
        .await,
        10
    );
    assert_eq!(count(Query { until: next, ..all }).await, 21);
}

async fn what_each_token_spent_is_told_from_a_moment_on(db: Db) {
    let batch = [
        sum(at(0), "qwen", "a"),
        sum(at(HOUR_S), "qwen", "a"),
        sum(at(HOUR_S), "gpt", "a"),
        sum(at(0), "gpt", "b"),
    ];
    db.usage().write(&batch, &[]).await.unwrap();
    let all = db.usage().spent_since(Timestamp::from_millis(0)).await;
    let expected = [
        ("id-a".to_owned(), 1_500_000_000),
        ("id-b".to_owned(), 500_000_000),
    ];
    assert_eq!(all.unwrap(), expected);
    let later = db.usage().spent_since(at(1)).await.unwrap();
    assert_eq!(later, [("id-a".to_owned(), 1_000_000_000)]);
}

async fn sums_that_make_no_sense_are_corrupt(db: Db) {
    let batch = [sum(at(0), "qwen", "t")];
    db.usage().write(&batch, &[]).await.unwrap();
    let sums_corrupt = async |expected: &str| {
        let by = vec![GroupBy::Day];
        let query = Query {
            by,
            ..Query::default()
        };
        let read = db.usage().sums(&query).await;
        matches!(read, Err(StoreError::Corrupt { column, .. }) if column == expected)
    };
    db.tamper("update usage_hours set cost_nano_usd = -1").await;
    assert!(sums_corrupt("cost_nano_usd").await);
    let spent = db.usage().spent_since(at(0)).await.unwrap();
    assert_eq!(spent, [], "its hour began before");
    let spent = db.usage().spent_since(Timestamp::from_millis(0)).await;
    assert!(
        matches!(spent, Err(StoreError::Corrupt { .. })),
        "{spent:?}"
    );
    db.tamper("update usage_hours set cost_nano_usd = 0, hour = 9223372036854775000")
        .await;
    assert!(sums_corrupt("hour").await);
}

async fn an_answer_of_too_many_groups_is_refused(db: Db) {
    let half = |from: usize| -> Vec<HourSum> {
        let llms = from..from + MAX_GROUPS / 2 + 1;
        llms.map(|n| sum(at(0), &format!("llm{n}"), "t")).collect()
    };
    db.usage().write(&half(0), &[]).await.unwrap();
    db.usage().write(&half(MAX_GROUPS), &[]).await.unwrap();
    let by = vec![GroupBy::Llm];
    let query = Query {
        by,
        ..Query::default()
    };
    let refused = db.usage().sums(&query).await;
    assert!(matches!(refused, Err(StoreError::TooMany { .. })));
    let total = sums(&db, Query::default()).await;
    assert_eq!(total[0].requests, 10 * (MAX_GROUPS as u64 + 2));
}
