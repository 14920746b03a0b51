//! Generated streams, cut anywhere: what passes, and what is learnt, does not depend on the cuts,
//! and what is taken out is what a parser would take out.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use bytes::Bytes;
use meter::{Dialect, Form, MAX_HELD_BYTES, Meter};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::usage::Tokens;

/// What a meter made of a stream: its output, and all that it says.
#[derive(Debug, PartialEq)]
struct Read {
    out: String,
    usage: Option<Tokens>,
    counted: u64,
    is_complete: bool,
    saw_error: bool,
}

/// The bytes that passed, and the meter at their end.
fn fed(dialect: Dialect, strip: bool, pieces: &[&[u8]]) -> (Vec<u8>, Meter) {
    let mut meter = Meter::new(dialect, Form::EventStream, strip);
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(
            meter
                .feed(Bytes::copy_from_slice(piece))
                .unwrap_or_default(),
        );
    }
    out.extend(meter.finish().unwrap_or_default());
    (out, meter)
}

fn read(dialect: Dialect, strip: bool, pieces: &[&[u8]]) -> Read {
    let (out, meter) = fed(dialect, strip, pieces);
    Read {
        out: String::from_utf8(out).unwrap(),
        usage: meter.usage(),
        counted: meter.counted(),
        is_complete: meter.is_complete(),
        saw_error: meter.saw_error(),
    }
}

/// One event as it is sent, and as it is to pass; empty where it is to be taken out.
fn event(data: &str, kept: Option<&str>, crlf: bool) -> (String, String) {
    let end = if crlf { "\r\n" } else { "\n" };
    let framed = |data: &str| format!("data: {data}{end}{end}");
    (framed(data), kept.map(framed).unwrap_or_default())
}

/// What a parser would let pass of a chunk.
fn reference(chunk: &Value) -> Option<String> {
    let alone = chunk["choices"] == json!([]) && chunk["usage"].is_object();
    let mut chunk = chunk.clone();
    if chunk.get("usage") == Some(&Value::Null) {
        chunk.as_object_mut().unwrap().shift_remove("usage");
    }
    (!alone).then(|| chunk.to_string())
}

fn chunk() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        r#"[a-c "\\{}\[\],:\n👋é]{0,12}"#,
        Just(r#","usage":null,"#.to_owned()),
        Just(r#""usage":{"prompt_tokens":9}"#.to_owned()),
        Just("usage".to_owned()),
    ];
    let usage = prop_oneof![
        2 => Just(None),
        3 => Just(Some(Value::Null)),
        2 => (0u64..99, 0u64..99).prop_map(|(i, o)| {
            Some(json!({"prompt_tokens": i, "completion_tokens": o, "total_tokens": i + o}))
        }),
    ];
    let inner = prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        Just(Some(json!({"a": 1})))
    ];
    (text, usage, inner, any::<bool>(), any::<bool>()).prop_map(
        |(text, usage, inner, has_choices, usage_first)| {
            let mut choice = json!({"index": 0, "delta": {"content": text}});
            if let Some(inner) = inner {
                choice["usage"] = inner;
            }
            let choices = if has_choices {
                json!([choice])
            } else {
                json!([])
            };
            let mut chunk = json!({});
            if let Some(usage) = usage.clone().filter(|_| usage_first) {
                chunk["usage"] = usage;
            }
            chunk["choices"] = choices;
            chunk["id"] = json!("x");
            if let Some(usage) = usage.filter(|_| !usage_first) {
                chunk["usage"] = usage;
            }
            chunk
        },
    )
}

/// A whole stream, and what is to pass of it.
fn stream() -> impl Strategy<Value = (String, String)> {
    let part = prop_oneof![
        8 => (chunk(), any::<bool>()).prop_map(|(chunk, crlf)| {
            event(&chunk.to_string(), reference(&chunk).as_deref(), crlf)
        }),
        1 => Just((": ping\n\n".to_owned(), ": ping\n\n".to_owned())),
        1 => prop::sample::select(vec![
            "data: [DONE]\n\n",
            "event: error\ndata: {\"error\":{\"message\":\"x\"}}\n\n",
            "id: 1\r\ndata:not json\r\n\r\n",
            "\n",
            "data: {\"usage\":null\n\n",
        ])
        .prop_map(|same| (same.to_owned(), same.to_owned())),
    ];
    (prop::collection::vec(part, 0..8), any::<bool>()).prop_map(|(parts, cut_off)| {
        let (mut sent, mut kept): (String, String) = parts.into_iter().unzip();
        if cut_off {
            sent += "data: {\"cho";
            kept += "data: {\"cho";
        }
        (sent, kept)
    })
}

