//! The control channel: frames down, messages up, and the answers to them.

use fuzzing::{bytes, mutated_text};
use proptest::prelude::*;
use proptest::sample::select;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::channel::{
    Frame, Heartbeat, HeartbeatReply, MAX_FRAME_BYTES, Register, Registered, ResultMessage, Task,
    encode_task, rides_inline,
};
use shared::infer_path::InferPath;
use shared::sse::{Decoder, Event};

const FRAMES: [(&str, &str); 8] = [
    (
        "hello",
        r#"{"epoch":3,"pingIntervalMs":15000,"protocol":1}"#,
    ),
    (
        "task",
        r#"{"taskId":"t1","llm":"laptop","method":"POST","path":"chat/completions","stream":true,"deadlineMs":600000,"body":{"messages":[{"role":"user","content":"\u0041 é"}],"x":1.00}}"#,
    ),
    (
        "task",
        r#"{"taskId":"t2","llm":"org/m:7b","method":"POST","path":"embeddings","stream":false,"deadlineMs":1,"bodyRef":"_provider-task/t2"}"#,
    ),
    ("ack", r#"{"taskId":"t1"}"#),
    ("cancel", r#"{"taskId":"t1","reason":"caller_gone"}"#),
    ("wake", r#"{"llm":"laptop"}"#),
    ("goaway", r#"{"reconnectAfterMs":2000}"#),
    ("ping", r#"{"seq":18446744073709551615}"#),
];

const MESSAGES: [&str; 9] = [
    r#"{"providerSessionId":"s1","node":{"id":"n","hostname":"h","version":"0.1.0"},"providers":[{"name":"laptop","type":"ollama","model":"qwen3:8b","tier":"fast","capabilities":["tools"],"contextWindow":32768,"maxConcurrency":2,"maxQueue":4,"streamUsage":false,"status":"hibernating","wakeTimeout":"1m30s"}]}"#,
    r#"{"providers":[]}"#,
    r#"{"providerSessionId":"s1","llms":[{"apiVersion":"mcpctl/v1","kind":"Llm","metadata":{"name":"laptop","id":"x","owner":"me","labels":{"a":"b"},"createdAt":"2026-11-21T09:30:00.125Z","resourceVersion":7},"spec":{"type":"ollama","model":"m","kind":"virtual"},"status":{"phase":"active"}}],"conflicts":[{"name":"b","message":"taken"}]}"#,
    r#"{"epoch":3,"lastPing":0,"providers":[{"name":"laptop","ready":true,"inFlight":1,"message":"m","wakeFailed":"w"}]}"#,
    r#"{"bound":true,"epoch":3,"serverTime":"2026-11-21T09:30:00.125Z"}"#,
    r#"{"seq":0,"status":200,"contentType":"text/event-stream","chunk":{"data":"data: x\n\n","done":false}}"#,
    r#"{"seq":1,"chunk":{"dataBase64":"/w==","done":true}}"#,
    r#"{"seq":0,"error":{"message":"gone","status":502,"code":"provider_error"}}"#,
    r#"{"seq":0,"body":{"choices":[1.00]}}"#,
];

fn event() -> impl Strategy<Value = Event> {
    let names = FRAMES.map(|(name, _)| name);
    let name = prop_oneof![
        8 => select(names.to_vec()).prop_map(String::from),
        1 => select(vec!["superseded", "later", ""]).prop_map(String::from),
    ];
    let data = prop_oneof![
        8 => mutated_text(&FRAMES.map(|(_, data)| data)),
        1 => bytes(60),
    ];
    (name, data).prop_map(|(event, data)| Event {
        event,
        data: String::from_utf8_lossy(&data).into_owned(),
        id: None,
    })
}

/// What was understood of `message`, as text; the text must be understood as the same.
fn survives<T: Serialize + DeserializeOwned>(message: &[u8]) -> Result<(), TestCaseError> {
    let Ok(read) = serde_json::from_slice::<T>(message) else {
        return Ok(());
    };
    let written = serde_json::to_string(&read);
    prop_assert!(
        written.is_ok(),
        "what was read can't be written: {written:?}"
    );
    let written = written.unwrap();
    let again = serde_json::from_str::<T>(&written);
    prop_assert!(
        again.is_ok(),
        "what was written can't be read: {:?}",
        again.err()
    );
    prop_assert_eq!(serde_json::to_string(&again.unwrap()).unwrap(), written);
    Ok(())
}

fn sent(bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    Decoder::new(1 << 20).feed(bytes, &mut events).unwrap();
    events
}

/// All of a frame, as its `Debug` form is not.
fn on_the_wire(frame: &Frame) -> String {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fuzzing::targets! {
    fn a_frame_that_is_understood_goes_over_the_wire_as_it_is(event in event()) {
        let Ok(frame) = Frame::decode(&event) else { return Ok(()) };
        let bytes = on_the_wire(&frame).into_bytes();
        // A body with a carriage return is no part of an event stream: `rides_inline` says so, and it is fetched.
        if let Frame::Task(task) = &frame
            && !task.body.as_ref().is_none_or(|body| rides_inline(body.get().as_bytes()))
        {
            return Ok(());
        }
        let events = sent(&bytes);
        prop_assert_eq!(events.len(), 1);
        let again = Frame::decode(&events[0]);
        prop_assert!(again.is_ok(), "{:?}", again);
        prop_assert_eq!(on_the_wire(&again.unwrap()), String::from_utf8_lossy(&bytes));
    }

    fn any_bytes_of_a_channel_are_frames_or_none(
        stream in fuzzing::mutated_stream(&[FRAMES
            .map(|(name, data)| format!("event: {name}\ndata: {data}\n\n"))
            .concat()]),
        cuts in fuzzing::cuts(),
    ) {
        let read = |pieces: &[&[u8]]| {
            let mut decoder = Decoder::new(MAX_FRAME_BYTES);
            let mut events = Vec::new();
            let ended = pieces.iter().try_for_each(|piece| decoder.feed(piece, &mut events));
            let frames: Vec<_> = events.iter().map(|event| match Frame::decode(event) {
                Ok(frame) => on_the_wire(&frame),
                Err(bad) => format!("{bad:?}"),
            }).collect();
            (frames, ended.is_ok())
        };
        prop_assert_eq!(read(&cuts.of(&stream)), read(&[&stream]));
    }

    fn a_message_that_is_understood_is_understood_again(
        message in prop_oneof![9 => mutated_text(&MESSAGES), 1 => bytes(80)],
    ) {
        survives::<Register>(&message)?;
        survives::<Registered>(&message)?;
        survives::<Heartbeat>(&message)?;
        survives::<HeartbeatReply>(&message)?;
        survives::<ResultMessage>(&message)?;
    }

    fn a_task_carries_any_body_byte_for_byte(body in mutated_text(&fuzzing::corpus::requests(""))) {
        let body = String::from_utf8_lossy(&body).into_owned();
        let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&body).is_ok();
        // The server lets nothing but objects through.
        if !is_json || !body.trim_start().starts_with('{') || !rides_inline(body.as_bytes()) {
            return Ok(());
        }
        let task = Task {
            task_id: "t1".into(),
            llm: "laptop".parse().unwrap(),
            method: "POST".into(),
            path: InferPath::ChatCompletions,
            stream: true,
            deadline_ms: 1000,
            body: None,
            body_ref: None,
        };
        let mut bytes = Vec::new();
        encode_task(&task, &body, &mut bytes);
        let events = sent(&bytes);
        prop_assert_eq!(events.len(), 1);
        match Frame::decode(&events[0]) {
            Ok(Frame::Task(task)) => {
                let carried = task.body.unwrap();
                prop_assert_eq!(carried.get(), body.trim());
            },
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
