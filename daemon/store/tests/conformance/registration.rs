//! Offers of publishers: whose a name is, and that a race for it has one winner.

use std::collections::BTreeSet;
use std::task::Poll;

use shared::llm::{LlmKind, Phase};
use store::StoreError;
use store::llms::{HeldBy, NameConflict};

use crate::support::{Db, at, name, names, offer, phase, public, session, spec};

on_both![
    an_offer_makes_inactive_rows_of_the_session,
    a_second_offer_of_the_same_session_leaves_an_active_row_active,
    a_revived_row_keeps_its_id_and_counts_real_changes_only,
    a_row_moves_to_the_newer_session_of_its_principal,
    what_is_not_offered_again_is_withdrawn_and_not_woken_with_the_rest,
    a_public_row_is_not_adopted,
    another_principals_row_is_not_adopted_even_when_inactive,
    a_foreign_session_registers_nothing,
    too_large_an_offer_changes_nothing,
    an_offer_never_brings_a_url_or_key,
    fifty_registrations_of_one_name_have_one_owner,
    sessions_that_swap_their_rows_do_not_deadlock,
    a_caller_that_goes_away_leaves_all_or_nothing_and_a_free_writer,
];

async fn an_offer_makes_inactive_rows_of_the_session(db: Db) {
    let ours = session(&db, "alice").await;
    let offers = [offer("b"), offer("a"), offer("b")];
    let registered = db
        .llms()
        .register(&ours.id, "alice", &offers, at(5))
        .await
        .unwrap();
    assert_eq!(names(&registered.llms), ["a", "b"]);
    assert!(registered.conflicts.is_empty() && registered.withdrawn.is_empty());
    let row = &registered.llms[0];
    assert_eq!(row.spec.kind, LlmKind::Virtual);
    assert_eq!(row.metadata.owner.as_deref(), Some("alice"));
    let seen = row.status.as_ref().unwrap();
    assert_eq!(seen.phase, Phase::Inactive);
    assert_eq!(seen.provider_session_id.as_ref(), Some(&ours.id));
    assert_eq!(
        (seen.last_heartbeat_at, seen.inactive_since),
        (Some(at(5)), Some(at(5)))
    );
}

async fn a_second_offer_of_the_same_session_leaves_an_active_row_active(db: Db) {
    let ours = session(&db, "alice").await;
    let llms = db.llms();
    llms.register(&ours.id, "alice", &[offer("a")], at(0))
        .await
        .unwrap();
    llms.set_session_phase(&ours.id, Phase::Active, at(1))
        .await
        .unwrap();
    let offers = [offer("a"), offer("b")];
    let registered = llms
        .register(&ours.id, "alice", &offers, at(2))
        .await
        .unwrap();
    let phases: Vec<_> = registered.llms.iter().map(phase).collect();
    assert_eq!(phases, [Phase::Active, Phase::Inactive]);
    assert_eq!(
        registered.llms[0].status.as_ref().unwrap().inactive_since,
        None
    );
}

async fn a_revived_row_keeps_its_id_and_counts_real_changes_only(db: Db) {
    let ours = session(&db, "alice").await;
    let register = async |offered, when| {
        let done = db
            .llms()
            .register(&ours.id, "alice", &[offered], when)
            .await;
        done.unwrap().llms.remove(0)
    };
    let first = register(offer("a"), at(0)).await;
    let again = register(offer("a"), at(9)).await;
    assert_eq!(again.metadata, first.metadata);
    // Its retention starts anew, or the sweep could take it from under its publisher.
    assert_eq!(again.status.unwrap().inactive_since, Some(at(9)));
    let mut other = offer("a");
    other.spec = spec("m2");
    let changed = register(other, at(10)).await;
    assert_eq!(changed.metadata.id, first.metadata.id);
    assert_eq!(changed.metadata.resource_version, Some(2));
    assert_eq!(changed.metadata.updated_at, Some(at(10)));
}

async fn a_row_moves_to_the_newer_session_of_its_principal(db: Db) {
    let (old, new) = (session(&db, "alice").await, session(&db, "alice").await);
    let llms = db.llms();
    llms.register(&old.id, "alice", &[offer("a")], at(0))
        .await
        .unwrap();
    llms.set_session_phase(&old.id, Phase::Active, at(0))
        .await
        .unwrap();
    let moved = llms
        .register(&new.id, "alice", &[offer("a")], at(1))
        .await
        .unwrap();
    let seen = moved.llms[0].status.as_ref().unwrap();
    assert_eq!(seen.provider_session_id.as_ref(), Some(&new.id));
    assert_eq!(
        seen.phase,
        Phase::Inactive,
        "the new channel has yet to prove itself"
    );
    let late = llms
        .set_session_phase(&old.id, Phase::Active, at(2))
        .await
        .unwrap();
    assert!(late.is_empty());
}

