//! Provider sessions: sticky ids that prove nothing, and epochs that never repeat.

use shared::channel::Node;
use shared::llm::Phase;
use store::StoreError;

use crate::support::{Db, at, name, offer, session};

on_both![
    a_session_without_an_id_gets_one,
    a_known_id_is_the_same_session_with_its_node_brought_up_to_date,
    an_unknown_id_is_created_as_it_is,
    what_is_no_id_is_replaced,
    a_session_of_another_principal_is_answered_like_none,
    each_bind_has_its_own_epoch,
    a_host_name_is_cut_and_cleaned,
    idle_sessions_go_but_not_those_that_serve_or_were_heard,
    a_session_is_deleted_where_it_serves_nothing,
    a_session_that_was_heard_without_a_word_to_the_store_stays,
    however_many_are_idle_all_of_them_go,
];

async fn a_session_without_an_id_gets_one(db: Db) {
    let (first, second) = (session(&db, "alice").await, session(&db, "alice").await);
    assert_ne!(first.id, second.id);
    assert_eq!((first.epoch, first.last_bound_at), (0, None));
    assert_eq!(db.sessions().find(&first.id).await.unwrap(), Some(first));
    assert_eq!(db.sessions().find("unknown").await.unwrap(), None);
}

async fn a_known_id_is_the_same_session_with_its_node_brought_up_to_date(db: Db) {
    let first = session(&db, "alice").await;
    db.sessions().bind(&first.id, "alice", at(1)).await.unwrap();
    let node = Node {
        id: "n1".into(),
        hostname: "laptop".into(),
        version: "0.2.0".into(),
    };
    let again = db
        .sessions()
        .ensure(Some(&first.id), "alice", &node, at(9))
        .await
        .unwrap();
    assert_eq!(again.id, first.id);
    assert_eq!(again.node, node);
    assert_eq!(
        (again.epoch, again.created_at, again.last_seen_at),
        (1, at(0), at(9))
    );
}

async fn an_unknown_id_is_created_as_it_is(db: Db) {
    let id = "0199c7a0-0000-7000-8000-00000000abcd";
    let node = Node::default();
    let made = db
        .sessions()
        .ensure(Some(id), "alice", &node, at(0))
        .await
        .unwrap();
    assert_eq!(made.id, id);
}

async fn what_is_no_id_is_replaced(db: Db) {
    let node = Node::default();
    for text in ["", "x' or 1=1", "../../etc"] {
        let made = db
            .sessions()
            .ensure(Some(text), "alice", &node, at(0))
            .await
            .unwrap();
        assert_eq!(made.id.len(), 36);
    }
}

async fn a_session_of_another_principal_is_answered_like_none(db: Db) {
    let alices = session(&db, "alice").await;
    let node = Node::default();
    let sessions = db.sessions();
    let ensured = sessions.ensure(Some(&alices.id), "eve", &node, at(1)).await;
    assert!(
        matches!(ensured, Err(StoreError::NotFound { .. })),
        "{ensured:?}"
    );
    let bound = sessions.bind(&alices.id, "eve", at(1)).await;
    assert!(
        matches!(bound, Err(StoreError::NotFound { .. })),
        "{bound:?}"
    );
    assert_eq!(sessions.find(&alices.id).await.unwrap(), Some(alices));
}

async fn each_bind_has_its_own_epoch(db: Db) {
    let id = session(&db, "alice").await.id;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, id) = (db.store.clone(), id.clone());
        racing.spawn(async move {
            store
                .sessions()
                .bind(&id, "alice", at(1))
                .await
                .unwrap()
                .epoch
        });
    }
    let mut epochs = racing.join_all().await;
    epochs.sort_unstable();
    assert_eq!(epochs, (1..=20).collect::<Vec<_>>());
}

