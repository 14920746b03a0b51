//! Resources and jobs as writers send them: what is taken can be written, and is taken again.

use fuzzing::{mutated, mutated_text};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::job::{Claim, Complete, Event, Fail, Heartbeat, Register, parse_batch, parse_submit};
use shared::local_control::{Reply, Request};
use shared::{alias, llm, price};

const RESOURCES: [&str; 6] = [
    r#"{"name":"cloud","type":"openai","url":"https://api.example/v1","model":"m","key":"secret/keys#openai","maxConcurrency":4,"maxQueue":16,"contextWindow":128000,"labels":{"a":"b"},"breaker":{"failures":5,"openFor":"30s"},"resourceVersion":3,"streamUsage":false}"#,
    r#"{"apiVersion":"mcpctl/v1","kind":"Llm","metadata":{"name":"local","labels":{},"x":1},"spec":{"type":"ollama","url":"http://h:1","model":"m","tier":"fast","capabilities":["tools"],"wakeTimeout":"90s","own":[1]},"status":{"phase":"active","inFlight":1}}"#,
    r#"{"apiVersion":"mcpctl/v1","kind":"Alias","metadata":{"name":"smart"},"spec":{"llms":["a","b"],"policy":"cost","fallbacks":["c"],"onUnavailable":"wait","timeout":"5s","firstByteTimeout":"1s","cache":{"ttl":"1h","always":true}}}"#,
    r#"{"name":"smart","model":"a","policy":"round-robin"}"#,
    r#"{"name":"gpt-5","input":1.25,"output":10,"cachedInput":0.125}"#,
    r#"{"kind":"Price","metadata":{"name":"m"},"spec":{"input":0,"output":1e-9}}"#,
];

const JOBS: [&str; 8] = [
    r#"{"kind":"llm.chat","payload":{"messages":[1.00]},"priority":-3,"source":"s","max_attempts":3,"deadline_at":"2026-11-21T09:30:00Z","run_at":"2026-11-21T09:30:00Z","unique_key":"k","labels":{"a":"b"}}"#,
    r#"{"jobs":[{"kind":"echo","payload":{}},{"kind":"x","payload":[null]}]}"#,
    r#"{"job_id":"019aa5c3-1b7d-7f00-8000-000000000001","lease_token":"l","result":{"x":1.00},"metrics":{}}"#,
    r#"{"jobs":[{"job_id":"019aa5c3-1b7d-7f00-8000-000000000001","lease_token":"l","error":"e","retryable":true}]}"#,
    r#"{"worker_id":"w","kinds":["llm.chat"],"lease_seconds":30,"limit":10,"wait_s":20}"#,
    r#"{"worker":{"id":"w","name":"n","platform":"linux","arch":"x86_64","host":"h","tags":["a"]}}"#,
    r#"{"worker_id":"w","job_id":"019aa5c3-1b7d-7f00-8000-000000000001","lease_token":"l","extend_seconds":30,"progress":{"done":1,"total":2,"message":"m"}}"#,
    r#"{"position":3,"eta_s":null,"reason":"r","worker":"w","done":1,"total":2,"message":"m","data":"d","result":{"a":1.0},"error":"e"}"#,
];

const CONTROL: [&str; 6] = [
    r#"{"do":"status"}"#,
    r#"{"do":"publish","name":"a"}"#,
    r#"{"do":"logs","tail":10,"follow":true}"#,
    r#"{"reply":"done","message":"m"}"#,
    r#"{"reply":"error","message":"m","hint":"h"}"#,
    r#"{"reply":"log","line":"l"}"#,
];

/// What was taken, written, is taken as the same.
fn survives<T: Serialize + DeserializeOwned>(read: Option<T>) -> Result<(), TestCaseError> {
    let Some(read) = read else { return Ok(()) };
    let written = serde_json::to_string(&read);
    prop_assert!(
        written.is_ok(),
        "what was read can't be written: {:?}",
        written
    );
    let written = written.unwrap();
    let again = serde_json::from_str::<T>(&written);
    prop_assert!(
        again.is_ok(),
        "what was written can't be read: {:?}: {}",
        again.err(),
        written
    );
    prop_assert_eq!(serde_json::to_string(&again.unwrap()).unwrap(), written);
    Ok(())
}

fuzzing::targets! {
    fn a_resource_that_is_taken_is_taken_again(resource in mutated(&RESOURCES)) {
        let Some(value) = resource.value() else { return Ok(()) };
        let parsed = llm::parse(value.clone());
        if let Ok(parsed) = &parsed {
            let again = llm::parse(serde_json::to_value(parsed).unwrap());
            prop_assert!(again.is_ok(), "{:?}", again);
        }
        survives(parsed.ok())?;
        survives(alias::parse(value.clone()).ok())?;
        survives(price::parse(value).ok())?;
    }

    fn what_is_said_of_jobs_is_read_or_refused(body in mutated_text(&JOBS)) {
        if let Ok((jobs, _)) = parse_submit(&body) {
            for job in jobs {
                survives(Some(job))?;
            }
        }
        for done in parse_batch::<Complete>(&body).into_iter().flat_map(|batch| batch.entries) {
            survives(Some(done))?;
        }
        for failed in parse_batch::<Fail>(&body).into_iter().flat_map(|batch| batch.entries) {
            survives(Some(failed))?;
        }
        survives(serde_json::from_slice::<Heartbeat>(&body).ok())?;
        survives(serde_json::from_slice::<Register>(&body).ok())?;
        if let Ok(claim) = serde_json::from_slice::<Claim>(&body) {
            let _ = claim.check();
            survives(Some(claim))?;
        }
        let data = String::from_utf8_lossy(&body);
        for name in ["queued", "running", "progress", "chunk", "done", "error", "later"] {
            if let Ok(Some(event)) = Event::parse(name, &data) {
                prop_assert_eq!(event.name(), name);
                prop_assert_eq!(Event::parse(name, &event.data()).ok().flatten(), Some(event));
            }
        }
    }

    fn what_is_said_to_mcplocal_is_read_or_refused(line in mutated_text(&CONTROL)) {
        survives(serde_json::from_slice::<Request>(&line).ok())?;
        survives(serde_json::from_slice::<Reply>(&line).ok())?;
    }
}
