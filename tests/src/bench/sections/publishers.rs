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
use memchr::memmem;
use serde_json::{Value, json};
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
const PLANNED_PER_PUBLISHER: Duration = Duration::from_millis(50);
const SESSION_HEADER: &str = "x-mcpctl-provider-session";

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
    let registration = json!({
        "node": {"id": format!("bench-node-{n}"), "hostname": format!("bench-{n}"), "version": "0.1.0"},
        "providers": [{"name": format!("bench-idle-{n}"), "type": "openai", "model": "mock"}],
    });
    let register = mcpd.control("POST", "/api/v1/llms/_provider-register");
    let registered = ask(calls, &register, &registration.to_string()).await?;
    let session = registered["providerSessionId"].as_str();
    let session =
        session.ok_or_else(|| Trouble::Unexpected(format!("no session id in {registered}")))?;

    let mut caller = Caller::connect(mcpd.addr).await?;
    let open = mcpd
        .control("GET", "/api/v1/llms/_provider-stream")
        .with_header(SESSION_HEADER, session);
    let mut answer = caller.open(&open.request("")).await?;
    if answer.reply.status != 200 {
        return Err(Trouble::Unexpected(format!(
            "the channel was answered with {}",
            answer.reply.status
        )));
    }
    let epoch = hello(&mut caller, &mut answer).await?;

    let beat = mcpd
        .control("POST", "/api/v1/llms/_provider-heartbeat")
        .with_header(SESSION_HEADER, session);
    ask(calls, &beat, &json!({"epoch": epoch}).to_string()).await?;
    Ok(Channel {
        _caller: caller,
        _answer: answer,
    })
}

async fn ask(calls: &mut Caller, target: &Target, body: &str) -> Result<Value, Trouble> {
    let mut collected = Collect::default();
    let reply = calls.call(&target.request(body), &mut collected).await?;
    if !reply.keep_alive {
        *calls = Caller::connect(target.addr).await?;
    }
    let text = String::from_utf8_lossy(&collected.bytes);
    match reply.status {
        200..=299 => Ok(serde_json::from_str(&text).unwrap_or(Value::Null)),
        status => Err(Trouble::Unexpected(format!(
            "a control call was answered with {status}: {text}"
        ))),
    }
}

/// Reads the channel up to its `hello`, and takes the epoch from it.
async fn hello(caller: &mut Caller, answer: &mut Answer) -> Result<Value, Trouble> {
    let mut seen = Collect::default();
    while memmem::find(&seen.bytes, b"\n\n").is_none()
        || memmem::find(&seen.bytes, b"hello").is_none()
    {
        if !caller.take_piece(answer, &mut seen).await? {
            return Err(Trouble::Unexpected(
                "the channel ended before its hello".to_owned(),
            ));
        }
    }
    let text = String::from_utf8_lossy(&seen.bytes);
    let data = text
        .lines()
        .find_map(|line| line.strip_prefix("data:"))
        .unwrap_or_default();
    let hello: Value = serde_json::from_str(data.trim()).unwrap_or(Value::Null);
    Ok(hello["epoch"].clone())
}
