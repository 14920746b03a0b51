//! Answers that travel piece by piece (`resultMode: chunks`): whatever holds for a stream holds for them.

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::stage::Stage;
use system_tests::cluster::wait::when;
use system_tests::cluster::{Ask, CHUNKED, Mcplocal, Whole, until};
use system_tests::mock::{Behaviour, Garbage, Scripted, Settings};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Promises 4 and 5.
const WITHIN: Duration = Duration::from_secs(1);
/// Memory that unread answers may cost each program, in KiB.
const MAX_GROWTH_KIB: u64 = 20 * 1024;

async fn stage(settings: &[(&str, &str)]) -> (Stage, Mcplocal) {
    let stage = Stage::with(settings, json!({}), Settings::default()).await;
    let pieces = stage.publish_in_chunks(json!({})).await;
    (stage, pieces)
}

/// All is over, for the third row's publisher too.
async fn at_rest(stage: &Stage, pieces: &Mcplocal) {
    stage.at_rest().await;
    pieces.at_rest().await;
}

fn slow() -> Behaviour {
    Behaviour {
        tokens: 10_000,
        interval_ms: 50,
        ..Behaviour::default()
    }
}

#[tokio::test]
async fn a_caller_that_goes_stops_the_model_in_every_state() {
    let (stage, pieces) = stage(&[]).await;
    let stalls = Behaviour {
        stall_after: Some(2),
        ..Behaviour::default()
    };
    let never = Behaviour {
        never_start: true,
        ..Behaviour::default()
    };
    let late = Behaviour {
        first_token_ms: 60_000,
        ..Behaviour::default()
    };
    let states = [
        (true, slow(), Some("t3 ")),
        (true, stalls, Some("t1 ")),
        (true, never, None),
        (true, late, None),
        (false, slow(), None),
    ];
    for (count, (stream, behaviour, read_until)) in (1..).zip(states) {
        let ask = stage.ask(CHUNKED, stream, &behaviour);
        let connection: Box<dyn std::any::Any> = match read_until {
            Some(text) => {
                let mut answer = ask.send(stage.mcpd.addr).await;
                answer.read_until(text).await;
                Box::new(answer)
            }
            None => Box::new(ask.dispatch(stage.mcpd.addr).await.ok()),
        };
        stage.serving(1).await;
        drop(connection);
        stage.aborted(count, WITHIN).await;
        stage.mcpd.idle(CHUNKED).await;
    }
    let whole = stage.chat(CHUNKED, true, &Behaviour::default()).await;
    assert!(whole.is_done(), "it goes on: {}", whole.text());
    at_rest(&stage, &pieces).await;
}

#[tokio::test]
async fn a_provider_that_breaks_off_never_looks_complete() {
    let (stage, pieces) = stage(&[]).await;
    for stream in [true, false] {
        for after in [0, 1, 9, 10] {
            let cut = Behaviour {
                tokens: 10,
                cut_after: Some(after),
                interval_ms: 5,
                ..Behaviour::default()
            };
            let answer = stage.chat(CHUNKED, stream, &cut).await;
            match (answer.status, stream) {
                (502, _) => assert_eq!(answer.code(), "provider_error"),
                (200, true) => answer.ends_in_error("provider_error"),
                (200, false) => assert!(answer.broken.is_some(), "{}", answer.text()),
                other => panic!("{other:?}: {}", answer.text()),
            }
            // Three failures in a row would open its breaker.
            let whole = stage.chat(CHUNKED, false, &Behaviour::default()).await;
            assert_eq!(whole.status, 200, "{}", whole.text());
        }
    }
    stage.mcpd.idle(CHUNKED).await;
    assert_eq!(stage.mcpd.phase(CHUNKED).await, "active");
    at_rest(&stage, &pieces).await;
}

#[tokio::test]
async fn a_provider_that_stalls_or_never_ends_meets_the_deadline() {
    let (stage, pieces) = stage(&[("MCPD_REQUEST_TIMEOUT", "2s")]).await;
    let stalls = Behaviour {
        stall_after: Some(3),
        ..Behaviour::default()
    };
    let endless = Behaviour {
        tokens: u32::MAX,
        burst: true,
        ..Behaviour::default()
    };
    let began = Instant::now();
    let (stalled, whole, flooded) = tokio::join!(
        stage.chat(CHUNKED, true, &stalls),
        stage.chat(CHUNKED, false, &stalls),
        stage.chat(CHUNKED, true, &endless),
    );
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(1900) && took < Duration::from_secs(10),
        "{took:?}"
    );
    stalled.ends_in_error("deadline_exceeded");
    assert_eq!((whole.status, &*whole.code()), (504, "deadline_exceeded"));
    assert!(flooded.text().contains("\"code\":\"deadline_exceeded\""));
    stage.aborted(3, WITHIN).await;
    stage.mcpd.idle(CHUNKED).await;
    at_rest(&stage, &pieces).await;
}