async fn what_is_not_offered_again_is_withdrawn_and_not_woken_with_the_rest(db: Db) {
    let ours = session(&db, "alice").await;
    let llms = db.llms();
    llms.register(&ours.id, "alice", &[offer("a"), offer("b")], at(0))
        .await
        .unwrap();
    llms.set_session_phase(&ours.id, Phase::Active, at(0))
        .await
        .unwrap();
    let registered = llms
        .register(&ours.id, "alice", &[offer("a")], at(1))
        .await
        .unwrap();
    assert_eq!(names(&registered.withdrawn), ["b"]);
    let seen = registered.withdrawn[0].status.as_ref().unwrap();
    assert_eq!(
        (seen.phase, seen.inactive_since),
        (Phase::Inactive, Some(at(1)))
    );
    llms.set_session_phase(&ours.id, Phase::Hibernating, at(2))
        .await
        .unwrap();
    assert_eq!(phase(&llms.get(&name("b")).await.unwrap()), Phase::Inactive);
    let all_gone = llms.register(&ours.id, "alice", &[], at(3)).await.unwrap();
    assert_eq!(names(&all_gone.withdrawn), ["a"]);
    // The name is still the principal's.
    let back = llms
        .register(&ours.id, "alice", &[offer("b")], at(4))
        .await
        .unwrap();
    assert_eq!(
        back.llms[0].metadata.id,
        registered.withdrawn[0].metadata.id
    );
}

async fn a_public_row_is_not_adopted(db: Db) {
    let ours = session(&db, "alice").await;
    let before = db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    let offers = [offer("gpt"), offer("mine")];
    let registered = db
        .llms()
        .register(&ours.id, "alice", &offers, at(1))
        .await
        .unwrap();
    let held_by = HeldBy::PublicLlm;
    assert_eq!(
        registered.conflicts,
        [NameConflict {
            name: name("gpt"),
            held_by
        }]
    );
    assert_eq!(names(&registered.llms), ["mine"], "the others stand");
    assert_eq!(db.llms().get(&name("gpt")).await.unwrap(), before);
}

async fn another_principals_row_is_not_adopted_even_when_inactive(db: Db) {
    let (alice, eve) = (session(&db, "alice").await, session(&db, "eve").await);
    let llms = db.llms();
    llms.register(&alice.id, "alice", &[offer("a")], at(0))
        .await
        .unwrap();
    llms.register(&alice.id, "alice", &[], at(1)).await.unwrap();
    let registered = llms
        .register(&eve.id, "eve", &[offer("a")], at(2))
        .await
        .unwrap();
    let held_by = HeldBy::AnotherPrincipal;
    assert_eq!(
        registered.conflicts,
        [NameConflict {
            name: name("a"),
            held_by
        }]
    );
    assert!(!format!("{:?}", registered.conflicts).contains("alice"));
    let row = llms.get(&name("a")).await.unwrap();
    assert_eq!(row.metadata.owner.as_deref(), Some("alice"));
    llms.delete_expired(at(100)).await.unwrap();
    let freed = llms
        .register(&eve.id, "eve", &[offer("a")], at(101))
        .await
        .unwrap();
    assert_eq!(freed.llms[0].metadata.owner.as_deref(), Some("eve"));
}

async fn a_foreign_session_registers_nothing(db: Db) {
    let alice = session(&db, "alice").await;
    for id in [&*alice.id, "unknown"] {
        let refused = db.llms().register(id, "eve", &[offer("a")], at(0)).await;
        assert!(
            matches!(refused, Err(StoreError::NotFound { .. })),
            "{refused:?}"
        );
    }
    assert!(db.llms().list_all().await.unwrap().is_empty());
}

