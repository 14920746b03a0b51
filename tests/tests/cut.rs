//! A cut answer never looks complete: whoever breaks off, the caller gets a typed error or a broken body.

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::stage::{PUBLIC, ROWS, Stage, VIRTUAL};
use system_tests::cluster::{mcpctl, until};
use system_tests::mock::{Behaviour, Settings};
use system_tests::proxy::{Lane, Proxy, Rules};
use tokio::task::JoinSet;

/// Promise 5: out of rotation within this time of a closed socket.
const OUT: Duration = Duration::from_secs(1);

fn slow() -> Behaviour {
    Behaviour {
        tokens: 10_000,
        interval_ms: 50,
        ..Behaviour::default()
    }
}

#[tokio::test]
async fn a_publisher_that_is_killed_fails_its_callers_and_leaves_the_rotation() {
    let mut stage = Stage::start().await;
    let addr = stage.mcpd.addr;
    let mut streaming = stage.ask(VIRTUAL, true, &slow()).send(addr).await;
    streaming.read_until("t2 ").await;
    let mut waiting = JoinSet::new();
    let whole = stage.ask(VIRTUAL, false, &slow());
    waiting.spawn(async move { whole.whole(addr).await });
    let untouched = stage.ask(
        PUBLIC,
        true,
        &Behaviour {
            tokens: 120,
            interval_ms: 50,
            ..Behaviour::default()
        },
    );
    let mut public = JoinSet::from_iter([async move { untouched.whole(addr).await }]);
    stage.serving(3).await;

    stage.local.process.kill();
    stage.mcpd.leaves_rotation(VIRTUAL, OUT).await;
    streaming
        .whole()
        .await
        .ends_in_error("provider_disconnected");
    let waited = waiting.join_next().await.unwrap().unwrap();
    assert_eq!(
        (waited.status, &*waited.code()),
        (502, "provider_disconnected")
    );
    stage.aborted(2, OUT).await;
    stage.mcpd.idle(VIRTUAL).await;
    let next = stage.chat(VIRTUAL, true, &Behaviour::default()).await;
    assert_eq!((next.status, &*next.code()), (503, "provider_offline"));
    assert!(next.header("retry-after").is_some());
    assert!(public.join_next().await.unwrap().unwrap().is_done());
    stage.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_provider_that_breaks_off_never_looks_complete() {
    let stage = Stage::start().await;
    let cut = |after| Behaviour {
        tokens: 10,
        cut_after: Some(after),
        // A break that comes with all that is said may be told in its stead.
        interval_ms: if after > 1 { 50 } else { 5 },
        ..Behaviour::default()
    };
    for row in ROWS {
        for after in [0, 1, 9, 10] {
            let answer = stage.chat(row, true, &cut(after)).await;
            match answer.status {
                // It broke before its first byte was passed on. A publisher's word that its provider
                // broke off travels on its own, and may overtake the first token.
                502 => {
                    let most = u32::from(row == VIRTUAL);
                    assert!(
                        after <= most,
                        "{row} after {after} tokens: {}",
                        answer.text()
                    );
                    assert_eq!(&*answer.code(), "provider_error", "{row}");
                }
                _ => answer.ends_in_error("provider_error"),
            }
            // Three failures in a row would open its breaker.
            let whole = stage.chat(row, false, &Behaviour::default()).await;
            assert_eq!(whole.status, 200, "{row}: {}", whole.text());
        }
        stage.mcpd.idle(row).await;
        assert_eq!(stage.mcpd.phase(row).await, "active", "{row} goes on");
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn a_provider_whose_connection_breaks_inside_a_token_never_looks_complete() {
    let mock = system_tests::mock::Mock::start(Settings::default()).unwrap();
    let proxy = Proxy::start(mock.addr()).unwrap();
    let mcpd = system_tests::cluster::Mcpd::start(&[]).await;
    let url = format!("{}/v1", proxy.url());
    mcpd.create_public(PUBLIC, &url, json!({})).await;
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let providers = json!([system_tests::cluster::mcplocal::provider(
        VIRTUAL,
        &url,
        json!({})
    )]);
    let _local = system_tests::cluster::Mcplocal::start(&mcpd.url(), &token, &providers);
    mcpd.reaches(VIRTUAL, "active", Duration::from_secs(20))
        .await;
    for row in ROWS {
        for cut_at in [40, 300, 700, 1111] {
            // Connections that were opened by other rules are not to be used again, nor is that of a look at the
            // provider's health that came in between.
            let closed = async || {
                proxy.reset();
                system_tests::cluster::wait::when(proxy.open() == 0, proxy.open())
            };
            until("the old connections to go", Duration::from_secs(5), closed).await;
            let down = Lane {
                cut_at,
                ..Lane::default()
            };
            proxy.set(Rules {
                down,
                ..Rules::default()
            });
            let body = system_tests::cluster::stage::chat(true, &Behaviour::default());
            let answer = mcpd.infer(row, body).whole(mcpd.addr).await;
            match answer.status {
                502 => assert_eq!(answer.code(), "provider_error", "{row} {cut_at}"),
                _ => answer.ends_in_error("provider_error"),
            }
            proxy.set(Rules::default());
            // Three failures in a row would open its breaker.
            let body = system_tests::cluster::stage::chat(false, &Behaviour::default());
            let whole = mcpd.infer(row, body).whole(mcpd.addr).await;
            assert_eq!(whole.status, 200, "{row} {cut_at}: {}", whole.text());
        }
    }
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_provider_that_stalls_meets_the_deadline() {
    let settings = [("MCPD_REQUEST_TIMEOUT", "2s")];
    let stage = Stage::with(&settings, json!({}), Settings::default()).await;
    let stalls = Behaviour {
        stall_after: Some(3),
        ..Behaviour::default()
    };
    let never = Behaviour {
        never_start: true,
        ..Behaviour::default()
    };
    for (round, row) in (0..).zip(ROWS) {
        let began = tokio::time::Instant::now();
        let (streaming, silent, whole) = tokio::join!(
            stage.chat(row, true, &stalls),
            stage.chat(row, true, &never),
            stage.chat(row, false, &stalls),
        );
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(1900), "{row}: {took:?}");
        assert!(took < Duration::from_secs(10), "{row}: {took:?}");
        streaming.ends_in_error("deadline_exceeded");
        for answer in [silent, whole] {
            assert_eq!(
                (answer.status, &*answer.code()),
                (504, "deadline_exceeded"),
                "{row}"
            );
        }
        stage.aborted(3 * (round + 1), Duration::from_secs(1)).await;
        stage.mcpd.idle(row).await;
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn the_deadline_counts_while_a_caller_waits_for_a_slot() {
    let settings = [("MCPD_REQUEST_TIMEOUT", "2s")];
    let stage = Stage::with(&settings, json!({"maxConcurrency": 1}), Settings::default()).await;
    let never = Behaviour {
        never_start: true,
        ..Behaviour::default()
    };
    for row in ROWS {
        let (first, second) =
            tokio::join!(stage.chat(row, true, &never), stage.chat(row, true, &never));
        assert_eq!((first.status, second.status), (504, 504), "{row}");
        stage.mcpd.idle(row).await;
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn the_command_line_says_that_the_answer_broke_off() {
    let cut = Behaviour {
        tokens: 10,
        cut_after: Some(4),
        interval_ms: 10,
        ..Behaviour::default()
    };
    let settings = Settings {
        unasked: cut,
        ..Settings::default()
    };
    let stage = Stage::with(&[], json!({}), settings).await;
    for row in ROWS {
        for more in [&[][..], &["--no-stream"], &["-o", "json"]] {
            let mut args = vec!["chat-llm", row, "-m", "hi"];
            args.extend(more);
            let ran = mcpctl(&stage.mcpd, &args).await;
            assert_eq!(ran.code, Some(6), "{args:?}: {ran:?}");
            assert!(ran.stderr.contains("error: "), "{ran:?}");
            assert!(ran.stderr.contains("try: "), "{ran:?}");
        }
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn the_command_line_says_that_the_publisher_went_away() {
    let settings = Settings {
        unasked: slow(),
        ..Settings::default()
    };
    let mut stage = Stage::with(&[], json!({}), settings).await;
    let run = mcpctl(&stage.mcpd, &["chat-llm", VIRTUAL, "-m", "hi"]);
    let process = &mut stage.local.process;
    let mock = &stage.mock;
    let killing = async {
        let tokens = async || {
            let tokens = mock.stats().tokens;
            system_tests::cluster::wait::when(tokens > 40, tokens)
        };
        until("tokens for two seconds", Duration::from_secs(20), tokens).await;
        process.kill();
    };
    let (ran, ()) = tokio::join!(run, killing);
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(ran.stdout.starts_with("t0 t1 "), "{ran:?}");
    assert!(ran.stderr.contains("try: "), "{ran:?}");
    let offline = mcpctl(&stage.mcpd, &["chat-llm", VIRTUAL, "-m", "hi"]).await;
    assert_eq!(offline.code, Some(6), "{offline:?}");
    assert!(offline.stderr.contains("try: "), "{offline:?}");
    stage.mcpd.at_rest().await;
}
