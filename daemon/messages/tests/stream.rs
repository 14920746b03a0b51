//! Streams in both dialects, side by side.
#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use messages::Unreadable;
use messages::stream::{CutShort, Events, MAX_HELD_BYTES};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::sse::{Decoder, encode};

/// An OpenAI stream of these chunks, without its end.
fn chunks(chunks: &[Value]) -> String {
    let mut stream = Vec::new();
    for chunk in chunks {
        encode("", &chunk.to_string(), &mut stream);
    }
    String::from_utf8(stream).unwrap()
}

/// A chunk with one delta.
fn delta(delta: Value) -> Value {
    json!({"id": "chatcmpl-7", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn end(reason: &str) -> Value {
    json!({"id": "chatcmpl-7", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn call(index: u64, id: &str, name: &str, arguments: &str) -> Value {
    let mut call = json!({"index": index, "function": {"arguments": arguments}});
    if !id.is_empty() {
        call["id"] = id.into();
        call["type"] = "function".into();
        call["function"]["name"] = name.into();
    }
    json!({"tool_calls": [call]})
}

const DONE: &str = "data: [DONE]\n\n";

/// The events of a stream in these pieces, read as a client reads them.
fn events(pieces: &[&[u8]]) -> (Vec<Value>, Result<(), CutShort>) {
    let mut events = Events::new("asked");
    let mut out = Vec::new();
    for piece in pieces {
        events.feed(piece, &mut out).unwrap();
    }
    let ended = events.finish(&mut out);
    (read(&out), ended)
}

/// Every event's data; its name must be the data's type.
fn read(out: &[u8]) -> Vec<Value> {
    let mut read = Vec::new();
    Decoder::new(1 << 30).feed(out, &mut read).unwrap();
    let data = read.into_iter().map(|event| {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["type"], event.event.as_str());
        data
    });
    data.collect()
}

fn complete(stream: &str) -> Vec<Value> {
    let (events, ended) = events(&[stream.as_bytes()]);
    ended.unwrap();
    events
}

/// The events of a complete answer, without the first and the last two; and its stop reason.
fn inner(deltas: &[Value]) -> (Vec<Value>, String) {
    let mut all = complete(&(chunks(deltas) + DONE));
    assert_eq!(all.pop().unwrap(), json!({"type": "message_stop"}));
    let last = all.pop().unwrap();
    assert_eq!(last["type"], "message_delta");
    assert_eq!(all.remove(0)["type"], "message_start");
    (all, last["delta"]["stop_reason"].as_str().unwrap().into())
}

fn start(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn tool(index: u64, id: &str, name: &str) -> Value {
    start(
        index,
        json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
    )
}

fn piece(index: u64, kind: &str, text: &str) -> Value {
    let field = match kind {
        "input_json_delta" => "partial_json",
        "thinking_delta" => "thinking",
        "signature_delta" => "signature",
        _ => "text",
    };
    json!({"type": "content_block_delta", "index": index, "delta": {"type": kind, field: text}})
}

fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

#[test]
fn a_text_streams_from_start_to_stop() {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4}});
    let stream = chunks(&[
        delta(json!({"role": "assistant", "content": ""})),
        delta(json!({"content": "Hé"})),
        delta(json!({"content": "llo"})),
        end("stop"),
        json!({"id": "chatcmpl-7", "choices": [], "usage": usage}),
    ]);
    let counted = |input, cached, output| {
        json!({"input_tokens": input, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached, "output_tokens": output})
    };
    assert_eq!(
        complete(&(stream + DONE)),
        [
            json!({"type": "message_start", "message": {
                "id": "msg_7", "type": "message", "role": "assistant", "model": "asked",
                "content": [], "stop_reason": null, "stop_sequence": null,
                "usage": counted(0, 0, 0),
            }}),
            start(0, json!({"type": "text", "text": ""})),
            piece(0, "text_delta", "Hé"),
            piece(0, "text_delta", "llo"),
            stop(0),
            json!({"type": "message_delta", "usage": counted(6, 4, 2),
                "delta": {"stop_reason": "end_turn", "stop_sequence": null}}),
            json!({"type": "message_stop"}),
        ]
    );
}

#[test]
fn usage_in_the_last_content_chunk_counts() {
    let mut last = end("length");
    last["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 9});
    let mut first = delta(json!({"content": "x"}));
    first["usage"] = Value::Null;
    let all = complete(&(chunks(&[first, last]) + DONE));
    let told = &all[all.len() - 2];
    assert_eq!(told["usage"]["input_tokens"], 3);
    assert_eq!(told["usage"]["output_tokens"], 9);
    assert_eq!(told["delta"]["stop_reason"], "max_tokens");
}

#[test]
fn thoughts_are_a_block_of_their_own_with_their_signature() {
    let (all, stop_reason) = inner(&[
        delta(json!({"reasoning_content": "2+"})),
        delta(json!({"reasoning_content": "2"})),
        delta(json!({"reasoning_details":
            [{"type": "reasoning.text", "signature": "sig", "index": 0}]})),
        delta(json!({"content": "4"})),
        end("stop"),
    ]);
    assert_eq!(
        all,
        [
            start(
                0,
                json!({"type": "thinking", "thinking": "", "signature": ""})
            ),
            piece(0, "thinking_delta", "2+"),
            piece(0, "thinking_delta", "2"),
            piece(0, "signature_delta", "sig"),
            stop(0),
            start(1, json!({"type": "text", "text": ""})),
            piece(1, "text_delta", "4"),
            stop(1),
        ]
    );
    assert_eq!(stop_reason, "end_turn");
}

#[test]
fn thoughts_in_details_are_told_once_and_by_their_index() {
    let detail = |index: u64, name: &str, value: &str| {
        let kind = if name == "data" {
            "reasoning.encrypted"
        } else {
            "reasoning.text"
        };
        json!({"type": kind, name: value, "format": "anthropic-claude-v1", "index": index})
    };
    let (all, _) = inner(&[
        delta(json!({"reasoning_content": "a", "reasoning_details": [detail(0, "text", "a")]})),
        delta(json!({"reasoning_details": [detail(0, "signature", "s0")]})),
        delta(json!({"reasoning_details": [detail(1, "signature", "s1")]})),
        delta(json!({"reasoning_details": [detail(2, "data", "xx")]})),
        delta(json!({"content": "4"})),
        end("stop"),
    ]);
    let thinking = || json!({"type": "thinking", "thinking": "", "signature": ""});
    assert_eq!(
        all,
        [
            start(0, thinking()),
            piece(0, "thinking_delta", "a"),
            piece(0, "signature_delta", "s0"),
            stop(0),
            start(1, thinking()),
            piece(1, "signature_delta", "s1"),
            stop(1),
            start(2, json!({"type": "redacted_thinking", "data": "xx"})),
            stop(2),
            start(3, json!({"type": "text", "text": ""})),
            piece(3, "text_delta", "4"),
            stop(3),
        ]
    );
}

#[test]
fn a_tool_call_streams_its_arguments_as_they_come() {
    let stream = chunks(&[
        delta(json!({"content": "I look."})),
        delta(call(0, "call_1", "f", "")),
        delta(call(0, "", "", "{\"a\"")),
    ]);
    let mut events = Events::new("m");
    let mut out = Vec::new();
    events.feed(stream.as_bytes(), &mut out).unwrap();
    assert_eq!(
        read(&out)[3..],
        [
            stop(0),
            tool(1, "call_1", "f"),
            piece(1, "input_json_delta", "{\"a\"")
        ]
    );
    out.clear();
    let rest = chunks(&[delta(call(0, "", "", ":1}")), end("tool_calls")]) + DONE;
    events.feed(rest.as_bytes(), &mut out).unwrap();
    let all = read(&out);
    assert_eq!(all[..2], [piece(1, "input_json_delta", ":1}"), stop(1)]);
    assert_eq!(all[2]["delta"]["stop_reason"], "tool_use");
    assert!(events.is_over());
}

#[test]
fn interleaved_tool_calls_come_one_after_the_other() {
    let (all, stop_reason) = inner(&[
        delta(call(0, "call_1", "f", "{")),
        delta(call(1, "call_2", "g", "[")),
        delta(json!({"content": "\n"})),
        delta(call(0, "", "", "}")),
        delta(call(1, "", "", "]")),
        end("tool_calls"),
    ]);
    assert_eq!(
        all,
        [
            tool(0, "call_1", "f"),
            piece(0, "input_json_delta", "{"),
            piece(0, "input_json_delta", "}"),
            stop(0),
            tool(1, "call_2", "g"),
            piece(1, "input_json_delta", "[]"),
            stop(1),
            start(2, json!({"type": "text", "text": ""})),
            piece(2, "text_delta", "\n"),
            stop(2),
        ]
    );
    assert_eq!(stop_reason, "tool_use");
}

#[test]
fn several_deltas_in_one_event_all_count() {
    let mut both = call(0, "call_1", "f", "{}");
    both["reasoning"] = "hm".into();
    both["content"] = "I look.".into();
    let second = call(1, "call_2", "g", "")["tool_calls"][0].take();
    both["tool_calls"].as_array_mut().unwrap().push(second);
    let mut chunk = delta(both);
    chunk["choices"][0]["finish_reason"] = "tool_calls".into();
    let (all, stop_reason) = inner(&[chunk]);
    let kinds: Vec<&str> = all
        .iter()
        .filter_map(|event| event["content_block"]["type"].as_str())
        .collect();
    assert_eq!(kinds, ["thinking", "text", "tool_use", "tool_use"]);
    assert_eq!(all.last().unwrap(), &stop(3));
    assert_eq!(stop_reason, "tool_use");
}

#[test]
fn calls_that_are_not_numbered_or_all_numbered_zero_are_told_apart() {
    let zero = [
        delta(call(0, "call_1", "f", "{}")),
        delta(call(0, "call_2", "f", "{}")),
        end("stop"),
    ];
    let mut unnumbered = zero.clone();
    for chunk in &mut unnumbered[..2] {
        let call = &mut chunk["choices"][0]["delta"]["tool_calls"][0];
        call.as_object_mut().unwrap().shift_remove("index");
    }
    for deltas in [zero, unnumbered] {
        let (all, stop_reason) = inner(&deltas);
        assert_eq!(
            all,
            [
                tool(0, "call_1", "f"),
                piece(0, "input_json_delta", "{}"),
                stop(0),
                tool(1, "call_2", "f"),
                piece(1, "input_json_delta", "{}"),
                stop(1),
            ]
        );
        assert_eq!(stop_reason, "tool_use");
    }
}

#[test]
fn text_between_the_pieces_of_an_unnumbered_call_does_not_split_it() {
    let begun = json!({"id": "call_1", "function": {"name": "f", "arguments": "{"}});
    let (all, _) = inner(&[
        delta(json!({"tool_calls": [begun]})),
        delta(json!({"content": "\n"})),
        delta(json!({"tool_calls": [{"function": {"arguments": "}"}}]})),
        end("tool_calls"),
    ]);
    assert_eq!(all[0], tool(0, "call_1", "f"));
    assert_eq!(all[2], piece(0, "input_json_delta", "}"));
    assert_eq!(all[4]["content_block"]["type"], "text");
    assert_eq!(all.len(), 7);
}

#[test]
fn a_call_whose_name_comes_late_waits_for_it() {
    let late = json!({"tool_calls": [{"index": 0, "function": {"name": "f"}}]});
    let (all, _) = inner(&[
        delta(json!({"tool_calls": [{"index": 0, "id": "call_1"}]})),
        delta(late),
        delta(call(0, "", "", "{}")),
        end("tool_calls"),
    ]);
    let want = [
        tool(0, "call_1", "f"),
        piece(0, "input_json_delta", "{}"),
        stop(0),
    ];
    assert_eq!(all, want);
}

#[test]
fn comments_become_pings() {
    let first = chunks(&[delta(json!({"content": "a"}))]);
    let last = chunks(&[end("stop")]);
    let stream = format!(": keepalive\n\n{first}: keepalive\r\n\r\n:\n{last}{DONE}: late\n\n");
    let all = complete(&stream);
    let kinds: Vec<&str> = all
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "ping",
            "message_start",
            "content_block_start",
            "content_block_delta",
            "ping",
            "ping",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
}

#[test]
fn an_error_ends_the_stream_without_message_stop() {
    let first = chunks(&[delta(json!({"content": "a"}))]);
    let named = "event: error\ndata: {\"error\":{\"message\":\"gone\",\"type\":\"api_error\",\
        \"code\":\"provider_offline\",\"requestId\":\"r\"}}\n\n";
    let bare = "data: {\"error\":{\"message\":\"gone\",\"code\":503},\"request_id\":\"r\"}\n\n";
    for error in [named, bare] {
        let all = complete(&format!("{first}{error}{first}{DONE}"));
        let last = all.last().unwrap();
        assert_eq!(last["type"], "error");
        assert_eq!(last["error"]["type"], "overloaded_error");
        assert_eq!(last["error"]["message"], "gone");
        assert_eq!(last["request_id"], "r");
        assert_eq!(all.len(), 4);
    }
    let plain = complete("event: error\ndata: out of memory\n\n");
    assert_eq!(
        plain[0]["error"],
        json!({"type": "api_error", "message": "out of memory"})
    );
}

#[test]
fn a_stream_that_is_cut_anywhere_is_never_complete() {
    let stream = chunks(&[delta(json!({"content": "a"})), end("stop")]) + DONE;
    let complete_from = stream.len() - 2;
    for cut in 0..=stream.len() {
        let (all, ended) = events(&[&stream.as_bytes()[..cut]]);
        let stopped = all.iter().any(|event| event["type"] == "message_stop");
        assert_eq!(ended.is_ok(), cut >= complete_from, "cut at {cut}");
        assert_eq!(stopped, ended.is_ok(), "cut at {cut}");
    }
}

#[test]
fn a_caller_can_tell_of_a_failure_once() {
    let mut events = Events::new("m");
    let mut out = Vec::new();
    assert_eq!(events.finish(&mut out), Err(CutShort));
    let body = messages::error::body(502, "cut", "provider_error", None, None);
    events.fail(&body, &mut out);
    events.fail(&body, &mut out);
    assert_eq!(read(&out).len(), 1);
    assert_eq!(events.finish(&mut out), Ok(()));
}

#[test]
fn one_broken_event_is_passed_over_but_not_within_a_tool_call() {
    let text = chunks(&[delta(json!({"content": "a"}))]);
    let all = complete(&format!("{text}data: {{broken\n\n{text}{DONE}"));
    assert_eq!(all[3], piece(0, "text_delta", "a"));
    let called = chunks(&[delta(call(0, "c", "f", "{"))]);
    for stream in [
        format!("{called}data: {{broken\n\n"),
        "data: <p>\n\n".repeat(9),
    ] {
        let read = Events::new("m").feed(stream.as_bytes(), &mut Vec::new());
        assert!(matches!(read, Err(Unreadable::NotJson(_))));
    }
}

#[test]
fn an_endless_event_and_endless_side_calls_are_refused() {
    let mut events = Events::new("m");
    let mut out = Vec::new();
    let piece = vec![b'x'; 1 << 20];
    let refused = (0..20).find_map(|_| events.feed(&piece, &mut out).err());
    assert!(matches!(refused, Some(Unreadable::Stream(_))));
    assert!(events.finish(&mut out).is_err());

    let mut events = Events::new("m");
    let begun = chunks(&[delta(call(0, "a", "f", "")), delta(call(1, "b", "g", ""))]);
    events.feed(begun.as_bytes(), &mut out).unwrap();
    let more = chunks(&[delta(call(1, "", "", &"x".repeat(1 << 20)))]);
    let refused = (0..20).find_map(|_| events.feed(more.as_bytes(), &mut out).err());
    assert_eq!(
        refused,
        Some(Unreadable::TooMuchHeld {
            limit: MAX_HELD_BYTES
        })
    );

    let mut events = Events::new("m");
    let calls: Vec<Value> = (0..100_000).map(|n| delta(call(n, "a", "f", ""))).collect();
    let refused = events.feed(chunks(&calls).as_bytes(), &mut out);
    assert_eq!(
        refused,
        Err(Unreadable::TooMuchHeld {
            limit: MAX_HELD_BYTES
        })
    );
}

#[test]
fn other_choices_and_empty_streams_harm_nobody() {
    let mut other = delta(json!({"content": "b"}));
    other["choices"][0]["index"] = 1.into();
    let (all, _) = inner(&[delta(json!({"content": "a"})), other, end("stop")]);
    assert_eq!(all[1], piece(0, "text_delta", "a"));
    assert_eq!(all.len(), 3);
    let nothing = complete(DONE);
    assert_eq!(nothing.len(), 3);
    assert_eq!(nothing[1]["delta"]["stop_reason"], "end_turn");
}

/// What the answer says, put together as a client does it: thoughts, text, tool calls.
fn said(all: &[Value]) -> (String, String, Vec<(String, String)>) {
    let (mut thoughts, mut text, mut calls) = Default::default();
    let mut open = None;
    for event in all {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(open, None, "one block at a time");
                open = index;
                if let Some(id) = event["content_block"]["id"].as_str() {
                    Vec::push(&mut calls, (id.to_owned(), String::new()));
                }
            }
            "content_block_stop" => assert_eq!(std::mem::take(&mut open), index),
            "content_block_delta" => {
                assert_eq!(open, index);
                let part = |field: &str| event["delta"][field].as_str().unwrap_or_default();
                String::push_str(&mut thoughts, part("thinking"));
                String::push_str(&mut text, part("text"));
                if let Some((_, arguments)) = calls.last_mut() {
                    arguments.push_str(part("partial_json"));
                }
            }
            _ => {}
        }
    }
    assert_eq!(open, None);
    (thoughts, text, calls)
}

/// One step of a server: 0 thinks, 1 speaks, 2 to 4 call one of three tools.
fn steps() -> impl Strategy<Value = Vec<(u64, String)>> {
    prop::collection::vec((0..5u64, "[a-zé👋\"{}\\\\\n]{0,4}"), 0..14)
}

fn stream_of(steps: &[(u64, String)], line_end: &str) -> String {
    let mut seen = [false; 3];
    let mut stream = String::new();
    for (kind, text) in steps {
        let step = match kind {
            0 => json!({"reasoning_content": text}),
            1 => json!({"content": text}),
            n => {
                let n = n - 2;
                let first = !std::mem::replace(&mut seen[n as usize], true);
                let id = if first {
                    format!("call_{n}")
                } else {
                    String::new()
                };
                call(n, &id, "f", text)
            }
        };
        stream += &chunks(&[delta(step)]);
        stream += ": beat\n\n";
    }
    (stream + &chunks(&[end("stop")]) + DONE).replace('\n', line_end)
}

/// Recorded streams, and some that only break.
fn recorded() -> Vec<String> {
    let mut all = fuzzing::corpus::streams("chat/completions");
    all.push(stream_of(
        &[
            (0, "a".into()),
            (2, "{".into()),
            (3, "{".into()),
            (2, "}".into()),
        ],
        "\n",
    ));
    all.push("data: {\"error\":{\"message\":\"m\",\"code\":\"x\"}}\n\n".into());
    all.push("event: error\ndata: out of memory\n\n".into());
    all
}

/// Whatever came out of a stream in these pieces, and how it ended.
fn fed(pieces: &[&[u8]]) -> (String, String) {
    let (mut events, mut out) = (Events::new("asked"), Vec::new());
    let fed = pieces
        .iter()
        .try_for_each(|piece| events.feed(piece, &mut out));
    let ended = format!("{fed:?} {:?} {}", events.finish(&mut out), events.is_over());
    (String::from_utf8(out).unwrap(), ended)
}

/// The order that Anthropic's clients rely on: a start, blocks one after another, one end.
fn assert_order(events: &[Value]) {
    let (mut open, mut next) = (None, 0);
    for (at, event) in events.iter().enumerate() {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap() {
            "message_start" => assert_eq!(
                at,
                events.iter().take_while(|e| e["type"] == "ping").count()
            ),
            "content_block_start" => {
                assert_eq!((open, index), (None, Some(next)), "{event}");
                (open, next) = (index, next + 1);
            }
            "content_block_delta" => assert_eq!((open, index), (index, open), "{event}"),
            "content_block_stop" => assert_eq!((open.take(), index), (index, index), "{event}"),
            "message_delta" => assert_eq!(open, None, "{event}"),
            "message_stop" | "error" => assert_eq!(at, events.len() - 1, "{event}"),
            "ping" => {}
            other => panic!("{other}"),
        }
    }
}

fuzzing::targets! {
    fn any_stream_in_any_pieces_is_one_of_anthropic_s(
        stream in prop_oneof![9 => fuzzing::mutated_stream(&recorded()), 1 => fuzzing::bytes(200)],
        cuts in fuzzing::cuts(),
    ) {
        let (out, ended) = fed(&[&stream]);
        assert_order(&read(out.as_bytes()));
        let (in_pieces, ended_too) = fed(&cuts.of(&stream));
        prop_assert_eq!(in_pieces, out);
        prop_assert_eq!(ended_too, ended);
    }

    fn cutting_the_stream_anywhere_gives_the_same_events(
        steps in steps(),
        cuts in fuzzing::cuts(),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let stream = stream_of(&steps, line_end);
        let bytes = stream.as_bytes();
        prop_assert_eq!(events(&cuts.of(bytes)), events(&[bytes]));
    }

    fn nothing_that_was_streamed_is_lost_or_mixed_up(steps in steps()) {
        let (all, ended) = events(&[stream_of(&steps, "\n").as_bytes()]);
        prop_assert!(ended.is_ok());
        let of = |kind: u64| -> String {
            let texts = steps.iter().filter(|step| step.0 == kind);
            texts.map(|step| step.1.as_str()).collect()
        };
        let mut calls: Vec<(String, String)> = Vec::new();
        for (kind, _) in steps.iter().filter(|step| step.0 >= 2) {
            let id = format!("call_{}", kind - 2);
            if calls.iter().all(|(known, _)| *known != id) {
                calls.push((id, of(*kind)));
            }
        }
        prop_assert_eq!(said(&all), (of(0), of(1), calls));
    }
}
