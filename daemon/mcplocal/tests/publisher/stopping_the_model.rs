//! When nobody waits for an answer any more, the model stops within a second.

use std::time::Duration;

use shared::channel::{Cancel, Frame};
use tokio::time::Instant;

use crate::fake_mcpd::Ended;
use crate::fake_provider::{HANG, HANG_MIDWAY};
use crate::fixture::Fixture;

const WITHIN: Duration = Duration::from_secs(1);

async fn cancel(it: &Fixture, id: &str) {
    let (task_id, reason) = (id.into(), "caller_gone".into());
    it.mcpd.say(Frame::Cancel(Cancel { task_id, reason })).await;
}

fn asking(for_what: &str) -> String {
    format!(r#"{{"x":"{for_what}"}}"#)
}

#[tokio::test]
async fn a_cancel_stops_it_before_its_first_token_streaming_or_not() {
    let it = Fixture::connected().await;
    for (count, id, stream) in [(1, "t1", true), (2, "t2", false)] {
        it.mcpd.task(id, stream, Some(&asking(HANG))).await;
        it.provider.asked(count).await;
        let start = Instant::now();
        cancel(&it, id).await;
        it.provider.abandoned(count).await;
        assert!(start.elapsed() < WITHIN);
    }
}

#[tokio::test]
async fn a_cancel_stops_it_in_the_middle_and_breaks_the_upload_off() {
    let it = Fixture::connected().await;
    for (count, id, stream) in [(1, "t1", true), (2, "t2", false)] {
        it.mcpd.task(id, stream, Some(&asking(HANG_MIDWAY))).await;
        it.mcpd
            .wait("first bytes", |seen| {
                seen.uploads
                    .get(id)
                    .filter(|u| !u.body.is_empty())
                    .map(|_| ())
            })
            .await;
        let start = Instant::now();
        cancel(&it, id).await;
        it.provider.abandoned(count).await;
        it.mcpd.upload(id, Ended::Broken).await;
        assert!(start.elapsed() < WITHIN);
    }
}

#[tokio::test]
async fn an_upload_that_is_refused_stops_it() {
    let it = Fixture::connected().await;
    it.mcpd.behave(|manner| manner.refuse_uploads = Some(410));
    it.mcpd.task("t", true, Some(&asking(HANG_MIDWAY))).await;
    it.provider.abandoned(1).await;
}

#[tokio::test]
async fn a_deadline_that_passed_stops_it() {
    let it = Fixture::connected().await;
    let asked = asking(HANG);
    it.mcpd.task_within("t", true, Some(&asked), 2_000).await;
    it.provider.asked(1).await;
    it.provider.abandoned(1).await;
}

#[tokio::test]
async fn a_cancelled_task_gives_its_slot_back() {
    let it = Fixture::connected().await;
    it.mcpd.task("t", true, Some(&asking(HANG))).await;
    it.wait_status(|status| (status.providers[0].in_flight == 1).then_some(()))
        .await;
    cancel(&it, "t").await;
    it.wait_status(|status| (status.providers[0].in_flight == 0).then_some(()))
        .await;
}
