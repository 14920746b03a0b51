//! Durable jobs and their workers.

use http::Method;
use serde_json::{Value, json};
use shared::job;
use utoipa::openapi::Content;
use utoipa::openapi::schema::Components;

use crate::openapi::loose::schema;
use crate::openapi::operation::{EVENT_STREAM, Entry, named, of};
use crate::openapi::schemas::{text, whole};

const TAG: &str = "jobs";
const WORKERS: &str = "workers";
const NO_JOB: &str = "There is no such job, or it is another principal's (`not_found`).";
const BAD_JOB: &str = "A field is wrong; the message names it (`invalid_request`).";
const STALE: &str = "The lease is over, or another's: nothing has changed (`stale_lease`).";
const OWN: &str = "An admin sees everybody's jobs; others see their own.";

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = vec![submit(), list(), lookup(), summary()];
    entries.extend([show(), stream(), response(), cancel(), retry(), delete()]);
    entries.extend([workers(), register(), claim(), heartbeat()]);
    entries.extend([complete(), fail()]);
    entries
}

/// One of something, or a list of them under `jobs`.
fn one_or_many(one: &str, many: &str) -> Value {
    let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    json!({"anyOf": [of(one), of(many)]})
}

fn list_of(one: &str) -> Value {
    let item = json!({"$ref": format!("#/components/schemas/{one}")});
    json!({"type": "object", "required": ["jobs"], "properties": {
        "jobs": {"type": "array", "items": item}}})
}

/// The shapes that come as one or as many, and the list of workers.
pub(super) fn put_into(components: &mut Components) {
    let worker = json!({"allOf": [{"$ref": "#/components/schemas/Worker"},
        {"type": "object", "required": ["worker_id", "principal", "seen_at"], "properties": {
            "worker_id": {"type": "string"}, "principal": {"type": "string"},
            "seen_at": {"type": "string", "format": "date-time"},
            "metrics": {"description": "What it told of itself last."},
            "benchmark": {"description": "What it measured last."}}}]});
    let workers = json!({"type": "object", "required": ["workers"], "properties": {
        "workers": {"type": "array", "items": worker}}});
    let named = [
        ("SubmitJobList", list_of("SubmitJob")),
        ("SubmitOneOrMany", one_or_many("SubmitJob", "SubmitJobList")),
        (
            "SubmittedOneOrMany",
            one_or_many("SubmittedJob", "SubmittedJobs"),
        ),
        ("ClaimedOneOrMany", one_or_many("ClaimedJob", "ClaimedJobs")),
        ("CompleteJobList", list_of("CompleteJob")),
        (
            "CompleteOneOrMany",
            one_or_many("CompleteJob", "CompleteJobList"),
        ),
        ("FailJobList", list_of("FailJob")),
        ("FailOneOrMany", one_or_many("FailJob", "FailJobList")),
        ("EntryAnswerList", list_of("EntryAnswer")),
        (
            "EntryAnswers",
            one_or_many("EntryAnswer", "EntryAnswerList"),
        ),
        ("WorkerList", workers),
    ];
    for (name, literal) in named {
        components.schemas.insert(name.to_owned(), schema(literal));
    }
}

fn submit() -> Entry {
    Entry::new(
        Method::POST,
        "/v1/jobs",
        TAG,
        "submitJob",
        "Submit a job, or up to 1,000",
    )
    .about(
        "A 202 means that all of them are on disk. With `{\"jobs\": [..]}` they are stored in \
             one transaction, all or none. `warning` says what looks like a mistake: an LLM's name \
             that nobody has now.",
    )
    .header(
        "Idempotency-Key",
        text().max_length(Some(256)),
        "The same key and body answer the same ids; another body is refused.",
    )
    .takes(
        named("SubmitOneOrMany"),
        "The job, or a list of them.",
        json!({"kind": "llm.chat", "payload": {"llm": "laptop",
                "messages": [{"role": "user", "content": "hello"}]}}),
    )
    .answers(202, named("SubmittedOneOrMany"), "They are stored.")
    .fails(400, BAD_JOB)
    .fails(409, "The key came before, with another body (`conflict`).")
    .fails(408, "The body did not come in time (`invalid_request`).")
    .fails(413, "The body is too large (`body_too_large`).")
}

