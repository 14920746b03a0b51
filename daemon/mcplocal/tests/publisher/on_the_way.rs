//! Trouble between publisher and server: requests that can't be fetched, answers that are refused. The server hears
//! of it, or its caller would wait for nothing.

use shared::channel::TaskError;
use shared::error_body::code;

use crate::fake_mcpd::{Ended, Fetch, Seen};
use crate::fake_provider::{PIECES, STREAM};
use crate::fixture::Fixture;

/// Whatever a proxy may say. Only 409 and 410 are the server's own.
const REFUSALS: [u16; 8] = [302, 400, 401, 403, 404, 429, 500, 503];

fn asking() -> String {
    let filler = "y".repeat(200_000);
    format!("{{\"x\":\"{STREAM}\",\"y\":\"{filler}\",\"model\":\"p\"}}")
}

/// A task whose body is to be fetched, and what becomes of the fetches.
async fn task(it: &Fixture, id: &str, fetches: &[Fetch]) {
    it.mcpd.behave(|manner| {
        manner.bodies.insert(id.into(), asking().into());
        manner.fetches = fetches.iter().copied().collect();
    });
    it.mcpd.task(id, true, None).await;
}

/// What the server is told of the task.
async fn told(it: &Fixture, id: &str) -> TaskError {
    let mut messages = it.mcpd.result(id).await;
    assert_eq!(messages.len(), 1);
    let message = messages.remove(0);
    assert_eq!(message.seq, 0);
    message.error.unwrap()
}

fn fetched(it: &Fixture) -> usize {
    it.mcpd.look(|seen| seen.fetched.len())
}

#[tokio::test]
async fn a_fetch_that_breaks_or_is_refused_for_now_is_made_again() {
    let it = Fixture::connected().await;
    let ways = [
        [Fetch::Cut, Fetch::Cut],
        [Fetch::Refused(502), Fetch::Cut],
        [Fetch::Refused(504), Fetch::Refused(429)],
    ];
    for (n, fetches) in ways.iter().enumerate() {
        let id = format!("t{n}");
        task(&it, &id, fetches).await;
        let (_, body) = it.mcpd.upload(&id, Ended::Cleanly).await;
        assert_eq!(body, PIECES.concat());
        assert_eq!(fetched(&it), 3 * (n + 1));
        let asked = it.provider.seen.lock().unwrap().bodies[n].len();
        assert_eq!(asked, asking().len());
    }
}

#[tokio::test]
async fn a_request_that_can_not_be_fetched_is_told_of() {
    let it = Fixture::connected().await;
    task(&it, "broken", &[Fetch::Cut; 3]).await;
    let error = told(&it, "broken").await;
    assert_eq!(error.code.as_deref(), Some(code::PROVIDER_ERROR));
    assert_eq!(error.status, Some(502));
    assert!(!error.message.contains("127.0.0.1"), "{}", error.message);
    for status in REFUSALS {
        let id = format!("refused-{status}");
        task(&it, &id, &[Fetch::Refused(status); 3]).await;
        let error = told(&it, &id).await;
        assert_eq!(error.status, Some(502));
        let status = status.to_string();
        assert!(error.message.contains(&status), "{}", error.message);
    }
    assert!(it.provider.seen.lock().unwrap().bodies.is_empty());
}

#[tokio::test]
async fn a_task_that_is_over_before_it_is_fetched_is_left_alone() {
    let it = Fixture::connected().await;
    for status in [409, 410] {
        let id = format!("over-{status}");
        task(&it, &id, &[Fetch::Refused(status)]).await;
        it.mcpd
            .wait("a fetch", |seen| seen.fetched.contains(&id).then_some(()))
            .await;
        it.wait_status(|status| (status.providers[0].in_flight == 0).then_some(()))
            .await;
        assert!(!it.mcpd.look(|seen| seen.results.contains_key(&id)));
    }
    assert_eq!(fetched(&it), 2);
}