#[tokio::test]
async fn a_publisher_that_is_killed_fails_its_callers_and_leaves_the_rotation() {
    let (stage, mut pieces) = stage(&[]).await;
    let addr = stage.mcpd.addr;
    let mut streaming = stage.ask(CHUNKED, true, &slow()).send(addr).await;
    streaming.read_until("t2 ").await;
    let whole = stage.ask(CHUNKED, false, &slow());
    let mut waiting = JoinSet::from_iter([async move { whole.whole(addr).await }]);
    stage.serving(2).await;
    pieces.process.kill();
    stage.mcpd.leaves_rotation(CHUNKED, WITHIN).await;
    streaming
        .whole()
        .await
        .ends_in_error("provider_disconnected");
    let waited = waiting.join_next().await.and_then(Result::ok);
    let code = waited.map(|answer| (answer.status, answer.code()));
    assert_eq!(code, Some((502, "provider_disconnected".to_owned())));
    stage.aborted(2, WITHIN).await;
    stage.at_rest().await;
}

#[tokio::test]
async fn a_callers_bytes_are_the_providers_bytes() {
    let (stage, pieces) = stage(&[]).await;
    let garbage = |kind| Behaviour {
        garbage: Some(kind),
        ..Behaviour::default()
    };
    let status = |status| Behaviour {
        status: Some(status),
        ..Behaviour::default()
    };
    let mut all = vec![Behaviour::default()];
    all.extend([Garbage::Html, Garbage::BadSse, Garbage::SplitUtf8].map(garbage));
    all.extend([400, 429, 500, 503].map(status));
    for behaviour in all {
        for stream in [true, false] {
            let body = system_tests::cluster::stage::chat(stream, &behaviour);
            let mut straight = body.clone();
            straight["model"] = "mock".into();
            let straight = Ask::post("/v1/chat/completions", straight);
            let expected = straight.whole(stage.mock.addr()).await;
            let got = stage.mcpd.infer(CHUNKED, body).whole(stage.mcpd.addr).await;
            let what = format!("{behaviour:?}, stream {stream}");
            assert_eq!(got.broken, None, "{what}");
            assert_eq!(got.status, expected.status, "{what}: {}", got.text());
            assert_eq!(got.bytes, expected.bytes, "{what}");
            let content_type = |whole: &Whole| whole.header("content-type").map(str::to_owned);
            assert_eq!(content_type(&got), content_type(&expected), "{what}");
            // Three failures in a row would open its breaker.
            let whole = stage.chat(CHUNKED, false, &Behaviour::default()).await;
            assert_eq!(whole.status, 200, "{}", whole.text());
        }
    }
    // What is no text travels too, whatever the pieces.
    for piece_bytes in [0, 7, 1000, 70_000] {
        let body: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        stage.mock.play(Scripted {
            status: 200,
            content_type: "application/octet-stream".to_owned(),
            body: body.clone(),
            piece_bytes,
        });
        let got = stage.chat(CHUNKED, false, &Behaviour::default()).await;
        assert_eq!((got.status, &got.broken), (200, &None));
        assert!(got.bytes == body, "pieces of {piece_bytes}");
    }
    at_rest(&stage, &pieces).await;
}

#[tokio::test]
async fn one_that_reads_nothing_slows_nobody_and_fills_no_memory() {
    const SLOW: u64 = 4;
    let (stage, pieces) = stage(&[]).await;
    let burst = |tokens| Behaviour {
        tokens,
        burst: true,
        ..Behaviour::default()
    };
    let fast = async || {
        let began = Instant::now();
        let mut callers = JoinSet::new();
        for _ in 0..8 {
            let ask = stage.ask(CHUNKED, true, &burst(5000));
            let addr = stage.mcpd.addr;
            callers.spawn(async move { ask.whole(addr).await });
        }
        for answer in callers.join_all().await {
            assert!(answer.is_done());
        }
        began.elapsed()
    };
    fast().await;
    let alone = fast().await;
    let memory = || (stage.mcpd.process.memory_kib(), pieces.process.memory_kib());
    let (server, publisher) = memory();
    let mut unread = Vec::new();
    for _ in 0..SLOW {
        let ask = stage.ask(CHUNKED, true, &burst(1_000_000));
        unread.push(ask.dispatch(stage.mcpd.addr).await.ok());
    }
    until(
        "the floods to stand still",
        Duration::from_secs(20),
        async || {
            let before = stage.mock.stats();
            tokio::time::sleep(Duration::from_millis(500)).await;
            let after = stage.mock.stats();
            when(
                after.in_flight >= SLOW && before.tokens == after.tokens,
                after,
            )
        },
    )
    .await;
    let beside = fast().await;
    let (server_now, publisher_now) = memory();
    assert!(
        server_now < server + MAX_GROWTH_KIB,
        "mcpd {server} -> {server_now} KiB"
    );
    assert!(
        publisher_now < publisher + MAX_GROWTH_KIB,
        "mcplocal {publisher} -> {publisher_now} KiB"
    );
    drop(unread);
    stage.aborted(SLOW, Duration::from_secs(2)).await;
    stage.mcpd.idle(CHUNKED).await;
    // What else the machine does is in both.
    let alone = alone.max(fast().await);
    assert!(
        beside < alone * 3 + Duration::from_secs(1),
        "{beside:?} beside, {alone:?} alone"
    );
    at_rest(&stage, &pieces).await;
}
