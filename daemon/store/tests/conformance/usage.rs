//! Usage: sums per hour, what tokens have spent, single requests.

use shared::timestamp::Timestamp;
use shared::usage::{Outcome, RequestRecord, Tokens, UsageRow};
use store::usage::{
    GroupBy, HourSum, MAX_ADDED, MAX_BATCH, MAX_GROUPS, Query, RequestFilter, RequestLine,
};
use store::{Store, StoreError};

use crate::support::{Db, at};

on_both![
    sums_of_an_hour_add_up,
    sums_are_grouped_by_what_was_asked_for,
    sums_are_filtered_and_their_time_is_in_whole_hours,
    sums_of_one_key_may_stand_twice_in_a_batch,
    what_each_token_spent_is_told_from_a_moment_on,
    a_request_reads_back_as_it_was_written,
    requests_are_listed_newest_first_and_filtered,
    old_requests_are_swept_in_steps,
    requests_beyond_a_number_are_swept_and_the_newest_stay,
    a_batch_is_stored_whole_or_not_at_all,
    parallel_writers_lose_nothing,
    a_large_batch_is_stored_and_a_larger_one_refused,
    nonsense_from_outside_can_not_spoil_later_batches,
    usage_that_makes_no_sense_is_corrupt,
    an_answer_of_too_many_groups_is_refused,
];

const HOUR_S: i64 = 3600;

fn sum(hour: Timestamp, llm: &str, token: &str) -> HourSum {
    HourSum {
        hour,
        llm: llm.into(),
        provider: "ollama".into(),
        principal: "alice".into(),
        token_id: format!("id-{token}"),
        token: token.into(),
        requests: 10,
        errors: 1,
        cancelled: 2,
        cache_hits: 3,
        estimated: 4,
        tokens: Tokens {
            input: 100,
            output: 200,
            cached: 30,
            reasoning: 40,
        },
        cost_nano_usd: 500_000_000,
    }
}

fn line(when: Timestamp, id: &str) -> RequestLine {
    RequestLine {
        id: id.into(),
        at: when,
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
        tokens: Tokens {
            input: 7,
            output: 8,
            cached: 5,
            reasoning: 6,
        },
        cost_nano_usd: 1_500_000_000,
    }
}

async fn sums(store: &Store, query: Query) -> Vec<UsageRow> {
    store.usage().sums(&query).await.unwrap()
}

async fn by(store: &Store, by: &[GroupBy]) -> Vec<UsageRow> {
    let by = by.to_vec();
    let query = Query {
        by,
        ..Query::default()
    };
    sums(store, query).await
}

async fn listed(store: &Store, filter: RequestFilter) -> Vec<String> {
    let found = store.usage().requests(1000, &filter).await.unwrap();
    found.into_iter().map(|request| request.id).collect()
}

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

async fn usage_that_makes_no_sense_is_corrupt(db: Db) {
    let batch = [sum(at(0), "qwen", "t")];
    let lines = [line(at(0), "r1")];
    db.usage().write(&batch, &lines).await.unwrap();
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
