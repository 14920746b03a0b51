//! Answers: every byte as it was, complete or recognisably not.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared::channel::{ResultMessage, TaskError};
use shared::local_control::Status;
use tokio::net::TcpSocket;

use crate::fake_mcpd::{Ended, Seen};
use crate::fake_provider::{
    DIE_MIDWAY, DIE_MIDWAY_OF_KNOWN_LENGTH, HANG_MIDWAY, PIECES, STREAM, WHOLE, forgetful,
};
use crate::fixture::Fixture;
use crate::ports::free_address;

fn asking(for_what: &str) -> String {
    format!("{{\"x\" :\"{for_what}\", \"model\":\"p\",\"n\":1.00}}")
}

/// The bytes of an answer that came piece by piece; asserts that it is complete.
fn joined(messages: &[ResultMessage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        assert_eq!(message.seq, at as u64);
        let chunk = message.chunk.as_ref().unwrap();
        bytes.extend_from_slice(chunk.data.as_bytes());
        if let Some(coded) = &chunk.data_base64 {
            bytes.extend(STANDARD.decode(coded).unwrap());
        }
        assert_eq!(chunk.done, at + 1 == messages.len());
    }
    bytes
}

#[tokio::test]
async fn a_stream_arrives_byte_for_byte_with_its_status_and_type() {
    let it = Fixture::connected().await;
    it.mcpd.task("t1", true, Some(&asking(STREAM))).await;
    let (headers, body) = it.mcpd.upload("t1", Ended::Cleanly).await;
    assert_eq!(body, PIECES.concat());
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["x-mcpctl-upstream-status"], "200");
    assert_eq!(headers["x-mcpctl-epoch"], it.mcpd.epoch().to_string());
    assert_eq!(headers["x-mcpctl-provider-session"], "s-1");
    // Of the request, only the model was changed.
    let asked = it.provider.seen.lock().unwrap().bodies[0].clone();
    assert_eq!(asked, asking(STREAM).replace(r#""p""#, r#""m""#));
}

#[tokio::test]
async fn a_whole_answer_keeps_its_length_and_every_connection_is_used_again() {
    let it = Fixture::connected().await;
    for id in ["t1", "t2", "t3"] {
        it.mcpd.task(id, false, Some(&asking("nothing"))).await;
        let (headers, body) = it.mcpd.upload(id, Ended::Cleanly).await;
        assert_eq!(body, WHOLE);
        assert_eq!(headers["content-length"], WHOLE.len().to_string());
    }
    // The health poll's connection served all three.
    assert_eq!(it.provider.seen.lock().unwrap().connections, 1);
}

#[tokio::test]
async fn a_large_request_is_fetched() {
    let it = Fixture::connected().await;
    let body = asking(&format!("{STREAM}{}", "y".repeat(200_000)));
    it.mcpd
        .behave(|manner| manner.bodies = HashMap::from([("t1".into(), body.clone().into())]));
    it.mcpd.task("t1", true, None).await;
    it.mcpd.upload("t1", Ended::Cleanly).await;
    let asked = it.provider.seen.lock().unwrap().bodies[0].len();
    assert_eq!(asked, body.len());
}

#[tokio::test]
async fn half_an_answer_never_looks_complete() {
    let it = Fixture::connected().await;
    for (id, how) in [("t1", DIE_MIDWAY), ("t2", DIE_MIDWAY_OF_KNOWN_LENGTH)] {
        it.mcpd.task(id, true, Some(&asking(how))).await;
        // Whatever of the upload arrived, the server hears that there will be no more.
        let messages = it.mcpd.result(id).await;
        assert_eq!(messages[0].error.as_ref().unwrap().status, Some(502));
        let ended = it
            .mcpd
            .look(|seen| seen.uploads.get(id).map(|upload| upload.ended));
        assert_ne!(ended, Some(Ended::Cleanly));
    }
}

/// The first word about a task that gets no answer.
async fn refusal(it: &Fixture, id: &str) -> TaskError {
    let found = |seen: &Seen| seen.results.get(id)?[0].error.clone();
    it.mcpd.wait("a refusal", found).await
}

/// Neither this refusal nor anything else that the server was told names the provider's address; its owner is told.
async fn only_its_owner_is_told(it: &Fixture, error: &TaskError, address: SocketAddr) {
    let port = address.port().to_string();
    for part in ["127.0.0.1", &port, "http"] {
        assert!(!error.message.contains(part), "{error:?} names {part}");
    }
    let failed = |status: &Status| {
        let p = status.providers.iter().find(|p| p.name.as_str() == "p")?;
        (p.ready == Some(false)).then(|| p.message.clone().unwrap())
    };
    let message = it.wait_status(failed).await;
    assert!(message.contains(&address.to_string()), "{message}");
    // The health that it found is in its next heartbeat.
    let beats = it.mcpd.look(|seen| seen.heartbeats.len());
    it.mcpd.ping(7).await;
    let another = |seen: &Seen| (seen.heartbeats.len() > beats).then_some(());
    it.mcpd.wait("another heartbeat", another).await;
    let told = it.mcpd.look(|seen| format!("{seen:?}"));
    assert!(!told.contains(&address.to_string()), "{told}");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_told_without_its_address() {
    // Bound, and so nobody else's; nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let url = format!("http://{address}/v1");
    let it = Fixture::connected_with(json!({"providers": [
        {"name": "p", "type": "openai", "url": url, "model": "m", "publish": true},
        {"name": "d", "type": "demo", "publish": true}]}))
    .await;
    // Down from the start, so not offered; a task for it is refused all the same.
    let offered = it.mcpd.look(|seen| seen.registers[0].providers.len());
    assert_eq!(offered, 1);
    it.mcpd.task("t1", true, Some(&asking("x"))).await;
    let error = refusal(&it, "t1").await;
    assert_eq!(error.code.as_deref(), Some("provider_offline"));
    only_its_owner_is_told(&it, &error, address).await;
}

#[tokio::test]
async fn a_provider_that_is_gone_when_it_is_asked_is_told_without_its_address() {
    for mode in ["stream", "chunks"] {
        let (address, serving) = forgetful(free_address()).await;
        let p = json!({"url": format!("http://{address}/v1")});
        let it = Fixture::connected_with(json!({"p": p, "resultMode": mode})).await;
        // It was offered, and no poll has missed it yet: it is asked, and nobody takes the connection.
        let offered = it.mcpd.look(|seen| seen.registers[0].providers.len());
        assert_eq!(offered, 1);
        serving.shut_down(Duration::ZERO).await;
        it.mcpd.task("t1", true, Some(&asking("x"))).await;
        let error = refusal(&it, "t1").await;
        let said = (error.status, error.code.as_deref());
        assert_eq!(said, (Some(502), Some("provider_error")), "{mode}");
        let words = "the provider can't be reached on its publisher's machine";
        assert_eq!(error.message, words, "{mode}");
        only_its_owner_is_told(&it, &error, address).await;
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_the_caller_s_fault() {
    let it = Fixture::connected().await;
    it.mcpd.task("t1", true, Some("[1]")).await;
    let message = it
        .mcpd
        .wait("a refusal", |seen| {
            seen.results.get("t1").map(|m| m[0].clone())
        })
        .await;
    assert_eq!((message.seq, message.error.unwrap().status), (0, Some(400)));
}

#[tokio::test]
async fn in_chunks_the_same_bytes_arrive_piece_by_piece() {
    let it = Fixture::connected_with(json!({"resultMode": "chunks"})).await;
    it.mcpd.task("t1", true, Some(&asking(STREAM))).await;
    let messages = it.mcpd.result("t1").await;
    assert_eq!(joined(&messages), PIECES.concat());
    let head = (messages[0].status, messages[0].content_type.as_deref());
    assert_eq!(head, (Some(200), Some("text/event-stream")));
    assert!(messages[1..].iter().all(|message| message.status.is_none()));
    assert!(it.mcpd.look(|seen| seen.uploads.is_empty()));
}

#[tokio::test]
async fn in_chunks_half_an_answer_ends_with_an_error() {
    let it = Fixture::connected_with(json!({"resultMode": "chunks"})).await;
    it.mcpd.task("t1", true, Some(&asking(DIE_MIDWAY))).await;
    let messages = it.mcpd.result("t1").await;
    let last = messages.last().unwrap();
    assert!(last.error.is_some() && last.chunk.is_none());
}

#[tokio::test]
async fn an_upload_that_the_server_never_hears_of_switches_to_chunks() {
    let it = Fixture::connected().await;
    it.mcpd.task("t0", true, Some(&asking(HANG_MIDWAY))).await;
    it.mcpd.until_in_chunks(&asking(STREAM)).await;
}

#[tokio::test]
async fn an_upload_that_is_refused_as_a_stream_is_told_of_and_switches_to_chunks() {
    for status in [411, 413, 501] {
        let it = Fixture::connected().await;
        it.mcpd
            .behave(|manner| manner.refuse_uploads = Some(status));
        it.mcpd.task("t0", true, Some(&asking(STREAM))).await;
        let told = it.mcpd.result("t0").await.remove(0).error.unwrap();
        assert_eq!(told.status, Some(502));
        let status = status.to_string();
        assert!(told.message.contains(&status), "{}", told.message);
        it.mcpd.until_in_chunks(&asking(STREAM)).await;
    }
}

#[tokio::test]
async fn an_upload_that_a_proxy_refuses_for_now_is_told_of() {
    let it = Fixture::connected().await;
    it.mcpd.behave(|manner| manner.refuse_uploads = Some(503));
    it.mcpd.task("t0", true, Some(&asking(STREAM))).await;
    let told = it.mcpd.result("t0").await.remove(0).error.unwrap();
    assert!(told.message.contains("503"), "{}", told.message);
    // It was no word about streams.
    it.mcpd.behave(|manner| manner.refuse_uploads = None);
    it.mcpd.task("t1", true, Some(&asking(STREAM))).await;
    it.mcpd.upload("t1", Ended::Cleanly).await;
}

#[tokio::test]
async fn providers_of_other_dialects_answer_in_openais_shape() {
    let key = std::env::temp_dir().join(format!("mcplocal-dialect-{}", std::process::id()));
    std::fs::write(&key, "canary").unwrap();
    for dialect in ["anthropic", "gemini"] {
        let p = json!({"type": dialect, "apiKey": {"file": key}});
        let it = Fixture::connected_with(json!({"p": p})).await;
        let offered = it.mcpd.look(|seen| seen.registers[0].providers[0].clone());
        assert_eq!(offered.provider_type.as_str(), dialect);
        let body = r#"{"model":"p","messages":[{"role":"user","content":"hi"}]}"#;
        it.mcpd.task("t1", false, Some(body)).await;
        let (headers, body) = it.mcpd.upload("t1", Ended::Cleanly).await;
        assert_eq!(headers["x-mcpctl-upstream-status"], "200", "{dialect}");
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], "hello");
        assert_eq!(answer["usage"]["prompt_tokens"], 3);
    }
    std::fs::remove_file(&key).unwrap();
}
