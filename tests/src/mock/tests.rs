//! The mock against the bench's own client, over real sockets.

use super::*;
use crate::bench::client::{Caller, Reply, Target};
use crate::bench::control::{self, Seen, wait_for};
use crate::bench::taps::{Collect, CountEvents, Lateness};
use crate::bench::trouble::Trouble;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CHAT: &str = "/v1/chat/completions";

fn mock() -> Mock {
    Mock::start(Settings {
        record: 8,
        ..Settings::default()
    })
    .unwrap()
}

fn chat(mock: &Mock, stream: bool, behaviour: &Behaviour) -> Vec<u8> {
    let body =
        serde_json::json!({"model": "m1", "stream": stream, "messages": [], "mock": behaviour});
    Target::post(mock.addr(), CHAT, None).request(&body.to_string())
}

async fn collect(mock: &Mock, request: &[u8]) -> (Result<Reply, Trouble>, String) {
    let mut caller = Caller::connect(mock.addr()).await.unwrap();
    let mut seen = Collect::default();
    let reply = caller.call(request, &mut seen).await;
    (reply, String::from_utf8_lossy(&seen.bytes).into_owned())
}

async fn wait_until(
    mock: &Mock,
    what: &str,
    holds: impl Fn(&StatsSnapshot) -> bool,
) -> StatsSnapshot {
    wait_for(
        what,
        Duration::from_secs(5),
        Duration::from_millis(1),
        || async {
            let stats = mock.stats();
            Ok(if holds(&stats) {
                Seen::Done(stats)
            } else {
                Seen::NotYet(format!("{stats:?}"))
            })
        },
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn a_whole_answer_names_the_model_and_counts_its_tokens() {
    let mock = mock();
    let (reply, body) = collect(
        &mock,
        &chat(
            &mock,
            false,
            &Behaviour {
                tokens: 3,
                ..Behaviour::default()
            },
        ),
    )
    .await;
    assert_eq!(
        reply.unwrap(),
        Reply {
            status: 200,
            keep_alive: true
        }
    );
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["model"], "m1");
    assert_eq!(body["choices"][0]["message"]["content"], "t0 t1 t2 ");
    assert_eq!(body["usage"]["completion_tokens"], 3);
}

#[tokio::test]
async fn a_stream_has_its_tokens_its_usage_and_an_end() {
    for burst in [false, true] {
        let mock = mock();
        let behaviour = Behaviour {
            tokens: 500,
            burst,
            ..Behaviour::default()
        };
        let mut caller = Caller::connect(mock.addr()).await.unwrap();
        let mut seen = CountEvents::default();
        caller
            .call(&chat(&mock, true, &behaviour), &mut seen)
            .await
            .unwrap();
        // The tokens, the finish reason, the usage, `[DONE]`.
        assert_eq!(
            (seen.events, seen.is_complete()),
            (503, true),
            "burst {burst}"
        );
        assert_eq!(mock.stats().tokens, 500);
    }
}

#[tokio::test]
async fn every_event_of_a_stream_is_json() {
    let mock = mock();
    let (_, body) = collect(
        &mock,
        &chat(
            &mock,
            true,
            &Behaviour {
                stamp: true,
                ..Behaviour::default()
            },
        ),
    )
    .await;
    let events: Vec<&str> = body.split_terminator("\n\n").collect();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(*done, "data: [DONE]");
    let text: String = chunks
        .iter()
        .map(|event| {
            serde_json::from_str::<serde_json::Value>(event.strip_prefix("data: ").unwrap())
                .unwrap()
        })
        .filter_map(|chunk| {
            chunk["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(text, (0..16).map(|n| format!("t{n} ")).collect::<String>());
}

#[tokio::test]
async fn the_usage_chunk_can_wait_to_be_asked() {
    let mock = mock();
    let behaviour = Behaviour {
        usage: UsageChunk::Asked,
        ..Behaviour::default()
    };
    let (_, without) = collect(&mock, &chat(&mock, true, &behaviour)).await;
    assert!(!without.contains("usage"));
    let body =
        r#"{"stream":true,"stream_options":{"include_usage":true},"mock":{"usage":"asked"}}"#;
    let (_, with) = collect(&mock, &Target::post(mock.addr(), CHAT, None).request(body)).await;
    assert!(with.contains(r#""completion_tokens":16"#), "{with}");
}

#[tokio::test]
async fn tokens_carry_their_send_time_and_keep_their_pace() {
    let mock = mock();
    let behaviour = Behaviour {
        tokens: 5,
        interval_ms: 5,
        stamp: true,
        ..Behaviour::default()
    };
    let mut caller = Caller::connect(mock.addr()).await.unwrap();
    let mut seen = Lateness::default();
    let begin = crate::clock::monotonic_ns();
    caller
        .call(&chat(&mock, true, &behaviour), &mut seen)
        .await
        .unwrap();
    assert_eq!((seen.late_ns.len(), seen.done), (5, true));
    assert!(crate::clock::monotonic_ns() - begin >= 4 * 5_000_000);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_whatever_it_waits_for() {
    let slow = Behaviour {
        first_token_ms: 60_000,
        ..Behaviour::default()
    };
    let stalled = Behaviour {
        stall_after: Some(1),
        ..Behaviour::default()
    };
    let silent = Behaviour {
        never_start: true,
        ..Behaviour::default()
    };
    let flood = Behaviour {
        tokens: u32::MAX,
        burst: true,
        ..Behaviour::default()
    };
    let cases = [
        (false, &slow),
        (true, &slow),
        (true, &stalled),
        (true, &silent),
        (false, &silent),
        (true, &flood),
    ];
    for (stream, behaviour) in cases {
        let mock = mock();
        let mut client = TcpStream::connect(mock.addr()).await.unwrap();
        client
            .write_all(&chat(&mock, stream, behaviour))
            .await
            .unwrap();
        wait_until(&mock, "the request", |stats| stats.in_flight == 1).await;
        drop(client);
        let stats = wait_until(&mock, "the abort", |stats| {
            stats.aborted == 1 && stats.in_flight == 0
        })
        .await;
        assert_eq!(
            (stats.completed, stats.aborts.len()),
            (0, 1),
            "{behaviour:?}"
        );
    }
}

#[tokio::test]
async fn a_cut_answer_is_never_whole() {
    for stream in [true, false] {
        let mock = mock();
        let behaviour = Behaviour {
            cut_after: Some(2),
            ..Behaviour::default()
        };
        let (reply, body) = collect(&mock, &chat(&mock, stream, &behaviour)).await;
        assert!(
            reply.is_err() && !body.contains("[DONE]"),
            "stream {stream}: {body}"
        );
        wait_until(&mock, "the cut", |stats| {
            stats.cut == 1 && stats.aborted == 0
        })
        .await;
    }
}

#[tokio::test]
async fn garbage_comes_as_ordered() {
    let mock = mock();
    let ask = |garbage| Behaviour {
        garbage: Some(garbage),
        tokens: 5,
        ..Behaviour::default()
    };
    let (reply, page) = collect(&mock, &chat(&mock, true, &ask(Garbage::Html))).await;
    assert!(reply.unwrap().status == 200 && page.starts_with("<!doctype html>"));
    let (_, noisy) = collect(&mock, &chat(&mock, true, &ask(Garbage::BadSse))).await;
    assert!(
        noisy.contains("nonsense") && noisy.contains("t4 ") && noisy.contains("[DONE]"),
        "{noisy}"
    );
    let (_, split) = collect(&mock, &chat(&mock, true, &ask(Garbage::SplitUtf8))).await;
    assert_eq!(split.matches("日本語🦀").count(), 5, "{split}");
}

#[tokio::test]
async fn an_ordered_failure_looks_like_openai_and_says_when_to_come_back() {
    let mock = mock();
    let mut client = TcpStream::connect(mock.addr()).await.unwrap();
    let behaviour = Behaviour {
        status: Some(429),
        ..Behaviour::default()
    };
    client
        .write_all(&chat(&mock, true, &behaviour))
        .await
        .unwrap();
    let mut answer = vec![0; 4096];
    let read = client.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(
        answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("retry-after: 1\r\n") && answer.contains(r#""error":{"message""#),
        "{answer}"
    );
}

#[tokio::test]
async fn embeddings_are_numbers_or_base64_as_asked() {
    let mock = mock();
    for (asked, wanted) in [
        ("", "\"embedding\":[0.125, 0.125"),
        (
            r#","encoding_format":"float""#,
            "\"embedding\":[0.125, 0.125",
        ),
        (
            r#","encoding_format":"base64""#,
            "\"embedding\":\"AAAAPgAAAD4",
        ),
    ] {
        let mut client = TcpStream::connect(mock.addr()).await.unwrap();
        let body = format!(r#"{{"input":"a"{asked}}}"#);
        let length = body.len();
        let wire =
            format!("POST /v1/embeddings HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}");
        client.write_all(wire.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = client.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.contains(wanted), "{asked}: {answer}");
    }
}

#[tokio::test]
async fn a_chunked_request_is_read_and_recorded() {
    let mock = mock();
    let mut client = TcpStream::connect(mock.addr()).await.unwrap();
    let wire = "POST /v1/embeddings HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX-Secret: s\r\n\r\n\
                8\r\n{\"input\"\r\nB\r\n:[\"a\",\"b\"]}\r\n0\r\n\r\n";
    client.write_all(wire.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = client.read(&mut answer).await.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&answer[..read])
            .matches(r#""object":"embedding""#)
            .count(),
        2
    );
    let seen = mock.requests();
    assert_eq!(
        (
            seen.len(),
            seen[0].path.as_str(),
            seen[0].header("x-secret")
        ),
        (1, "/v1/embeddings", Some("s"))
    );
    assert_eq!(seen[0].body, br#"{"input":["a","b"]}"#);
}

#[tokio::test]
async fn models_statistics_and_the_key_are_served() {
    let settings = Settings {
        api_key: Some("k".to_owned()),
        models: vec!["a".to_owned()],
        ..Settings::default()
    };
    let mock = Mock::start(settings).unwrap();
    let models = |key| Target::new("GET", mock.addr(), "/v1/models", key);
    assert_eq!(control::call(&models(None), "").await.unwrap().0, 401);
    let list = control::call_ok(&models(Some("k")), "").await.unwrap();
    assert_eq!(list["data"][0]["id"], "a");
    let stats = control::call_ok(&Target::new("GET", mock.addr(), "/mock/stats", None), "")
        .await
        .unwrap();
    let stats: StatsSnapshot = serde_json::from_value(stats).unwrap();
    assert_eq!(
        (stats.requests, stats.completed, stats.open_connections),
        (2, 2, 1)
    );
}

#[tokio::test]
async fn a_mock_can_come_back_on_its_port() {
    let first = mock();
    let addr = first.addr();
    let _left_open = Caller::connect(addr).await.unwrap();
    drop(first);
    let second = Mock::start_on(addr, Settings::default()).unwrap();
    assert_eq!(second.addr(), addr);
    collect(&second, &chat(&second, false, &Behaviour::default()))
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn what_was_sent_is_counted_by_how_it_ended() {
    let mock = mock();
    let ask = |stream, cut_after| {
        let behaviour = Behaviour {
            tokens: 10,
            cut_after,
            ..Behaviour::default()
        };
        chat(&mock, stream, &behaviour)
    };
    for request in [ask(true, None), ask(false, None), ask(true, Some(4))] {
        let _ = collect(&mock, &request).await;
    }
    let stats = wait_until(&mock, "the cut", |stats| stats.cut == 1).await;
    assert_eq!(
        (stats.completions, stats.tokens_completed, stats.tokens_cut),
        (2, 20, 4)
    );
}

#[tokio::test]
async fn tools_are_called_as_the_prompt_says_whole_and_in_pieces() {
    let mock = mock();
    let cue = r#"Go. [[mock {"tool_calls":[{"name":"a","arguments":{"x":1}},{"name":"b"}],"usage":"asked_with_nulls"}]]"#;
    let body = |stream: bool| {
        serde_json::json!({
            "stream": stream, "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": cue}],
        })
    };
    let ask = |stream| Target::post(mock.addr(), CHAT, None).request(&body(stream).to_string());
    let (_, whole) = collect(&mock, &ask(false)).await;
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let choice = &whole["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"]["arguments"],
        r#"{"x":1}"#
    );
    let (_, stream) = collect(&mock, &ask(true)).await;
    let events: Vec<&str> = stream.split_terminator("\n\n").collect();
    assert_eq!(events.last(), Some(&"data: [DONE]"), "{stream}");
    let chunks = &events[..events.len() - 2];
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk.ends_with(r#","usage":null}"#)),
        "{stream}"
    );
    assert!(stream.contains(r#""name":"b""#), "{stream}");
}

#[tokio::test]
async fn a_scripted_answer_is_played_byte_for_byte() {
    let mock = mock();
    for piece_bytes in [0, 1, 5] {
        let body = b": hi\r\n\r\ndata: {\"a\" : 1.00}\r\n\r\n".to_vec();
        mock.play(Scripted {
            status: 418,
            content_type: "text/event-stream".to_owned(),
            body: body.clone(),
            piece_bytes,
        });
        let request = Target::post(mock.addr(), "/v1/responses", None).request("{}");
        let (reply, seen) = collect(&mock, &request).await;
        assert_eq!((reply.unwrap().status, seen.as_bytes()), (418, &body[..]));
    }
    let seen = Target::new("GET", mock.addr(), "/mock/requests", None);
    let seen = control::call_ok(&seen, "").await.unwrap();
    assert_eq!(seen[2]["body"], "{}");
}
