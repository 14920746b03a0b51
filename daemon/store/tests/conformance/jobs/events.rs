//! What a job's stream tells.

use serde_json::json;
use shared::job::{Event, JobId, Json, Progress};
use store::StoreError;
use store::jobs::{Appended, MAX_EVENT_ROWS};

use super::{claim, complete, fail, job, lease, no_wait, submit_one, with};
use crate::support::{Db, at};

on_both!(
    a_jobs_whole_story_is_told_in_order,
    a_stream_resumes_after_any_event_without_loss,
    canceled_and_expired_jobs_end_their_stream_too,
    events_have_bounds,
);

async fn names(db: &Db, id: &JobId, after: u64) -> Vec<&'static str> {
    let events = db.jobs().events(id, after, 1000).await.unwrap();
    events.iter().map(|it| it.event.name()).collect()
}

fn chunk(text: &str) -> Event {
    Event::Chunk { data: text.into() }
}

async fn a_jobs_whole_story_is_told_in_order(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    assert_eq!(names(&db, &id, 0).await, ["queued"]);
    let first = claim(&db, 1).await.remove(0);
    assert_eq!(names(&db, &id, 0).await, ["queued", "running"]);
    let progress = Progress {
        done: 1,
        total: Some(3),
        message: Some("reading\u{0}".into()),
    };
    let told = [Event::Progress(progress), chunk("a\u{0}b")];
    let appended = db
        .jobs()
        .append(&lease(&first), &told, at(2))
        .await
        .unwrap();
    assert_eq!(appended, Appended::Upto(4));
    fail(&db, &first, true).await;
    let second = claim(&db, 1).await;
    db.jobs()
        .append(&lease(&second[0]), &[chunk("c")], at(2))
        .await
        .unwrap();
    complete(&db, &second).await;
    let story = [
        "queued", "running", "progress", "chunk", "queued", "running", "chunk", "done",
    ];
    assert_eq!(names(&db, &id, 0).await, story);
    let events = db.jobs().events(&id, 0, 1000).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|it| it.id).collect();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    assert_eq!(events[2].event, told[0]);
    assert_eq!(events[3].event, told[1]);
    let result = Json::from(json!({"answer": 42}));
    assert_eq!(events[7].event, Event::Done { result });
}

async fn a_stream_resumes_after_any_event_without_loss(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let claimed = claim(&db, 1).await;
    let chunks: Vec<Event> = (0..50).map(|n| chunk(&n.to_string())).collect();
    for part in chunks.chunks(7) {
        db.jobs()
            .append(&lease(&claimed[0]), part, at(2))
            .await
            .unwrap();
    }
    complete(&db, &claimed).await;
    let whole = db.jobs().events(&id, 0, 1000).await.unwrap();
    assert_eq!(whole.len(), 53);
    for limit in [1, 3, 51, 52] {
        let mut read = Vec::new();
        while read.len() < whole.len() {
            let after = read
                .last()
                .map_or(0, |it: &shared::job::NumberedEvent| it.id);
            let page = db.jobs().events(&id, after, limit).await.unwrap();
            assert!(!page.is_empty() && page.len() <= limit as usize);
            read.extend(page);
        }
        assert_eq!(read, whole, "{limit} at once");
    }
    assert!(db.jobs().events(&id, 53, 10).await.unwrap().is_empty());
}

async fn canceled_and_expired_jobs_end_their_stream_too(db: Db) {
    let canceled = submit_one(&db, job("echo")).await;
    db.jobs().cancel(&canceled, at(1)).await.unwrap();
    let expired = submit_one(&db, with(|job| job.deadline_at = Some(at(1)))).await;
    db.jobs().reap(&no_wait, at(1)).await.unwrap();
    for (id, why) in [(&canceled, "canceled"), (&expired, "deadline")] {
        let events = db.jobs().events(id, 1, 10).await.unwrap();
        let Event::Error { error } = &events[0].event else {
            panic!("{events:?}");
        };
        assert!(error.contains(why) && events.len() == 1);
    }
}

async fn events_have_bounds(db: Db) {
    let id = submit_one(&db, job("echo")).await;
    let claimed = claim(&db, 1).await;
    let lease = lease(&claimed[0]);
    let done = Event::Error { error: "x".into() };
    let refused = db.jobs().append(&lease, &[done], at(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::BadText { .. }));
    let large = chunk(&"x".repeat(500_000));
    let refused = db.jobs().append(&lease, &[large], at(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooLarge { .. }));
    let many = vec![chunk("x"); 1000];
    for _ in 0..MAX_EVENT_ROWS / 1000 {
        let appended = db.jobs().append(&lease, &many, at(1)).await.unwrap();
        assert!(matches!(appended, Appended::Upto(_)));
    }
    let full = db
        .jobs()
        .append(&lease, &[chunk("x")], at(1))
        .await
        .unwrap();
    assert_eq!(full, Appended::Full);
    complete(&db, &claimed).await;
    let last = db.jobs().events(&id, 20_002, 10).await.unwrap();
    assert!(last[0].event.is_terminal(), "{last:?}");
}