fn list() -> Entry {
    Entry::new(
        Method::GET,
        "/v1/jobs",
        TAG,
        "listJobs",
        "List jobs, newest first",
    )
    .about(OWN)
    .query("status", of::<job::Status>(), "Those in this status.")
    .query("kind", text(), "Those of this kind.")
    .query(
        "limit",
        whole(1),
        "How many at most. Default: 50, at most 1000.",
    )
    .query("cursor", text(), "The `next_cursor` of the page before.")
    .answers(
        200,
        of::<job::JobList>(),
        "A page, without payloads and results.",
    )
    .fails(400, "The query can't be used (`invalid_request`).")
}

fn lookup() -> Entry {
    Entry::new(
        Method::POST,
        "/v1/jobs/lookup",
        TAG,
        "lookUpJobs",
        "See where many jobs stand",
    )
    .about(OWN)
    .takes(
        of::<job::Lookup>(),
        "Their ids, at most 1,000.",
        json!({"ids": ["019aa5c3-1b7d-7f00-8000-000000000001"]}),
    )
    .answers(
        200,
        of::<job::Looked>(),
        "Those that there are, in no order.",
    )
    .fails(400, BAD_JOB)
}

fn summary() -> Entry {
    let what = "Count jobs, and see what runs and what waits for what";
    Entry::new(Method::GET, "/v1/jobs/summary", TAG, "summarizeJobs", what)
        .about(OWN)
        .answers(200, of::<job::Summary>(), "The numbers of now.")
}

fn one(method: Method, path: &'static str, id: &str, what: &str) -> Entry {
    Entry::new(method, path, TAG, id, what)
        .segment("id", text(), "The job's id.")
        .fails(404, NO_JOB)
}

fn show() -> Entry {
    one(Method::GET, "/v1/jobs/{id}", "getJob", "Show a job")
        .about("While it is queued: its position, and an estimate where one can be made.")
        .query(
            "history",
            schema(json!({"type": "boolean"})),
            "Whether to list its attempts.",
        )
        .answers(200, of::<job::Job>(), "The job, with payload and result.")
        .fails(400, "The query can't be used (`invalid_request`).")
}

fn stream() -> Entry {
    let path = "/v1/jobs/{id}/stream";
    one(Method::GET, path, "streamJob", "Follow a job to its end")
        .about(
            "Events `queued`, `running`, `progress`, `chunk`, and at the end `done` or `error`. \
             Each has an id; `queued` comes again with the same id as the job's place changes. \
             Who comes back names the last id it saw and misses nothing.",
        )
        .header("Last-Event-ID", whole(0), "Go on after this one.")
        .query(
            "follow",
            schema(json!({"type": "boolean"})),
            "`false` ends the stream after the events so far. Default: `true`.",
        )
        .answers_as(
            200,
            EVENT_STREAM,
            Content::builder().schema(Some(text())),
            "The events.",
        )
        .fails(
            400,
            "The query or `Last-Event-ID` can't be used (`invalid_request`).",
        )
}

fn response() -> Entry {
    let path = "/v1/jobs/{id}/response";
    let what = "Fetch the answer of a deferred request";
    one(Method::GET, path, "fetchDeferredAnswer", what)
        .about(
            "Of a request that became a job (`Prefer: respond-async`, or an alias with \
             `onUnavailable: queue`): the answer as it would have been, a stream's too.",
        )
        .answers(
            200,
            schema(json!({"type": "object", "additionalProperties": true})),
            "The answer.",
        )
        .answers(202, of::<job::Job>(), "There is none yet; this is the job.")
        .fails(409, "The job answers no request (`conflict`).")
        .fails(502, "The job ended without an answer (`provider_error`).")
}

fn cancel() -> Entry {
    one(
        Method::POST,
        "/v1/jobs/{id}/cancel",
        "cancelJob",
        "End a job",
    )
    .about(
        "A queued job ends at once. The worker of a running one is asked to stop, and the \
             server's own stops the model at once. Idempotent.",
    )
    .answers(200, of::<job::Job>(), "The job.")
}

