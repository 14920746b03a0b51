//! The rows of the registry: what is wanted of them, and what is seen.

use serde_json::json;
use shared::llm::Phase;
use store::StoreError;
use store::llms::Expected;

use crate::support::{Db, at, name, names, offer, phase, public, session};

on_both![
    a_row_reads_back_as_it_was_written,
    a_name_is_taken_once,
    unknown_fields_survive,
    a_change_counts_the_version_up_and_no_change_does_not,
    a_writer_with_an_old_version_is_told,
    a_deleted_row_is_gone_and_a_namesake_is_spared,
    a_list_is_ordered_by_name_and_comes_in_pages,
    the_phase_says_since_when_nobody_serves_the_row,
    a_phase_change_that_expects_another_state_changes_nothing,
    a_sessions_rows_change_together_and_only_changed_ones_are_told,
    several_phases_change_together_and_foreign_names_are_passed_over,
    a_heartbeat_moves_forward_and_wakes_nothing,
    silent_rows_become_inactive_and_public_ones_stay,
    only_rows_inactive_for_long_expire,
    the_rows_of_a_secret_are_found,
    a_row_that_makes_no_sense_is_corrupt,
    a_spec_beyond_the_limit_is_refused,
];

async fn a_row_reads_back_as_it_was_written(db: Db) {
    let mut wanted = public("gpt");
    wanted.metadata.owner = Some("alice".into());
    wanted.metadata.labels.insert("team".into(), "blue".into());
    let stored = db.llms().insert(&wanted, at(0)).await.unwrap();
    assert_eq!(db.llms().get(&name("gpt")).await.unwrap(), stored);
    assert_eq!(stored.spec, wanted.spec);
    let metadata = stored.metadata;
    assert_eq!(metadata.labels, wanted.metadata.labels);
    assert_eq!(metadata.owner.as_deref(), Some("alice"));
    assert_eq!(metadata.resource_version, Some(1));
    assert_eq!(
        (metadata.created_at, metadata.updated_at),
        (Some(at(0)), Some(at(0)))
    );
    assert_eq!(stored.status.unwrap().phase, Phase::Active);
    assert_eq!(db.llms().find(&name("other")).await.unwrap(), None);
}

async fn a_name_is_taken_once(db: Db) {
    db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    let refused = db.llms().insert(&public("gpt"), at(1)).await.unwrap_err();
    assert_eq!(refused.to_string(), "the LLM `gpt` exists already");
    assert!(matches!(refused, StoreError::Conflict { .. }));
    db.llms().insert(&public("GPT"), at(1)).await.unwrap();
}

async fn unknown_fields_survive(db: Db) {
    let mut llm = public("gpt");
    let unknown = json!({"deep": ["ünï", 1.5, null], "nul": "\u{0}"});
    llm.spec.extra.insert("x-future".into(), unknown.clone());
    llm.metadata.extra.insert("annotations".into(), unknown);
    let stored = db.llms().insert(&llm, at(0)).await.unwrap();
    assert_eq!(stored.spec, llm.spec);
    assert_eq!(stored.metadata.extra, llm.metadata.extra);
    let replaced = db.llms().replace(&stored, None, at(1)).await.unwrap();
    assert_eq!(replaced.spec.extra, llm.spec.extra);
}

async fn a_change_counts_the_version_up_and_no_change_does_not(db: Db) {
    let first = db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    let same = db.llms().replace(&first, Some(1), at(5)).await.unwrap();
    assert_eq!(same, first);
    let mut changed = first.clone();
    changed.spec.model = "m2".into();
    let second = db.llms().replace(&changed, Some(1), at(5)).await.unwrap();
    assert_eq!(second.metadata.resource_version, Some(2));
    assert_eq!(second.metadata.updated_at, Some(at(5)));
    assert_eq!(second.metadata.id, first.metadata.id);
    assert_eq!(second.metadata.created_at, Some(at(0)));
    assert_eq!(second.spec.model, "m2");
}

