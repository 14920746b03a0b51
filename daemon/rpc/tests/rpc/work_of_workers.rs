//! RegisterWorker, ClaimJob, Heartbeat, CompleteJob, FailJob, ReportMetrics, ReportBenchmark.

use jobs::Viewer;
use serde_json::{Value, json};
use tonic::Code;

use crate::fixture::{Stage, about, soon};

#[tokio::test]
async fn a_worker_registers_and_is_remembered_with_what_it_reports() {
    let stage = Stage::set().await;
    let will = stage.with("will");
    let worker = json!({"name": "desk", "platform": "linux", "arch": "x86_64", "host": "h",
        "tags": ["gpu"]});
    let registered = will.call("RegisterWorker", json!({"worker": worker})).await;
    let id = registered.unwrap()["worker_id"].clone();
    let metrics = json!({"worker_id": id, "metrics_json": "{\"load\": 1}"});
    assert_eq!(
        will.call("ReportMetrics", metrics).await.unwrap()["ok"],
        true
    );
    let benchmark = json!({"worker_id": id, "benchmark_json": "{\"tps\": 9}"});
    assert_eq!(
        will.call("ReportBenchmark", benchmark).await.unwrap()["ok"],
        true
    );
    let known = stage.queue.workers();
    assert_eq!(known[0].worker_id.as_str(), id.as_str().unwrap());
    assert_eq!(known[0].platform.name, "desk");
    assert_eq!(known[0].metrics.as_ref().unwrap().as_str(), "{\"load\": 1}");
    assert_eq!(
        known[0].benchmark.as_ref().unwrap().as_str(),
        "{\"tps\": 9}"
    );

    let own = json!({"worker": {"id": "mine"}});
    let registered = will.call("RegisterWorker", own).await.unwrap();
    assert_eq!(registered["worker_id"], "mine");
    let large =
        json!({"worker_id": "mine", "metrics_json": format!("\"{}\"", "x".repeat(1 << 15))});
    let status = will.call("ReportMetrics", large).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_claim_waits_for_a_job_and_answers_with_none_where_none_comes() {
    let stage = Stage::set().await;
    assert!(stage.claim("will", "a.kind", 1).await.is_empty());
    let will = stage.with("will");
    let waits =
        json!({"worker_id": "will", "kinds": ["a.kind"], "lease_seconds": 30, "wait_s": 30});
    let claim = will.call("ClaimJob", waits);
    let submit = async {
        // The claim waits by then, or it finds the job at once: both are right.
        tokio::task::yield_now().await;
        stage.job("a.kind").await
    };
    let (claimed, id) = soon(async { tokio::join!(claim, submit) }).await;
    let claimed = &claimed.unwrap()["jobs"][0];
    assert_eq!(claimed["job"]["id"], *id);
    assert_eq!(claimed["job"]["status"], "running");
    assert_eq!(claimed["job"]["payload_json"], "{\"n\": 1}");
    assert_ne!(claimed["lease_token"], "");
}

#[tokio::test]
async fn a_result_and_a_failure_are_written_with_what_they_took() {
    let stage = Stage::set().await;
    let (will, ann) = (stage.with("will"), stage.with("ann"));
    let id = stage.job("a.kind").await;
    let claimed = stage.claim("will", "a.kind", 1).await.remove(0);
    let more = json!({"error": "no luck", "metrics_json": "{\"ms\": 5}"});
    let failed = will.call("FailJob", about("will", &claimed, more)).await;
    assert_eq!(failed.unwrap()["status"], "queued");
    // The next attempt comes after a second.
    let waits =
        json!({"worker_id": "will", "kinds": ["a.kind"], "lease_seconds": 30, "wait_s": 30});
    let claimed = soon(will.call("ClaimJob", waits)).await.unwrap()["jobs"][0].clone();
    let result = about("will", &claimed, json!({"result_json": "{\"a\": 1.0}"}));
    let done = will.call("CompleteJob", result).await.unwrap();
    assert_eq!(
        (&done["ok"], &done["status"]),
        (&json!(true), &json!("done"))
    );
    let look = json!({"job_id": id, "history": true});
    let job = ann.call("GetJob", look).await.unwrap();
    assert_eq!(job["result_json"], "{\"a\": 1.0}");
    let outcome = |n: usize| job["history"][n]["outcome"].clone();
    assert_eq!((outcome(0), outcome(1)), (json!("failed"), json!("done")));
    assert_eq!(job["history"][0]["error"], "no luck");
    assert_eq!(job["history"][0]["metrics_json"], "{\"ms\": 5}");

    stage.job("b.kind").await;
    let claimed = stage.claim("will", "b.kind", 1).await.remove(0);
    let more = json!({"error": "never", "retryable": false});
    let failed = will.call("FailJob", about("will", &claimed, more)).await;
    assert_eq!(failed.unwrap()["status"], "error");
}

#[tokio::test]
async fn a_lease_that_is_over_or_anothers_changes_nothing() {
    let stage = Stage::set().await;
    let will = stage.with("will");
    let id = stage.job("a.kind").await;
    let claimed = stage.claim("will", "a.kind", 1).await.remove(0);
    let beat = json!({"extend_seconds": 30});
    let result = json!({"result_json": "1"});
    let failure = json!({"error": "x"});
    let said = [
        ("Heartbeat", &beat),
        ("CompleteJob", &result),
        ("FailJob", &failure),
    ];
    let refused = async |who: &str| {
        for (method, more) in said {
            let about = about(who, &claimed, more.clone());
            let status = stage.with(who).call(method, about).await.unwrap_err();
            assert_eq!(status.code(), Code::FailedPrecondition, "{method}");
            assert!(status.message().contains("lease"), "{status}");
        }
    };
    refused("wendy").await;
    let done = about("will", &claimed, json!({"result_json": "\"first\""}));
    will.call("CompleteJob", done).await.unwrap();
    refused("will").await;
    let job = stage
        .with("ann")
        .call("GetJob", json!({"job_id": id}))
        .await;
    assert_eq!(job.unwrap()["result_json"], "\"first\"");
}

#[tokio::test]
async fn a_heartbeat_tells_that_somebody_wants_the_job_to_end() {
    let stage = Stage::set().await;
    let will = stage.with("will");
    let id = stage.job("a.kind").await;
    let claimed = stage.claim("will", "a.kind", 1).await.remove(0);
    let beat = about("will", &claimed, json!({"extend_seconds": 30}));
    let heard = will.call("Heartbeat", beat.clone()).await.unwrap();
    assert_eq!(
        (&heard["ok"], &heard["canceled"]),
        (&json!(true), &json!(false))
    );
    let job_id = id.parse().unwrap();
    stage.queue.cancel(&job_id, Viewer::Admin).await.unwrap();
    let heard = will.call("Heartbeat", beat).await.unwrap();
    assert_eq!(
        (&heard["ok"], &heard["canceled"]),
        (&json!(true), &json!(true))
    );
    let failure = about("will", &claimed, json!({"error": "as you wish"}));
    let failed = will.call("FailJob", failure).await.unwrap();
    assert_eq!(failed["status"], "canceled");
}

#[tokio::test]
async fn a_list_of_results_is_answered_entry_by_entry() {
    let stage = Stage::set().await;
    let will = stage.with("will");
    for _ in 0..4 {
        stage.job("a.kind").await;
    }
    let claimed = stage.claim("will", "a.kind", 10).await;
    assert_eq!(claimed.len(), 4);
    let entry = |n: usize, token: &Value, more: Value| {
        let mut entry = json!({"job_id": claimed[n]["job"]["id"], "lease_token": token});
        let fields = entry.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        entry
    };
    let good = |n: usize| claimed[n]["lease_token"].clone();
    let entries = json!({"worker_id": "will", "jobs": [
        entry(0, &good(0), json!({"result_json": "0"})),
        entry(1, &json!("wrong"), json!({"result_json": "1"})),
    ]});
    let answers = will.call("CompleteJob", entries).await.unwrap();
    assert_eq!(answers["ok"], false);
    let jobs = &answers["jobs"];
    assert_eq!(
        (&jobs[0]["ok"], &jobs[0]["status"]),
        (&json!(true), &json!("done"))
    );
    assert_eq!(
        (&jobs[1]["ok"], &jobs[1]["status"]),
        (&json!(false), &json!(""))
    );
    assert!(jobs[1]["error"].as_str().unwrap().contains("lease"));

    let entries = json!({"worker_id": "will", "jobs": [
        entry(2, &good(2), json!({"error": "x"})),
        entry(3, &good(3), json!({"error": "y", "retryable": false})),
    ]});
    let answers = will.call("FailJob", entries).await.unwrap();
    assert_eq!(answers["ok"], true);
    assert_eq!(answers["jobs"][0]["status"], "queued");
    assert_eq!(answers["jobs"][1]["status"], "error");
}

#[tokio::test]
async fn what_does_not_fit_into_one_answer_stays_queued_and_costs_no_attempt() {
    let stage = Stage::set().await;
    let ann = stage.with("ann");
    let payload = format!("\"{}\"", "x".repeat(4_000_000));
    for _ in 0..7 {
        let job = json!({"kind": "large", "payload_json": payload});
        ann.call("SubmitJob", job).await.unwrap();
    }
    let first = stage.claim("will", "large", 100).await;
    assert_eq!(first.len(), 5);
    let second = stage.claim("will", "large", 100).await;
    assert_eq!(second.len(), 2);
    assert!(second.iter().all(|claimed| claimed["job"]["attempts"] == 1));
}