/// Streams of all dialects.
fn recorded() -> Vec<String> {
    let mut all = fuzzing::corpus::streams("");
    all.push(concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"i\",\"usage\":{\"input_tokens\":2,\"cache_read_input_tokens\":1,\"output_tokens\":1}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ).into());
    all
}

/// The bytes that passed, and all that was learnt.
fn learnt(
    dialect: Dialect,
    strip: bool,
    pieces: &[&[u8]],
) -> (Vec<u8>, (Option<Tokens>, u64, bool, bool)) {
    let (out, meter) = fed(dialect, strip, pieces);
    (
        out,
        (
            meter.usage(),
            meter.counted(),
            meter.is_complete(),
            meter.saw_error(),
        ),
    )
}

/// All whole numbers in it, however they are written, and the sums of two: xAI counts reasoning apart.
fn numbers_of(bytes: &[u8]) -> Vec<u64> {
    let of_numbers = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let words = bytes
        .split(|byte| !of_numbers(byte))
        .filter_map(|word| str::from_utf8(word).ok());
    let said: Vec<u64> = words
        .filter_map(|word| word.parse::<f64>().ok())
        .map(|number| number as u64)
        .collect();
    let sums = said
        .iter()
        .flat_map(|one| said.iter().map(move |other| one.saturating_add(*other)));
    sums.chain(said.iter().copied()).collect()
}

fuzzing::targets! {
    #![cases(500)]

    fn what_is_stripped_is_what_a_parser_would_strip_however_it_is_cut(
        (sent, kept) in stream(),
        cuts in fuzzing::cuts(),
    ) {
        // Half a JSON is no event to be cut: it passes as it is, also where it names a usage.
        let whole = read(Dialect::Chat, true, &[sent.as_bytes()]);
        let unfinished = "data: {\"usage\":null\n\n";
        if !sent.contains(unfinished) {
            prop_assert_eq!(&whole.out, &kept);
        }
        prop_assert_eq!(&read(Dialect::Chat, true, &cuts.of(sent.as_bytes())), &whole);
    }

    fn what_is_learnt_does_not_depend_on_cuts_or_stripping(
        (sent, _) in stream(),
        cuts in fuzzing::cuts(),
        dialect in prop::sample::select(vec![
            Dialect::Chat, Dialect::Responses, Dialect::Messages, Dialect::Other]),
    ) {
        let whole = read(dialect, false, &[sent.as_bytes()]);
        prop_assert_eq!(&whole.out, &sent);
        prop_assert_eq!(&read(dialect, false, &cuts.of(sent.as_bytes())), &whole);
        let stripped = read(dialect, true, &cuts.of(sent.as_bytes()));
        prop_assert_eq!(stripped.usage, whole.usage);
        prop_assert_eq!(stripped.counted, whole.counted);
    }

    fn the_last_usage_is_what_a_parser_finds_last(chunks in prop::collection::vec(chunk(), 0..8)) {
        let mut sent = String::new();
        for chunk in &chunks {
            sent += &event(&chunk.to_string(), None, false).0;
        }
        let last = chunks.iter().rev().find_map(|chunk| chunk["usage"].as_object());
        let expected = last.map(|usage| Tokens {
            input: usage["prompt_tokens"].as_u64().unwrap(),
            output: usage["completion_tokens"].as_u64().unwrap(),
            ..Tokens::default()
        });
        prop_assert_eq!(read(Dialect::Chat, true, &[sent.as_bytes()]).usage, expected);
        let texts = chunks.iter().filter(|chunk| {
            chunk["choices"][0]["delta"]["content"].as_str().is_some_and(|text| !text.is_empty())
        });
        prop_assert_eq!(read(Dialect::Chat, false, &[sent.as_bytes()]).counted, texts.count() as u64);
    }

    /// Recorded streams, changed in structure and bytes: what passes, and what is learnt, does not depend on the cuts,
    /// and no more is counted than was said.
    fn a_recorded_stream_is_counted_as_it_was_said_however_it_is_cut(
        stream in fuzzing::mutated_stream(&recorded()),
        cuts in fuzzing::cuts(),
        strip in any::<bool>(),
        dialect in prop::sample::select(vec![
            Dialect::Chat, Dialect::Responses, Dialect::Messages, Dialect::Other]),
    ) {
        let (out, whole) = learnt(dialect, strip, &[&stream]);
        let (out_too, whole_too) = learnt(dialect, strip, &cuts.of(&stream));
        prop_assert_eq!(&whole_too, &whole);
        prop_assert_eq!(&out_too, &out);
        if !strip || dialect != Dialect::Chat {
            prop_assert_eq!(&out[..], &stream[..]);
        }
        let (mut decoder, mut events) = (shared::sse::Decoder::new(1 << 24), Vec::new());
        decoder.feed(&stream, &mut events).unwrap();
        let (counted, usage) = (whole.1, whole.0);
        // Of events that a client sees; one without its empty line counts as one here.
        prop_assert!(counted <= events.len() as u64 + 1, "{} of {}", counted, events.len());
        if let Some(usage) = usage {
            let said = numbers_of(&stream);
            for count in [usage.output, usage.cached, usage.reasoning] {
                prop_assert!(count == 0 || said.contains(&count), "{:?} was never said", usage);
            }
        }
    }

    fn whatever_comes_passes_unharmed(
        bytes in prop::collection::vec(prop::sample::select(b"data: {}[]\",\\\r\n:usgenl".to_vec()), 0..200),
    ) {
        for form in [Form::EventStream, Form::Whole] {
            let mut meter = Meter::new(Dialect::Chat, form, false);
            let mut out = Vec::new();
            for piece in bytes.chunks(7) {
                out.extend(meter.feed(Bytes::copy_from_slice(piece)).unwrap());
            }
            prop_assert_eq!(meter.finish(), None);
            prop_assert_eq!(&out, &bytes);
        }
        let mut meter = Meter::new(Dialect::Chat, Form::EventStream, true);
        let mut passed = 0;
        for piece in bytes.chunks(7) {
            passed += meter.feed(Bytes::copy_from_slice(piece)).map_or(0, |out| out.len());
        }
        prop_assert!(passed + meter.finish().map_or(0, |out| out.len()) <= bytes.len());
    }
}

#[test]
fn a_piece_of_whole_events_passes_without_a_copy() {
    let piece = Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n");
    for strip in [false, true] {
        let mut meter = Meter::new(Dialect::Chat, Form::EventStream, strip);
        let out = meter.feed(piece.clone()).unwrap();
        assert_eq!(out.as_ptr(), piece.as_ptr());
        assert_eq!(out, piece);
    }
}

#[test]
fn a_whole_event_does_not_wait_for_the_next() {
    let mut meter = Meter::new(Dialect::Chat, Form::EventStream, true);
    let piece = Bytes::from_static(b"data: {\"a\":1}\n\ndata: {\"b\"");
    assert_eq!(meter.feed(piece).unwrap(), "data: {\"a\":1}\n\n");
    let rest = meter.feed(Bytes::from_static(b":2}\n\n")).unwrap();
    assert_eq!(rest, "data: {\"b\":2}\n\n");
}

#[test]
fn an_event_too_large_to_hold_passes_and_its_usage_is_read() {
    let text = "x".repeat(MAX_HELD_BYTES * 3);
    let usage = r#""usage":{"input_tokens":7,"output_tokens":3}"#;
    let sent = format!(
        "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{{\"t\":\"{text}\",{usage}}}}}\n\n\
         data: {{\"type\":\"x\"}}\n\n"
    );
    for size in [1_000, 100_000, sent.len()] {
        let pieces: Vec<&[u8]> = sent.as_bytes().chunks(size).collect();
        let read = read(Dialect::Responses, false, &pieces);
        assert_eq!(read.out.len(), sent.len());
        assert_eq!(read.usage.map(|sum| (sum.input, sum.output)), Some((7, 3)));
        assert!(read.is_complete, "in pieces of {size}");
    }
    let sent = format!("data: {{\"t\":\"{text}\",\"usage\":null}}\n\ndata: {{\"usage\":null}}\n\n");
    let pieces: Vec<&[u8]> = sent.as_bytes().chunks(100_000).collect();
    let kept = sent.replace("{\"usage\":null}", "{}");
    assert_eq!(read(Dialect::Chat, true, &pieces).out, kept);
}

#[test]
fn anthropics_and_openais_ends_are_understood() {
    let messages = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":",
        "{\"input_tokens\":3,\"cache_read_input_tokens\":10,\"output_tokens\":1}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":",
        "{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":",
        "{\"output_tokens\":5}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    let seen = read(Dialect::Messages, false, &[messages.as_bytes()]);
    let tokens = seen.usage.unwrap();
    assert_eq!((tokens.input, tokens.output, tokens.cached), (13, 5, 10));
    assert!(seen.is_complete && !seen.saw_error && seen.counted == 1);

    let cut_short = &messages[..messages.find("event: message_delta").unwrap()];
    assert!(!read(Dialect::Messages, false, &[cut_short.as_bytes()]).is_complete);

    let failed = "data: {\"choices\":[]}\n\ndata: {\"error\":{\"message\":\"gone\"}}\n\n";
    let seen = read(Dialect::Chat, true, &[failed.as_bytes()]);
    assert!(seen.saw_error && !seen.is_complete && seen.out == failed);
}

#[test]
fn a_whole_answer_is_read_as_it_passes() {
    let body = json!({
        "choices": [{"message": {"content": "\"usage\":{\"prompt_tokens\":9}"}}],
        "usage": {"prompt_tokens": 4, "completion_tokens": 2},
    })
    .to_string();
    for size in [1, 7, 1_000] {
        let mut meter = Meter::new(Dialect::Chat, Form::Whole, true);
        for piece in body.as_bytes().chunks(size) {
            assert!(!meter.is_complete());
            assert_eq!(meter.feed(Bytes::copy_from_slice(piece)).unwrap(), piece);
        }
        assert!(meter.is_complete());
        let sum = meter.usage().unwrap();
        assert_eq!((sum.input, sum.output), (4, 2));
    }
}
