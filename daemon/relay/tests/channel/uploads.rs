//! Answers in one stream: the upload's body is the caller's body.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kit::lifecycle::Ends;
use relay::{Error, UploadHead};
use shared::channel::{Frame, ResultMessage, TaskError};
use shared::keepalive::Mark;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::oneshot;

use crate::publisher::{Channel, Waiting, chunk, piece, text};
use crate::world::{World, settle};

/// More than what the relay waits for an explanation.
const REASON_GRACE: Duration = Duration::from_secs(1);

/// The publisher's end of an upload; dropped, the connection is cut.
struct Upload(DuplexStream);

impl Upload {
    /// An upload that has begun, as a route gets it.
    async fn begin(world: &World) -> (Self, Incoming) {
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        let (taken, body) = oneshot::channel();
        let taken = Arc::new(Mutex::new(Some(taken)));
        world.lifecycle.spawn("upload", Ends::Alone, async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let taken = taken.lock().unwrap().take().unwrap();
                taken.send(request.into_body()).unwrap();
                std::future::pending::<Result<Response<String>, hyper::Error>>()
            });
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(far), service)
                .await;
        });
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
        near.write_all(head).await.unwrap();
        (Self(near), body.await.unwrap())
    }

    async fn say(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.0.write_all(chunk.as_bytes()).await.unwrap();
    }

    async fn end(&mut self) {
        self.0.write_all(b"0\r\n\r\n").await.unwrap();
    }
}

fn head() -> UploadHead {
    UploadHead {
        epoch: Some(1),
        status: StatusCode::OK,
        content_type: Some(HeaderValue::from_static("text/event-stream")),
        retry_after: None,
        dropped_params: None,
        keepalive: None,
    }
}

async fn one_task() -> (World, Channel, String, Waiting) {
    let world = World::new().await;
    let (mut channel, session) = world.active(&["a"]).await;
    let waiting = world.ask(&session, "a");
    assert_eq!(channel.task().task_id, "1-1");
    (world, channel, session, waiting)
}

#[tokio::test]
async fn bytes_reach_the_caller_as_they_come_and_the_end_is_acknowledged() {
    let (world, mut channel, session, waiting) = one_task().await;
    let (mut upload, body) = Upload::begin(&world).await;
    let head = UploadHead {
        status: StatusCode::IM_A_TEAPOT,
        retry_after: Some(HeaderValue::from_static("7")),
        dropped_params: Some(HeaderValue::from_static("seed")),
        ..head()
    };
    let accepted = world
        .relay
        .accept_upload("laptop", &session, "1-1", head, body);
    let caller = async {
        let mut answer = waiting.await.unwrap();
        assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
        assert_eq!(answer.content_type.as_ref().unwrap(), "text/event-stream");
        assert_eq!(answer.retry_after.as_ref().unwrap(), "7");
        assert_eq!(answer.dropped_params.as_ref().unwrap(), "seed");
        for said in ["one", "two"] {
            upload.say(said).await;
            assert_eq!(text(&mut answer).await, said);
        }
        upload.end().await;
        assert!(piece(&mut answer).await.is_none());
    };
    let (accepted, ()) = tokio::join!(accepted, caller);
    accepted.unwrap();
    assert!(matches!(channel.next(), Frame::Ack(ack) if ack.task_id == "1-1"));
    channel.silent();
    assert_eq!(world.relay.load(), (1, 0));
}

#[tokio::test]
async fn an_upload_is_acknowledged_once_per_epoch() {
    let (world, mut channel, session, waiting) = one_task().await;
    let second = world.ask(&session, "a");
    assert_eq!(channel.task().task_id, "1-2");
    for (task, waiting, acknowledged) in [("1-1", waiting, true), ("1-2", second, false)] {
        let (mut upload, body) = Upload::begin(&world).await;
        upload.end().await;
        let accepted = world
            .relay
            .accept_upload("laptop", &session, task, head(), body);
        let caller = async { assert!(piece(&mut waiting.await.unwrap()).await.is_none()) };
        let (accepted, ()) = tokio::join!(accepted, caller);
        accepted.unwrap();
        match acknowledged {
            true => assert!(matches!(channel.next(), Frame::Ack(_))),
            false => channel.silent(),
        }
    }
}

#[tokio::test]
async fn a_cut_upload_is_no_end() {
    let (world, mut channel, session, waiting) = one_task().await;
    let (mut upload, body) = Upload::begin(&world).await;
    let accepted = world
        .relay
        .accept_upload("laptop", &session, "1-1", head(), body);
    let caller = async {
        let mut answer = waiting.await.unwrap();
        upload.say("half").await;
        assert_eq!(text(&mut answer).await, "half");
        drop(upload);
        let why = async {
            settle().await;
            // So long a reason is waited for.
            world.pass(REASON_GRACE).await;
        };
        let (end, ()) = tokio::join!(answer.body.frame(), why);
        let end = end.unwrap();
        assert!(matches!(end, Err(Error::CutShort)), "{end:?}");
        drop(answer);
    };
    let (accepted, ()) = tokio::join!(accepted, caller);
    assert!(matches!(accepted, Err(Error::TaskEnded)));
    assert!(matches!(channel.next(), Frame::Ack(_)));
    channel.silent();
}

