//! What one idle publisher costs mcpd: the bench registers many sessions by itself, holds their control channels,
//! sends one heartbeat each, and divides what mcpd's private memory grew by.

use super::bounded;
use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::client::{Answer, Caller, Target};
use crate::bench::launch::mcpd::Mcpd;
use crate::bench::meter::Meter;
use crate::bench::plan::Plan;
use crate::bench::taps::Collect;
use crate::bench::trouble::Trouble;
use crate::clock::monotonic_ns;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::channel::{
    Frame, Heartbeat, HeartbeatReply, Hello, MAX_FRAME_BYTES, Node, Offer, Register, Registered,
};
use shared::headers;
use shared::llm::ProviderType;
use shared::sse::Decoder;
use std::time::Duration;

/// Private memory of mcpd per idle publisher, in bytes.
pub const PER_PUBLISHER: Metric = Metric::new(
    Section::Publishers,
    "memory per idle publisher (KiB)",
    Unit::Kib,
);
const CPU: Metric = Metric::new(
    Section::Publishers,
    "CPU to register, bind and beat once (ms)",
    Unit::Millis,
);
const RATE: Metric = Metric::new(
    Section::Publishers,
    "publishers bound per second",
    Unit::Count,
);

/// Sessions that are there before the first reading, so that what is allocated once is not counted.
const WARM: usize = 20;
const PLANNED_PER_PUBLISHER: Duration = Duration::from_millis(100);

/// Measures `mcpd`, which nobody else should use meanwhile.
///
/// # Errors
/// When a session cannot be registered or bound.
pub async fn run(mcpd: &Mcpd, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    let planned = PLANNED_PER_PUBLISHER * u32::try_from(plan.publishers).unwrap_or(u32::MAX);
    bounded(planned, measure(mcpd, plan, round, book)).await
}

async fn measure(mcpd: &Mcpd, plan: &Plan, round: usize, book: &mut Book) -> Result<(), Trouble> {
    let meter = Meter::of(&[mcpd.running.pid()]);
    let mut calls = Caller::connect(mcpd.addr).await?;
    let mut held = Vec::new();
    for n in 0..WARM {
        held.push(publisher(mcpd, &mut calls, n).await?);
    }
    let (memory, cpu, begin) = (meter.memory()?, meter.cpu_ns()?, monotonic_ns());
    for n in WARM..WARM + plan.publishers {
        held.push(publisher(mcpd, &mut calls, n).await?);
    }
    let (memory_after, cpu_after) = (meter.memory()?, meter.cpu_ns()?);
    let seconds = Duration::from_nanos(monotonic_ns() - begin).as_secs_f64();
    drop(held);

    let count = plan.publishers as f64;
    let grown = memory_after.anonymous.saturating_sub(memory.anonymous);
    book.note(PER_PUBLISHER, Subject::Mcpd, round, grown as f64 / count);
    book.note(
        CPU,
        Subject::Mcpd,
        round,
        (cpu_after - cpu) as f64 / 1e6 / count,
    );
    book.note(RATE, Subject::Mcpd, round, count / seconds);
    Ok(())
}

/// A session whose channel is open: the connection must be held.
struct Channel {
    _caller: Caller,
    _answer: Answer,
}

async fn publisher(mcpd: &Mcpd, calls: &mut Caller, n: usize) -> Result<Channel, Trouble> {
    let register = mcpd.control("POST", "/api/v1/llms/_provider-register");
    let registered: Registered = ask(calls, &register, &registration(n)?).await?;
    let session = &registered.provider_session_id;

    let mut caller = Caller::connect(mcpd.addr).await?;
    let open = mcpd
        .control("GET", "/api/v1/llms/_provider-stream")
        .with_header(headers::PROVIDER_SESSION, session);
    let mut answer = caller.open(&open.request("")).await?;
    if answer.reply.status != 200 {
        return Err(Trouble::Unexpected(format!(
            "the channel was answered with {}",
            answer.reply.status
        )));
    }
    let epoch = hello(&mut caller, &mut answer).await?.epoch;

    let beat = mcpd
        .control("POST", "/api/v1/llms/_provider-heartbeat")
        .with_header(headers::PROVIDER_SESSION, session);
    let sign = Heartbeat {
        epoch: Some(epoch),
        last_ping: Some(0),
        ..Heartbeat::default()
    };
    let reply: HeartbeatReply = ask(calls, &beat, &sign).await?;
    match reply.bound {
        true => Ok(Channel {
            _caller: caller,
            _answer: answer,
        }),
        false => Err(Trouble::Unexpected(
            "a channel that is open was called unbound".to_owned(),
        )),
    }
}

fn registration(n: usize) -> Result<Register, Trouble> {
    let name = format!("bench-idle-{n}");
    let offer = Offer {
        name: name
            .parse()
            .map_err(|_| Trouble::Unexpected(format!("`{name}` is no name")))?,
        provider_type: ProviderType::OpenAi,
        model: "mock".to_owned(),
        tier: None,
        capabilities: Vec::new(),
        context_window: None,
        max_concurrency: None,
        max_queue: None,
        stream_usage: None,
        status: None,
        wake_timeout: None,
    };
    let node = Node {
        id: format!("bench-node-{n}"),
        hostname: format!("bench-{n}"),
        version: "0.1.0".to_owned(),
    };
    Ok(Register {
        provider_session_id: None,
        node,
        providers: vec![offer],
    })
}

async fn ask<T: DeserializeOwned>(
    calls: &mut Caller,
    target: &Target,
    body: &impl Serialize,
) -> Result<T, Trouble> {
    let body =
        serde_json::to_string(body).map_err(|error| Trouble::Unexpected(error.to_string()))?;
    let mut collected = Collect::default();
    let reply = calls.call(&target.request(&body), &mut collected).await?;
    if !reply.keep_alive {
        *calls = Caller::connect(target.addr).await?;
    }
    let text = String::from_utf8_lossy(&collected.bytes);
    let unexpected =
        |why: &str| Trouble::Unexpected(format!("a control call was answered with {why}: {text}"));
    match reply.status {
        200..=299 => serde_json::from_str(&text).map_err(|error| unexpected(&error.to_string())),
        status => Err(unexpected(&status.to_string())),
    }
}

/// Reads the channel up to its hello.
async fn hello(caller: &mut Caller, answer: &mut Answer) -> Result<Hello, Trouble> {
    let mut decoder = Decoder::new(MAX_FRAME_BYTES);
    let mut events = Vec::new();
    loop {
        let mut seen = Collect::default();
        if !caller.take_piece(answer, &mut seen).await? {
            return Err(Trouble::Unexpected(
                "the channel ended before its hello".to_owned(),
            ));
        }
        decoder
            .feed(&seen.bytes, &mut events)
            .map_err(|error| Trouble::Unexpected(error.to_string()))?;
        for event in events.drain(..) {
            if let Ok(Frame::Hello(hello)) = Frame::decode(&event) {
                return Ok(hello);
            }
        }
    }
}