fn retry() -> Entry {
    one(
        Method::POST,
        "/v1/jobs/{id}/retry",
        "retryJob",
        "Queue an ended job anew",
    )
    .about("It has all its attempts before it again; the old ones stay in its history.")
    .answers(200, of::<job::Job>(), "The job.")
    .fails(
        409,
        "It has not ended, or another has its unique key (`conflict`).",
    )
}

fn delete() -> Entry {
    one(
        Method::DELETE,
        "/v1/jobs/{id}",
        "deleteJob",
        "Delete an ended job",
    )
    .answers(200, of::<job::Job>(), "The job as it was.")
    .fails(409, "It has not ended: cancel it first (`conflict`).")
}

fn of_workers(method: Method, path: &'static str, id: &str, what: &str) -> Entry {
    Entry::new(method, path, WORKERS, id, what)
}

fn workers() -> Entry {
    of_workers(
        Method::GET,
        "/v1/workers",
        "listWorkers",
        "List the workers",
    )
    .about("Those that were heard of since the server started.")
    .answers(200, named("WorkerList"), "Ordered by id.")
}

fn register() -> Entry {
    let path = "/v1/workers/register";
    of_workers(Method::POST, path, "registerWorker", "Register a worker")
        .takes(
            of::<job::Register>(),
            "Who it is; one without an id is given one.",
            json!({"worker": {"name": "gpu-box", "platform": "linux", "arch": "x86_64"}}),
        )
        .answers(200, of::<job::Registered>(), "The id to claim with.")
        .fails(400, BAD_JOB)
}

fn claim() -> Entry {
    let path = "/v1/workers/claim";
    of_workers(Method::POST, path, "claimJobs", "Claim jobs")
        .about(
            "The most urgent jobs of the worker's kinds become its own until their leases end, \
             each with a token of its own. With `wait_s` the call waits for one.",
        )
        .takes(
            of::<job::Claim>(),
            "What it can do.",
            json!({"worker_id": "gpu-box", "kinds": ["resize"], "lease_seconds": 60, "wait_s": 20}),
        )
        .answers(
            200,
            named("ClaimedOneOrMany"),
            "The job with its `lease_token`; with a `limit` above 1 `{\"jobs\": [..]}`.",
        )
        .answers_nothing(204, "There is none.")
        .fails(400, BAD_JOB)
}

fn heartbeat() -> Entry {
    let path = "/v1/workers/heartbeat";
    of_workers(Method::POST, path, "heartbeat", "Keep a job")
        .about("Send one at least three times within each lease, from a timer of its own.")
        .takes(
            of::<job::Heartbeat>(),
            "Which job, and how far it is.",
            json!({"worker_id": "gpu-box", "job_id": "019aa5c3-1b7d-7f00-8000-000000000001",
                "lease_token": "..", "extend_seconds": 60, "progress": {"done": 3, "total": 10}}),
        )
        .answers(
            200,
            of::<job::HeartbeatAnswer>(),
            "The lease is longer now. `canceled`: stop, and report the job failed.",
        )
        .fails(400, BAD_JOB)
        .fails(409, STALE)
}

fn finish(path: &'static str, id: &str, what: &str, takes: &str, example: Value) -> Entry {
    of_workers(Method::POST, path, id, what)
        .about(
            "One entry, or `{\"jobs\": [..]}`, whose entries are answered one by one. A stale \
             token changes nothing.",
        )
        .takes(named(takes), "The entry, or a list of them.", example)
        .answers(200, named("EntryAnswers"), "What became of it, or of each.")
        .fails(400, BAD_JOB)
        .fails(409, STALE)
        .fails(408, "The body did not come in time (`invalid_request`).")
        .fails(413, "The body is too large (`body_too_large`).")
}

fn complete() -> Entry {
    finish(
        "/v1/workers/complete",
        "completeJobs",
        "Bring results",
        "CompleteOneOrMany",
        json!({"worker_id": "gpu-box", "job_id": "019aa5c3-1b7d-7f00-8000-000000000001",
            "lease_token": "..", "result": {"width": 640}}),
    )
}

fn fail() -> Entry {
    finish(
        "/v1/workers/fail",
        "failJobs",
        "Report failures",
        "FailOneOrMany",
        json!({"worker_id": "gpu-box", "job_id": "019aa5c3-1b7d-7f00-8000-000000000001",
            "lease_token": "..", "error": "no such file", "retryable": false}),
    )
}