#[tokio::test]
async fn an_error_message_explains_a_cut_upload() {
    let (world, _channel, session, waiting) = one_task().await;
    let (mut upload, body) = Upload::begin(&world).await;
    let accepted = world
        .relay
        .accept_upload("laptop", &session, "1-1", head(), body);
    let caller = async {
        let mut answer = waiting.await.unwrap();
        upload.say("half").await;
        assert_eq!(text(&mut answer).await, "half");
        drop(upload);
        let explain = async {
            settle().await;
            let failed = ResultMessage {
                chunk: None,
                error: Some(TaskError {
                    message: "the model crashed".into(),
                    status: None,
                    code: None,
                }),
                ..chunk(0, "", false)
            };
            world.result(&session, "1-1", failed).await.unwrap();
        };
        let (end, ()) = tokio::join!(answer.body.frame(), explain);
        let end = end.unwrap().unwrap_err();
        assert_eq!(end.to_string(), "the model crashed");
    };
    let (accepted, ()) = tokio::join!(accepted, caller);
    assert!(matches!(accepted, Err(Error::TaskEnded)));
}

#[tokio::test]
async fn a_caller_that_goes_ends_the_upload_and_cancels_the_task() {
    let (world, mut channel, session, waiting) = one_task().await;
    let (mut upload, body) = Upload::begin(&world).await;
    let accepted = world
        .relay
        .accept_upload("laptop", &session, "1-1", head(), body);
    let caller = async {
        let mut answer = waiting.await.unwrap();
        upload.say("half").await;
        assert_eq!(text(&mut answer).await, "half");
        drop(answer);
    };
    let (accepted, ()) = tokio::join!(accepted, caller);
    assert!(matches!(accepted, Err(Error::TaskEnded)));
    assert!(matches!(channel.next(), Frame::Ack(_)));
    channel.cancelled("1-1");
}

#[tokio::test]
async fn an_answer_is_brought_once() {
    let (world, _channel, session, waiting) = one_task().await;
    let (mut upload, body) = Upload::begin(&world).await;
    let (_second, second_body) = Upload::begin(&world).await;
    let relay = &world.relay;
    let accepted = relay.accept_upload("laptop", &session, "1-1", head(), body);
    let caller = async {
        let mut answer = waiting.await.unwrap();
        let second = relay.accept_upload("laptop", &session, "1-1", head(), second_body);
        assert!(matches!(second.await, Err(Error::Contradiction(_))));
        let message = world.result(&session, "1-1", chunk(0, "x", true)).await;
        assert!(matches!(message, Err(Error::Contradiction(_))));
        upload.say("the first").await;
        assert_eq!(text(&mut answer).await, "the first");
        upload.end().await;
        assert!(piece(&mut answer).await.is_none());
    };
    let (accepted, ()) = tokio::join!(accepted, caller);
    accepted.unwrap();
}

#[tokio::test]
async fn another_principals_or_epochs_upload_is_refused() {
    let (world, mut channel, session, _waiting) = one_task().await;
    let relay = &world.relay;
    let (_upload, body) = Upload::begin(&world).await;
    let eves = relay
        .accept_upload("eve", &session, "1-1", head(), body)
        .await;
    assert!(matches!(eves, Err(Error::NotFound)));
    let (_upload, body) = Upload::begin(&world).await;
    let other = UploadHead {
        epoch: Some(7),
        ..head()
    };
    let stale = relay
        .accept_upload("laptop", &session, "1-1", other, body)
        .await;
    assert!(matches!(stale, Err(Error::StaleEpoch { .. })));
    channel.silent();
    assert_eq!(world.relay.load(), (1, 1));
}

#[tokio::test]
async fn what_the_caller_does_not_read_is_not_taken_off_the_upload() {
    let (world, _channel, session, waiting) = one_task().await;
    let (mut upload, body) = Upload::begin(&world).await;
    let accepted = world
        .relay
        .accept_upload("laptop", &session, "1-1", head(), body);
    let caller = async {
        let _answer = waiting.await.unwrap();
        let piece = Bytes::from(vec![b'x'; 16 * 1024]);
        let piece = str::from_utf8(&piece).unwrap();
        let mut taken = 0;
        loop {
            tokio::select! {
                biased;
                () = upload.say(piece) => taken += piece.len(),
                () = settle() => break,
            }
            assert!(taken < 2 * 1024 * 1024, "the reader stands still");
        }
    };
    tokio::select! {
        _ = accepted => panic!("the answer was not read"),
        () = caller => {}
    }
}

#[tokio::test]
async fn what_an_upload_says_in_silence_is_taken_out_wherever_it_is_cut() {
    let (world, mut channel, session, waiting) = one_task().await;
    let (mut upload, body) = Upload::begin(&world).await;
    let mark = Mark::of("0123456789abcdef").unwrap();
    let said = String::from_utf8(mark.as_bytes().to_vec()).unwrap();
    let head = UploadHead {
        keepalive: Some(mark),
        ..head()
    };
    let accepted = world
        .relay
        .accept_upload("laptop", &session, "1-1", head, body);
    let caller = async {
        let mut answer = waiting.await.unwrap();
        upload.say(&said).await;
        upload.say(&format!("one{said}{said} ")).await;
        assert_eq!(text(&mut answer).await, "one ");
        upload.say(&said[..5]).await;
        upload.say(&format!("{}two\u{16}01", &said[5..])).await;
        assert_eq!(text(&mut answer).await, "two");
        upload.end().await;
        assert_eq!(text(&mut answer).await, "\u{16}01", "it was none");
        assert!(piece(&mut answer).await.is_none());
    };
    let (accepted, ()) = tokio::join!(accepted, caller);
    accepted.unwrap();
    assert!(matches!(channel.next(), Frame::Ack(_)));
    channel.silent();
}