async fn a_host_name_is_cut_and_cleaned(db: Db) {
    let node = Node {
        id: "n".into(),
        hostname: "\u{1b}[2Jevil\u{0}".to_owned() + &"x".repeat(5000),
        version: String::new(),
    };
    let made = db
        .sessions()
        .ensure(None, "alice", &node, at(0))
        .await
        .unwrap();
    assert!(made.node.hostname.starts_with("[2Jevilxxx"));
    assert_eq!(made.node.hostname.len(), 1024);
    let bad = db.sessions().ensure(None, "al\u{0}ice", &node, at(0)).await;
    assert!(matches!(bad, Err(StoreError::BadText { .. })), "{bad:?}");
}

async fn idle_sessions_go_but_not_those_that_serve_or_were_heard(db: Db) {
    let (idle, heard, serving) = (
        session(&db, "a").await,
        session(&db, "a").await,
        session(&db, "a").await,
    );
    db.sessions().note_seen(&heard.id, at(50)).await.unwrap();
    db.sessions().note_seen(&heard.id, at(40)).await.unwrap();
    db.llms()
        .register(&serving.id, "a", &[offer("x")], at(0))
        .await
        .unwrap();
    assert_eq!(delete_idle(&db, 45).await, 1);
    assert_eq!(db.sessions().find(&idle.id).await.unwrap(), None);
    assert!(db.sessions().find(&heard.id).await.unwrap().is_some());
    assert!(db.sessions().find(&serving.id).await.unwrap().is_some());
    db.llms()
        .set_session_phase(&serving.id, Phase::Inactive, at(1))
        .await
        .unwrap();
    db.llms().delete(&name("x"), None).await.unwrap();
    assert_eq!(delete_idle(&db, 45).await, 1);
}

async fn a_session_is_deleted_where_it_serves_nothing(db: Db) {
    let (unused, serving) = (session(&db, "a").await, session(&db, "a").await);
    db.llms()
        .register(&serving.id, "a", &[offer("x")], at(0))
        .await
        .unwrap();
    for id in [&*unused.id, &serving.id, "unknown"] {
        db.sessions().delete(id).await.unwrap();
    }
    assert_eq!(db.sessions().find(&unused.id).await.unwrap(), None);
    assert_eq!(
        db.sessions().find(&serving.id).await.unwrap(),
        Some(serving)
    );
}

async fn a_session_that_was_heard_without_a_word_to_the_store_stays(db: Db) {
    let (idle, live, late) = (
        session(&db, "a").await,
        session(&db, "a").await,
        session(&db, "a").await,
    );
    let heard = |id: &str| match id {
        id if id == live.id => Some(at(60)),
        id if id == late.id => Some(at(44)),
        _ => None,
    };
    let deleted = db.sessions().delete_idle(at(45), heard).await.unwrap();
    assert_eq!(deleted, 2);
    for gone in [idle, late] {
        assert_eq!(db.sessions().find(&gone.id).await.unwrap(), None);
    }
    let kept = db.sessions().find(&live.id).await.unwrap().unwrap();
    assert_eq!(kept.last_seen_at, at(60), "the sign of life is stored");
    assert_eq!(delete_idle(&db, 60).await, 0);
    assert_eq!(delete_idle(&db, 61).await, 1);
}

async fn however_many_are_idle_all_of_them_go(db: Db) {
    let heard = session(&db, "a").await;
    // More than one transaction deletes.
    for _ in 0..1100 {
        session(&db, "a").await;
    }
    let live = |id: &str| (id == heard.id).then(|| at(50));
    let deleted = db.sessions().delete_idle(at(45), live).await.unwrap();
    assert_eq!(deleted, 1100);
    assert!(db.sessions().find(&heard.id).await.unwrap().is_some());
}

/// Deletes those that were silent since then, nothing else being known of them.
async fn delete_idle(db: &Db, seen_before: i64) -> u64 {
    let deleted = db.sessions().delete_idle(at(seen_before), |_| None).await;
    deleted.unwrap()
}