async fn a_writer_with_an_old_version_is_told(db: Db) {
    let mut llm = db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    llm.spec.tier = Some("fast".into());
    db.llms().replace(&llm, Some(1), at(1)).await.unwrap();
    llm.spec.tier = Some("heavy".into());
    let refused = db.llms().replace(&llm, Some(1), at(2)).await;
    assert!(
        matches!(refused, Err(StoreError::Stale { .. })),
        "{refused:?}"
    );
    let stored = db.llms().get(&name("gpt")).await.unwrap();
    assert_eq!(stored.spec.tier.as_deref(), Some("fast"));
    let missing = db.llms().replace(&public("other"), Some(1), at(2)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    let absurd = db.llms().replace(&llm, Some(u64::MAX), at(2)).await;
    assert!(matches!(absurd, Err(StoreError::Stale { .. })));
}

async fn a_deleted_row_is_gone_and_a_namesake_is_spared(db: Db) {
    let first = db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    let deleted = db.llms().delete(&name("gpt"), None).await.unwrap();
    assert_eq!(deleted, first);
    db.llms().insert(&public("gpt"), at(1)).await.unwrap();
    let spared = db
        .llms()
        .delete(&name("gpt"), first.metadata.id.as_deref())
        .await;
    assert!(
        matches!(spared, Err(StoreError::Stale { .. })),
        "{spared:?}"
    );
    let missing = db.llms().delete(&name("other"), None).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

async fn a_list_is_ordered_by_name_and_comes_in_pages(db: Db) {
    for text in ["b", "a", "C", "a.b", "a-b", "1"] {
        db.llms().insert(&public(text), at(0)).await.unwrap();
    }
    let all = db.llms().list_all().await.unwrap();
    assert_eq!(names(&all), ["1", "C", "a", "a-b", "a.b", "b"]);
    let page = db.llms().list(None, 2).await.unwrap();
    assert_eq!(names(&page), ["1", "C"]);
    let page = db.llms().list(Some(&name("C")), 3).await.unwrap();
    assert_eq!(names(&page), ["a", "a-b", "a.b"]);
}

async fn the_phase_says_since_when_nobody_serves_the_row(db: Db) {
    let llm = db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    let set = async |phase, error, when| {
        let any = Expected::default();
        let changed = db
            .llms()
            .set_phase(&llm.metadata.name, any, phase, error, when)
            .await;
        changed.unwrap().status.unwrap()
    };
    let down = set(Phase::Inactive, Some("refused"), at(1)).await;
    assert_eq!(down.inactive_since, Some(at(1)));
    assert_eq!(down.last_error.as_deref(), Some("refused"));
    let still = set(Phase::Inactive, Some("refused"), at(9)).await;
    assert_eq!(still.inactive_since, Some(at(1)));
    let up = set(Phase::Active, None, at(10)).await;
    assert_eq!((up.inactive_since, up.last_error), (None, None));
    let stored = db.llms().get(&llm.metadata.name).await.unwrap();
    assert_eq!(
        stored.metadata, llm.metadata,
        "what is seen is no change of the resource"
    );
}

async fn a_phase_change_that_expects_another_state_changes_nothing(db: Db) {
    db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    let gpt = name("gpt");
    for expected in [
        Expected {
            phase: Some(Phase::Hibernating),
            session: None,
        },
        Expected {
            phase: None,
            session: Some("another"),
        },
    ] {
        let refused = db
            .llms()
            .set_phase(&gpt, expected, Phase::Inactive, None, at(1))
            .await;
        assert!(
            matches!(refused, Err(StoreError::Stale { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(phase(&db.llms().get(&gpt).await.unwrap()), Phase::Active);
    let any = Expected::default();
    let missing = db
        .llms()
        .set_phase(&name("x"), any, Phase::Inactive, None, at(1))
        .await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

async fn a_sessions_rows_change_together_and_only_changed_ones_are_told(db: Db) {
    let (ours, other) = (session(&db, "alice").await, session(&db, "alice").await);
    let llms = db.llms();
    llms.register(&ours.id, "alice", &[offer("b"), offer("a")], at(0))
        .await
        .unwrap();
    llms.register(&other.id, "alice", &[offer("c")], at(0))
        .await
        .unwrap();
    let changed = llms
        .set_session_phase(&ours.id, Phase::Active, at(1))
        .await
        .unwrap();
    assert_eq!(names(&changed), ["a", "b"]);
    assert!(changed.iter().all(|llm| phase(llm) == Phase::Active));
    assert_eq!(changed[0].status.as_ref().unwrap().inactive_since, None);
    let again = llms
        .set_session_phase(&ours.id, Phase::Active, at(2))
        .await
        .unwrap();
    assert!(again.is_empty());
    assert_eq!(phase(&llms.get(&name("c")).await.unwrap()), Phase::Inactive);
    let closed = llms
        .set_session_phase(&ours.id, Phase::Inactive, at(3))
        .await
        .unwrap();
    assert_eq!(
        closed[1].status.as_ref().unwrap().inactive_since,
        Some(at(3))
    );
}

async fn several_phases_change_together_and_foreign_names_are_passed_over(db: Db) {
    let ours = session(&db, "alice").await;
    let llms = db.llms();
    llms.insert(&public("gpt"), at(0)).await.unwrap();
    llms.register(&ours.id, "alice", &[offer("a"), offer("b")], at(0))
        .await
        .unwrap();
    let wanted = [
        (name("b"), Phase::Hibernating),
        (name("gpt"), Phase::Inactive),
        (name("a"), Phase::Active),
        (name("nobody"), Phase::Active),
    ];
    let changed = llms.set_phases(&ours.id, &wanted, at(1)).await.unwrap();
    assert_eq!(names(&changed), ["a", "b"]);
    assert_eq!(
        (phase(&changed[0]), phase(&changed[1])),
        (Phase::Active, Phase::Hibernating)
    );
    assert_eq!(phase(&llms.get(&name("gpt")).await.unwrap()), Phase::Active);
}

async fn a_heartbeat_moves_forward_and_wakes_nothing(db: Db) {
    let ours = session(&db, "alice").await;
    let llms = db.llms();
    llms.register(&ours.id, "alice", &[offer("a")], at(0))
        .await
        .unwrap();
    llms.note_heartbeat(&ours.id, at(30)).await.unwrap();
    llms.note_heartbeat(&ours.id, at(20)).await.unwrap();
    let seen = llms.get(&name("a")).await.unwrap().status.unwrap();
    assert_eq!(seen.last_heartbeat_at, Some(at(30)));
    assert_eq!(seen.phase, Phase::Inactive);
}

async fn silent_rows_become_inactive_and_public_ones_stay(db: Db) {
    let (heard, silent) = (session(&db, "alice").await, session(&db, "alice").await);
    let llms = db.llms();
    llms.insert(&public("gpt"), at(0)).await.unwrap();
    for (session, row) in [(&heard, "heard"), (&silent, "silent")] {
        llms.register(&session.id, "alice", &[offer(row)], at(0))
            .await
            .unwrap();
        llms.set_session_phase(&session.id, Phase::Active, at(0))
            .await
            .unwrap();
    }
    llms.note_heartbeat(&heard.id, at(60)).await.unwrap();
    let changed = llms.deactivate_silent(at(10), at(100)).await.unwrap();
    assert_eq!(names(&changed), ["silent"]);
    assert_eq!(
        changed[0].status.as_ref().unwrap().inactive_since,
        Some(at(100))
    );
    assert!(
        llms.deactivate_silent(at(10), at(100))
            .await
            .unwrap()
            .is_empty()
    );
}

async fn only_rows_inactive_for_long_expire(db: Db) {
    let ours = session(&db, "alice").await;
    let llms = db.llms();
    let mut down = public("public-and-down");
    down.status = Some(shared::llm::LlmStatus {
        phase: Phase::Inactive,
        ..Default::default()
    });
    llms.insert(&down, at(0)).await.unwrap();
    llms.register(&ours.id, "alice", &[offer("old"), offer("live")], at(0))
        .await
        .unwrap();
    llms.set_phases(&ours.id, &[(name("live"), Phase::Active)], at(0))
        .await
        .unwrap();
    assert!(llms.delete_expired(at(0)).await.unwrap().is_empty());
    let deleted = llms.delete_expired(at(1)).await.unwrap();
    assert_eq!(names(&deleted), ["old"]);
    let left = llms.list_all().await.unwrap();
    assert_eq!(names(&left), ["live", "public-and-down"]);
}

async fn the_rows_of_a_secret_are_found(db: Db) {
    let mut keyed = public("b");
    keyed.spec.key = Some("secret/openai#api-key".parse().unwrap());
    db.llms().insert(&keyed, at(0)).await.unwrap();
    keyed.metadata.name = name("a");
    let mut second = db.llms().insert(&keyed, at(0)).await.unwrap();
    db.llms().insert(&public("c"), at(0)).await.unwrap();
    let referring = async || db.llms().referring_to(&name("openai")).await.unwrap();
    assert_eq!(referring().await, [name("a"), name("b")]);
    second.spec.key = None;
    db.llms().replace(&second, None, at(1)).await.unwrap();
    assert_eq!(referring().await, [name("b")]);
}

async fn a_row_that_makes_no_sense_is_corrupt(db: Db) {
    db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    db.tamper("update llms set phase = 'asleep'").await;
    let why = db.llms().get(&name("gpt")).await.unwrap_err();
    assert!(
        matches!(
            why,
            StoreError::Corrupt {
                column: "phase",
                ..
            }
        ),
        "{why:?}"
    );
    assert!(why.to_string().contains("`gpt`"));
    db.tamper("update llms set phase = 'active', spec = '{}'")
        .await;
    let why = db.llms().list_all().await.unwrap_err();
    assert!(
        matches!(why, StoreError::Corrupt { column: "spec", .. }),
        "{why:?}"
    );
}

async fn a_spec_beyond_the_limit_is_refused(db: Db) {
    let mut llm = public("gpt");
    llm.spec.extra.insert("x".into(), "y".repeat(70_000).into());
    let refused = db.llms().insert(&llm, at(0)).await;
    assert!(matches!(
        refused,
        Err(StoreError::TooLarge { what: "spec", .. })
    ));
}