#[tokio::test]
async fn an_answer_that_anything_on_the_way_refuses_is_told_of() {
    for status in REFUSALS {
        let it = Fixture::connected().await;
        it.mcpd
            .behave(|manner| manner.refuse_uploads = Some(status));
        let body = format!("{{\"x\":\"{STREAM}\",\"model\":\"p\"}}");
        it.mcpd.task("t0", true, Some(&body)).await;
        let error = told(&it, "t0").await;
        assert_eq!(error.status, Some(502));
        let status = status.to_string();
        assert!(error.message.contains(&status), "{}", error.message);
    }
}

#[tokio::test]
async fn a_piece_that_anything_on_the_way_refuses_is_told_of() {
    let it = Fixture::connected_with(serde_json::json!({"resultMode": "chunks"})).await;
    let body = format!("{{\"x\":\"{STREAM}\",\"model\":\"p\"}}");
    for status in REFUSALS {
        let id = format!("t-{status}");
        it.mcpd
            .behave(|manner| manner.refuse_results = [status].into());
        it.mcpd.task(&id, true, Some(&body)).await;
        let error = told(&it, &id).await;
        let status = status.to_string();
        assert!(error.message.contains(&status), "{}", error.message);
    }
}

#[tokio::test]
async fn a_word_that_is_refused_for_now_is_said_again() {
    let it = Fixture::connected().await;
    it.mcpd
        .behave(|manner| manner.refuse_results = [429, 403].into());
    it.mcpd.task("t0", true, Some("[1]")).await;
    assert_eq!(told(&it, "t0").await.status, Some(400));
}

/// Every word of it is refused, however often.
fn refuse_all(it: &Fixture, status: u16) {
    it.mcpd.behave(|manner| {
        manner.refuse_uploads = Some(status);
        manner.refuse_results = [status; 20].into();
    });
}

async fn the_next_heartbeat_tells_of_none(it: &Fixture) {
    let beats = it.mcpd.look(|seen| seen.heartbeats.len());
    it.mcpd.ping(1).await;
    let next = |seen: &Seen| seen.heartbeats.get(beats).cloned();
    let next = it.mcpd.wait("another heartbeat", next).await;
    assert!(next.failed.is_empty(), "{:?}", next.failed);
}

#[tokio::test]
async fn a_failure_whose_every_word_is_refused_is_told_in_a_heartbeat_at_once() {
    for mode in ["stream", "chunks"] {
        let config = serde_json::json!({"resultMode": mode});
        let it = Fixture::connected_with(config).await;
        refuse_all(&it, 403);
        let body = format!("{{\"x\":\"{STREAM}\",\"model\":\"p\"}}");
        it.mcpd.task("t0", true, Some(&body)).await;
        let told = |seen: &Seen| {
            let failed = seen.heartbeats.iter().flat_map(|beat| &beat.failed);
            failed.clone().next().cloned()
        };
        let told = it.mcpd.wait("a heartbeat that tells of it", told).await;
        assert_eq!(told.task_id, "t0");
        assert!(told.error.message.contains("403"), "{:?}", told.error);
        // Heard once, it is not said again.
        the_next_heartbeat_tells_of_none(&it).await;
    }
}

#[tokio::test]
async fn what_the_server_itself_calls_over_is_told_nowhere_else() {
    let it = Fixture::connected().await;
    refuse_all(&it, 410);
    it.mcpd.task("t0", true, Some("[1]")).await;
    it.mcpd
        .wait("its word", |seen| seen.refused_results.gt(&0).then_some(()))
        .await;
    the_next_heartbeat_tells_of_none(&it).await;
}

#[tokio::test]
async fn a_failure_that_is_refused_in_heartbeats_too_costs_no_channel() {
    let it = Fixture::connected().await;
    refuse_all(&it, 403);
    it.mcpd.behave(|manner| manner.refuse_failures = Some(413));
    it.mcpd.task("t0", true, Some("[1]")).await;
    let told = |seen: &Seen| {
        let told = seen
            .heartbeats
            .iter()
            .position(|beat| !beat.failed.is_empty());
        told.and_then(|nth| seen.heartbeats.get(nth + 1).cloned())
    };
    let next = it.mcpd.wait("the heartbeat behind it", told).await;
    assert!(next.failed.is_empty(), "{:?}", next.failed);
    assert_eq!(it.mcpd.look(|seen| seen.channels), 1);
}
