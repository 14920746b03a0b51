//! Answers message by message: numbered, repeatable, in order, bounded.

use http::StatusCode;
use relay::{Answer, Error};
use shared::channel::{Chunk, ResultMessage, TaskError};

use crate::publisher::{Channel, Waiting, chunk, piece, text};
use crate::world::{World, settle};

/// A publisher with one task, and its caller.
async fn one_task() -> (World, Channel, String, Waiting) {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    assert_eq!(channel.task().task_id, TASK);
    (world, channel, session, waiting)
}

const TASK: &str = "1-1";

fn message(seq: u64) -> ResultMessage {
    ResultMessage {
        chunk: None,
        ..chunk(seq, "", false)
    }
}

/// Reads to the end.
async fn all(mut answer: Answer) -> (String, Option<Error>) {
    let mut text = String::new();
    loop {
        match http_body_util::BodyExt::frame(&mut answer.body).await {
            None => return (text, None),
            Some(Ok(frame)) => text += str::from_utf8(&frame.into_data().unwrap()).unwrap(),
            Some(Err(error)) => return (text, Some(error)),
        }
    }
}

#[tokio::test]
async fn messages_may_overtake_each_other_and_repeat() {
    let (world, _channel, session, waiting) = one_task().await;
    let say = async |seq, data| {
        world
            .result(&session, TASK, chunk(seq, data, seq == 5))
            .await
    };
    let publisher = async {
        say(0, "a").await.unwrap();
        say(2, "c").await.unwrap();
        say(2, "c").await.unwrap();
        say(3, "d").await.unwrap();
        say(1, "b").await.unwrap();
        say(1, "b").await.unwrap();
        say(0, "a").await.unwrap();
        say(4, "e").await.unwrap();
        say(5, "f").await.unwrap();
        assert!(matches!(say(6, "g").await, Err(Error::TaskEnded)));
        assert!(matches!(say(0, "a").await, Err(Error::TaskEnded)));
    };
    let caller = async { all(waiting.await.unwrap()).await };
    let ((), (text, error)) = tokio::join!(publisher, caller);
    assert_eq!((&*text, error.is_none()), ("abcdef", true));
}

#[tokio::test]
async fn a_message_whose_call_broke_off_is_not_lost_and_its_repeat_is_no_second_one() {
    let (world, _channel, session, waiting) = one_task().await;
    let say = |seq, data, done| world.result(&session, TASK, chunk(seq, data, done));
    say(0, "a", false).await.unwrap();
    let answer = waiting.await.unwrap();
    // Nobody reads: the one piece that may wait is there, and the calls break off.
    say(2, "c", false).await.unwrap();
    for (seq, data, done) in [(1, "b", false), (1, "b", false), (3, "d", true)] {
        tokio::select! {
            biased;
            _ = say(seq, data, done) => panic!("there is no room"),
            () = settle() => {}
        }
    }
    let publisher = async {
        say(1, "b", false).await.unwrap();
        // The end may be repeated too; then the task is over.
        say(3, "d", true).await.unwrap();
    };
    let ((), (text, error)) = tokio::join!(publisher, all(answer));
    assert_eq!((&*text, error.is_none()), ("abcd", true));
}

#[tokio::test]
async fn other_content_under_a_used_number_is_a_contradiction() {
    let (world, _channel, session, waiting) = one_task().await;
    let say = async |message| world.result(&session, TASK, message).await;
    let publisher = async {
        say(chunk(0, "a", false)).await.unwrap();
        say(chunk(2, "c", false)).await.unwrap();
        for other in [
            chunk(0, "A", false),
            chunk(0, "a", true),
            chunk(2, "C", false),
            chunk(2, "", false),
            chunk(0, "", true),
        ] {
            let refused = say(other).await;
            assert!(
                matches!(refused, Err(Error::Contradiction(_))),
                "{refused:?}"
            );
        }
        say(chunk(1, "b", false)).await.unwrap();
        say(chunk(3, "", true)).await.unwrap();
    };
    let caller = async { all(waiting.await.unwrap()).await };
    let ((), (text, error)) = tokio::join!(publisher, caller);
    assert_eq!(
        (&*text, error.is_none()),
        ("abc", true),
        "the first content counts"
    );
}

#[tokio::test]
async fn a_message_too_far_ahead_is_refused_and_names_the_missing_one() {
    let (world, _channel, session, waiting) = one_task().await;
    let say = async |message| world.result(&session, TASK, message).await;
    let early = say(chunk(1, "b", false)).await;
    assert!(matches!(
        early,
        Err(Error::OutOfOrder {
            found: 1,
            expected: 0
        })
    ));
    say(chunk(0, "a", false)).await.unwrap();
    for seq in 2..34 {
        say(chunk(seq, "x", false)).await.unwrap();
    }
    let refused = say(chunk(34, "x", false)).await;
    assert!(matches!(
        refused,
        Err(Error::OutOfOrder {
            found: 34,
            expected: 1
        })
    ));
    let caller = async { all(waiting.await.unwrap()).await };
    let publisher = async {
        say(chunk(1, "b", false)).await.unwrap();
        say(chunk(34, ".", true)).await.unwrap();
    };
    let ((text, _), ()) = tokio::join!(caller, publisher);
    assert_eq!(text, format!("ab{}.", "x".repeat(32)));
}

