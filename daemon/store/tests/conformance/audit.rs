//! Audit lines.

use serde_json::json;
use store::audit::Entry;

use crate::support::{Db, at};

on_both![
    lines_are_listed_newest_first_and_in_pages,
    old_lines_are_deleted,
    a_line_is_cut_rather_than_refused,
];

fn entry(seconds: i64, object: &str) -> Entry {
    Entry {
        at: at(seconds),
        principal: "alice".into(),
        action: "llm.create".into(),
        object: object.into(),
        outcome: "ok".into(),
        detail: json!({"from": "10.0.0.1"}),
        request_id: Some("r1".into()),
    }
}

async fn lines_are_listed_newest_first_and_in_pages(db: Db) {
    db.audit().append(&[]).await.unwrap();
    db.audit()
        .append(&[entry(1, "a"), entry(2, "b"), entry(2, "c")])
        .await
        .unwrap();
    db.audit().append(&[entry(3, "d")]).await.unwrap();
    let all = db.audit().list(None, 100).await.unwrap();
    assert_eq!(all[0].entry, entry(3, "d"));
    assert_eq!(all[3].entry, entry(1, "a"));
    let first = db.audit().list(None, 2).await.unwrap();
    let second = db.audit().list(first.last(), 2).await.unwrap();
    assert_eq!([first, second].concat(), all);
}

async fn old_lines_are_deleted(db: Db) {
    db.audit()
        .append(&[entry(1, "a"), entry(2, "b")])
        .await
        .unwrap();
    assert_eq!(db.audit().delete_before(at(2)).await.unwrap(), 1);
    let left = db.audit().list(None, 100).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].entry.object, "b");
}

async fn a_line_is_cut_rather_than_refused(db: Db) {
    let mut long = entry(1, &"o".repeat(5000));
    long.principal = "a\u{0}b".into();
    long.detail = json!({"text": "\"".repeat(20_000)});
    db.audit().append(&[long]).await.unwrap();
    let line = db.audit().list(None, 1).await.unwrap().remove(0);
    assert_eq!(line.entry.object.len(), 1024);
    assert_eq!(line.entry.principal, "ab");
    assert!(line.entry.detail["cut"].is_string());
}