async fn too_large_an_offer_changes_nothing(db: Db) {
    let ours = session(&db, "alice").await;
    let many =
        |prefix: &str| -> Vec<_> { (0..256).map(|n| offer(&format!("{prefix}{n}"))).collect() };
    let mut too_many = many("a");
    too_many.push(offer("one-more"));
    let refused = db
        .llms()
        .register(&ours.id, "alice", &too_many, at(0))
        .await;
    assert!(
        matches!(refused, Err(StoreError::TooMany { limit: 256, .. })),
        "{refused:?}"
    );
    for round in 0..4 {
        let offers = many(&format!("r{round}-"));
        db.llms()
            .register(&ours.id, "alice", &offers, at(0))
            .await
            .unwrap();
    }
    let refused = db
        .llms()
        .register(&ours.id, "alice", &[offer("one-more")], at(0))
        .await;
    assert!(
        matches!(refused, Err(StoreError::TooMany { limit: 1024, .. })),
        "{refused:?}"
    );
    assert_eq!(db.llms().list_all().await.unwrap().len(), 1024);
    let kept = db.llms().get(&name("r3-0")).await.unwrap().status.unwrap();
    assert_eq!(
        kept.provider_session_id.as_ref(),
        Some(&ours.id),
        "nothing was withdrawn"
    );
}

async fn an_offer_never_brings_a_url_or_key(db: Db) {
    let ours = session(&db, "alice").await;
    let mut sly = offer("a");
    sly.spec.kind = LlmKind::Public;
    sly.spec.url = Some("http://127.0.0.1:11434".into());
    sly.spec.key = Some("secret/openai#api-key".parse().unwrap());
    let registered = db
        .llms()
        .register(&ours.id, "alice", &[sly], at(0))
        .await
        .unwrap();
    let spec = &registered.llms[0].spec;
    assert_eq!(
        (spec.kind, &spec.url, &spec.key),
        (LlmKind::Virtual, &None, &None)
    );
}

async fn fifty_registrations_of_one_name_have_one_owner(db: Db) {
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..50 {
        let principal = if n % 2 == 0 { "alice" } else { "bob" };
        let store = db.store.clone();
        racing.spawn(async move {
            let ours = session(&store, principal).await;
            let done = store
                .llms()
                .register(&ours.id, principal, &[offer("a")], at(0))
                .await;
            let done = done.unwrap();
            assert_eq!(done.llms.len() + done.conflicts.len(), 1);
            done.llms
                .into_iter()
                .next()
                .map(|row| (row.metadata.owner, row.metadata.id))
        });
    }
    let winners: Vec<_> = racing.join_all().await.into_iter().flatten().collect();
    assert_eq!(
        winners.len(),
        25,
        "all of one principal and none of the other"
    );
    let distinct: BTreeSet<_> = winners.into_iter().collect();
    assert_eq!(distinct.len(), 1, "one owner, one id: {distinct:?}");
    assert_eq!(db.llms().list_all().await.unwrap().len(), 1);
}

async fn sessions_that_swap_their_rows_do_not_deadlock(db: Db) {
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..6 {
        let store = db.store.clone();
        racing.spawn(async move {
            let ours = session(&store, "alice").await;
            for round in 0..8 {
                let (first, second) = if (n + round) % 2 == 0 {
                    ("a", "b")
                } else {
                    ("c", "a")
                };
                let offers = [offer(first), offer(second)];
                let done = store
                    .llms()
                    .register(&ours.id, "alice", &offers, at(0))
                    .await;
                assert_eq!(done.unwrap().llms.len(), 2);
                let phase = if round % 2 == 0 {
                    Phase::Active
                } else {
                    Phase::Inactive
                };
                store
                    .llms()
                    .set_session_phase(&ours.id, phase, at(0))
                    .await
                    .unwrap();
            }
        });
    }
    racing.join_all().await;
    assert_eq!(names(&db.llms().list_all().await.unwrap()), ["a", "b", "c"]);
}

async fn a_caller_that_goes_away_leaves_all_or_nothing_and_a_free_writer(db: Db) {
    let ours = session(&db, "alice").await;
    let offers: Vec<_> = (0..5).map(|n| offer(&format!("a{n}"))).collect();
    for polls in 1..40 {
        let register = db.llms().register(&ours.id, "alice", &offers, at(0));
        give_up_after(polls, register).await;
        let stored = db.llms().list_all().await.unwrap().len();
        assert!(
            stored == 0 || stored == offers.len(),
            "{stored} rows after {polls} polls"
        );
        db.llms()
            .register(&ours.id, "alice", &[], at(0))
            .await
            .unwrap();
        db.llms().delete_expired(at(1)).await.unwrap();
    }
}

/// Polls `work` so many times and then drops it, finished or not.
async fn give_up_after<T>(polls: usize, work: impl Future<Output = T>) {
    let mut work = std::pin::pin!(work);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        left -= 1;
        match work.as_mut().poll(context) {
            _ if left == 0 => Poll::Ready(()),
            outcome => outcome.map(drop),
        }
    })
    .await;
}
