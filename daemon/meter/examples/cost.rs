//! What the meter costs: `cargo run --release -p meter --example cost` prints nanoseconds per event
//! and per 1,000 bytes of a whole body.

#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{hint::black_box, time::Instant};

use bytes::Bytes;
use meter::{Dialect, Form, Meter};

const ROUNDS: u32 = 2_000;
const EVENTS: u32 = 100;

fn main() {
    let event = |usage: &str| {
        let data = format!(
            r#"{{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"gpt-4.1-2025-04-14","service_tier":"default","system_fingerprint":"fp_44709d6fcb","choices":[{{"index":0,"delta":{{"content":" word"}},"logprobs":null,"finish_reason":null}}]{usage}}}"#
        );
        Bytes::from(format!("data: {data}\n\n"))
    };
    let plain = event("");
    let null = event(r#","usage":null"#);
    let told = event(r#","usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}"#);
    println!("event of {} bytes, a piece each", plain.len());
    per_event("passes", &plain, false);
    per_event("passes, strip", &plain, true);
    per_event("usage null, passes", &null, false);
    per_event("usage null, strip cuts it", &null, true);
    per_event("usage in every event", &told, false);

    let (head, tail) = (plain.slice(..100), plain.slice(100..));
    time("split in two pieces, strip", EVENTS, || {
        let mut meter = Meter::new(Dialect::Chat, Form::EventStream, true);
        for _ in 0..EVENTS {
            black_box(meter.feed(head.clone()));
            black_box(meter.feed(tail.clone()));
        }
        black_box(meter.counted());
    });

    let text = "A sentence of an answer, with \\\"quotes\\\" in it.\\n".repeat(80);
    let chat = Bytes::from(format!(
        r#"{{"choices":[{{"message":{{"content":"{text}"}}}}],"usage":{{"prompt_tokens":1,"completion_tokens":2}}}}"#
    ));
    let floats = Bytes::from(format!("{{\"data\":[{}0]}}", "0.0123456789,".repeat(1536)));
    for (name, body) in [("whole chat body", chat), ("whole embedding body", floats)] {
        let kilobytes = u32::try_from(body.len() / 1000).unwrap_or(1);
        time(
            &format!("{name} of {kilobytes} kB, per kB"),
            kilobytes,
            || {
                let mut meter = Meter::new(Dialect::Chat, Form::Whole, false);
                black_box(meter.feed(body.clone()));
                black_box(meter.usage());
            },
        );
    }
}

fn per_event(name: &str, event: &Bytes, strip: bool) {
    time(name, EVENTS, || {
        let mut meter = Meter::new(Dialect::Chat, Form::EventStream, strip);
        for _ in 0..EVENTS {
            black_box(meter.feed(event.clone()));
        }
        black_box(meter.counted());
    });
}

/// The best of some runs: others share the machine.
fn time(name: &str, units: u32, mut run: impl FnMut()) {
    let best = (0..20)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS / 20 {
                run();
            }
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    let each = best.as_nanos() / u128::from(ROUNDS / 20 * units);
    println!("{name}: {each} ns");
}