#[tokio::test]
async fn what_waits_for_its_turn_is_bounded_in_bytes() {
    let (world, _channel, session, _waiting) = one_task().await;
    let say = async |message| world.result(&session, TASK, message).await;
    say(chunk(0, "a", false)).await.unwrap();
    let half = "x".repeat(128 * 1024);
    say(chunk(2, &half, false)).await.unwrap();
    say(chunk(3, &half, false)).await.unwrap();
    let refused = say(chunk(4, "x", false)).await;
    assert!(matches!(
        refused,
        Err(Error::OutOfOrder {
            found: 4,
            expected: 1
        })
    ));
    let large = "x".repeat(256 * 1024 + 1);
    let refused = say(chunk(1, &large, false)).await;
    assert!(matches!(refused, Err(Error::BadMessage(_))));
}

#[tokio::test]
async fn a_publisher_waits_for_a_caller_that_reads_slowly() {
    let (world, _channel, session, waiting) = one_task().await;
    world
        .result(&session, TASK, chunk(0, "a", false))
        .await
        .unwrap();
    let mut answer = waiting.await.unwrap();
    let second = world.result(&session, TASK, chunk(1, "b", false));
    tokio::pin!(second);
    tokio::select! {
        biased;
        _ = &mut second => panic!("there is no room yet"),
        () = settle() => {}
    }
    assert_eq!(text(&mut answer).await, "a");
    second.await.unwrap();
    assert_eq!(text(&mut answer).await, "b");
}

#[tokio::test]
async fn an_error_before_the_answer_is_the_callers_error() {
    let (world, mut channel, session, waiting) = one_task().await;
    let error = TaskError {
        message: "the model is not installed".into(),
        status: Some(404),
        code: Some("no_model".into()),
    };
    let failed = ResultMessage {
        error: Some(error.clone()),
        ..message(0)
    };
    let caller = async { all(waiting.await.unwrap()).await };
    let publisher = world.result(&session, TASK, failed.clone());
    let ((text, found), said) = tokio::join!(caller, publisher);
    said.unwrap();
    assert_eq!(text, "");
    assert!(matches!(found, Some(Error::Provider(found)) if found == error));
    let again = world.result(&session, TASK, failed).await;
    assert!(matches!(again, Err(Error::TaskEnded)));
    channel.silent();
}

#[tokio::test]
async fn an_error_in_the_middle_is_no_end() {
    let (world, _channel, session, waiting) = one_task().await;
    world
        .result(&session, TASK, chunk(0, "half", false))
        .await
        .unwrap();
    let mut answer = waiting.await.unwrap();
    assert_eq!(text(&mut answer).await, "half");
    let error = TaskError {
        message: "it crashed".into(),
        status: None,
        code: None,
    };
    let failed = ResultMessage {
        error: Some(error),
        ..message(1)
    };
    world.result(&session, TASK, failed).await.unwrap();
    let end = piece(&mut answer).await;
    assert!(matches!(end, Some(Err(Error::Provider(_)))), "{end:?}");
}

#[tokio::test]
async fn a_whole_body_is_an_answer_in_one_message() {
    let (world, _channel, session, waiting) = one_task().await;
    let body = "{\"id\" : 1.00}";
    let whole = ResultMessage {
        status: Some(429),
        body: Some(serde_json::value::RawValue::from_string(body.into()).unwrap()),
        ..message(0)
    };
    let caller = async {
        let answer = waiting.await.unwrap();
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.content_type.as_ref().unwrap(), "application/json");
        all(answer).await
    };
    let ((text, error), said) = tokio::join!(caller, world.result(&session, TASK, whole));
    said.unwrap();
    assert_eq!((&*text, error.is_none()), (body, true), "byte for byte");
}

#[tokio::test]
async fn bytes_that_are_no_text_ride_in_base64() {
    let (world, _channel, session, waiting) = one_task().await;
    let bytes = |encoded: &str| ResultMessage {
        content_type: Some("application/octet-stream".into()),
        chunk: Some(Chunk {
            data: String::new(),
            data_base64: Some(encoded.into()),
            done: false,
        }),
        ..message(0)
    };
    let refused = world.result(&session, TASK, bytes("not base64!")).await;
    assert!(matches!(refused, Err(Error::BadMessage(_))));
    world.result(&session, TASK, bytes("/wD+")).await.unwrap();
    let mut answer = waiting.await.unwrap();
    assert_eq!(
        answer.content_type.as_ref().unwrap(),
        "application/octet-stream"
    );
    let piece = piece(&mut answer).await.unwrap().unwrap();
    assert_eq!(&piece[..], b"\xff\x00\xfe");
}

#[tokio::test]
async fn a_message_that_makes_no_sense_changes_nothing() {
    let (world, mut channel, session, waiting) = one_task().await;
    let both = ResultMessage {
        error: Some(TaskError {
            message: "x".into(),
            status: None,
            code: None,
        }),
        ..chunk(0, "x", false)
    };
    let status = ResultMessage {
        status: Some(99),
        ..chunk(0, "x", false)
    };
    let header = ResultMessage {
        content_type: Some("text/\nx".into()),
        ..chunk(0, "x", false)
    };
    for bad in [message(0), both, status, header] {
        let refused = world.result(&session, TASK, bad).await;
        assert!(matches!(refused, Err(Error::BadMessage(_))), "{refused:?}");
    }
    channel.silent();
    world
        .result(&session, TASK, chunk(0, "fine", false))
        .await
        .unwrap();
    assert_eq!(text(&mut waiting.await.unwrap()).await, "fine");
}
