//! Answers whose rest never comes: the caller is told, the provider is left, the publisher hears of it.

use serde_json::json;
use shared::channel::Frame;
use std::time::Duration;
use system_tests::cluster::stage::{ROWS, Stage, chat};
use system_tests::cluster::{CHUNKED, Mcpd, Publisher};
use system_tests::mock::Behaviour;
use tokio::task::JoinSet;
use tokio::time::Instant;

const WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_piece_that_never_comes_ends_the_answer_at_the_idle_timeout() {
    let mcpd = Mcpd::start(&[("MCPD_IDLE_TIMEOUT", "2s")]).await;
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    let mut channel = publisher.go_live().await;
    let (ask, addr) = (
        mcpd.infer("parrot", chat(true, &Behaviour::default())),
        mcpd.addr,
    );
    let mut caller = JoinSet::from_iter([async move { ask.whole(addr).await }]);
    let task = channel.task().await;
    let began = Instant::now();
    let data = |text: &str| json!({"data": format!("data: {text}\n\n")});
    let first = json!({"seq": 0, "contentType": "text/event-stream", "chunk": data("{\"a\":1}")});
    let third = json!({"seq": 2, "chunk": data("[DONE]")});
    for message in [first, third.clone()] {
        let answer = publisher.result(&task.task_id, message).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let answer = caller.join_next().await.unwrap().unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1900), "{took:?}");
    assert!(took < Duration::from_secs(6), "{took:?}");
    let text = answer.text();
    assert!(text.starts_with("data: {\"a\":1}\n\n"), "{text}");
    assert!(text.contains("event: error\ndata: {"), "{text}");
    assert!(text.contains("\"code\":\"provider_silent\""), "{text}");
    assert!(!text.contains("[DONE]"), "{text}");
    loop {
        match channel.next().await {
            Some(Frame::Cancel(cancel)) => break assert_eq!(cancel.task_id, task.task_id),
            Some(Frame::Ping(_)) => {}
            other => panic!("the publisher is told: {other:?}"),
        }
    }
    for message in [json!({"seq": 1, "chunk": data("late")}), third] {
        let late = publisher.result(&task.task_id, message).await;
        assert_eq!((late.status, &*late.code()), (410, "task_ended"));
    }
    mcpd.idle("parrot").await;
    assert_eq!(mcpd.phase("parrot").await, "active", "the channel stays");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_server_that_is_killed_breaks_its_answers_and_stops_every_model() {
    let mut stage = Stage::start().await;
    let _pieces = stage.publish_in_chunks(json!({})).await;
    let slow = Behaviour {
        tokens: 10_000,
        interval_ms: 50,
        ..Behaviour::default()
    };
    let addr = stage.mcpd.addr;
    let mut answers = Vec::new();
    let mut wholes = JoinSet::new();
    for row in [ROWS[0], ROWS[1], CHUNKED] {
        let mut answer = stage.ask(row, true, &slow).send(addr).await;
        answer.read_until("t1 ").await;
        answers.push((row, answer));
        let whole = stage.ask(row, false, &slow);
        wholes.spawn(async move { whole.try_send(addr).await.map(|_| ()) });
    }
    stage.serving(6).await;
    stage.mcpd.process.kill();
    let killed = Instant::now();
    for (row, answer) in answers {
        let answer = answer.whole().await;
        assert!(answer.broken.is_some(), "{row}: {}", answer.text());
        assert!(!answer.text().contains("[DONE]"), "{row}");
        assert!(killed.elapsed() < WITHIN, "{row}: {:?}", killed.elapsed());
    }
    stage.aborted(6, WITHIN).await;
    for whole in wholes.join_all().await {
        assert!(whole.is_err(), "no answer looks complete");
    }
    stage.mcpd.start_again().await;
    for row in [ROWS[1], CHUNKED] {
        stage
            .mcpd
            .reaches(row, "active", Duration::from_secs(20))
            .await;
        let answer = stage.chat(row, true, &Behaviour::default()).await;
        assert!(answer.is_done(), "{row}: {}", answer.text());
    }
    stage.at_rest().await;
}
