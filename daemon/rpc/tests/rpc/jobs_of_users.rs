//! SubmitJob, GetJob, StreamJob.

use serde_json::{Value, json};
use tonic::Code;

use crate::fixture::{Stage, about, soon};

#[tokio::test]
async fn what_is_submitted_is_shown_and_unset_fields_have_the_defaults_of_http() {
    let stage = Stage::set().await;
    let ann = stage.with("ann");
    let submitted = ann
        .call(
            "SubmitJob",
            json!({"kind": "a.kind", "payload_json": "{\"b\": 1.0}", "priority": 7,
                "source": "test", "run_at": "2999-01-01T00:00:00Z", "unique_key": "k",
                "labels": {"x": "y"}}),
        )
        .await
        .unwrap();
    let look = json!({"job_id": submitted["job_id"], "history": true});
    let job = ann.call("GetJob", look).await.unwrap();
    let expected = json!({
        "id": submitted["job_id"], "kind": "a.kind", "payload_json": "{\"b\": 1.0}",
        "status": "queued", "attempts": 0, "max_attempts": 3, "priority": 7, "source": "test",
        "run_at": "2999-01-01T00:00:00.000Z", "unique_key": "k", "labels": {"x": "y"},
        "result_json": "", "error": "", "history": [], "cancel_requested": false,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&job[field], value, "{field}");
    }
}

#[tokio::test]
async fn several_jobs_are_stored_together_and_a_name_that_nobody_has_is_warned_of() {
    let stage = Stage::set().await;
    let ann = stage.with("ann");
    let chat = r#"{"llm": "qwem3", "messages": [{"role": "user", "content": "Hi"}]}"#;
    let jobs = json!({"jobs": [
        {"kind": "a.kind", "payload_json": "1"},
        {"kind": "llm.chat", "payload_json": chat},
    ]});
    let submitted = ann.call("SubmitJob", jobs).await.unwrap();
    assert_eq!(submitted["job_ids"].as_array().unwrap().len(), 2);
    let warning = submitted["warnings"][0].as_str().unwrap();
    assert!(warning.contains("did you mean `qwen3`?"), "{warning}");

    let bad = json!({"jobs": [{"kind": "a.kind", "payload_json": "1"}, {"kind": "a.kind"}]});
    let status = ann.call("SubmitJob", bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let both = json!({"kind": "a", "jobs": [{"kind": "a.kind", "payload_json": "1"}]});
    let status = ann.call("SubmitJob", both).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(stage.claim("will", "a.kind", 10).await.len(), 1);
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let stage = Stage::set().await;
    let ann = stage.with("ann");
    let why = async |more: Value| {
        let mut job = json!({"kind": "a.kind", "payload_json": "1"});
        let fields = job.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let status = ann.call("SubmitJob", job).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        status.message().to_owned()
    };
    assert!(why(json!({"kind": ""})).await.contains("`kind`"));
    assert!(
        why(json!({"payload_json": ""}))
            .await
            .contains("`payload_json`")
    );
    assert!(
        why(json!({"payload_json": "{"}))
            .await
            .contains("`payload_json`")
    );
    assert!(why(json!({"run_at": "soon"})).await.contains("`run_at`"));
    assert!(
        why(json!({"max_attempts": 0}))
            .await
            .contains("`max_attempts`")
    );
    let large = json!({"payload_json": format!("\"{}\"", "x".repeat(5 << 20))});
    assert!(why(large).await.contains("`payload`"));
}

#[tokio::test]
async fn an_idempotency_key_makes_a_repeated_call_the_same_call() {
    let stage = Stage::set().await;
    let ann = stage.with("ann");
    let labels: serde_json::Map<_, _> = (0..20).map(|n| (format!("l{n}"), json!("v"))).collect();
    let job = |payload: &str| {
        json!({"kind": "a.kind", "payload_json": payload, "idempotency_key": "once",
            "labels": labels})
    };
    let first = ann.call("SubmitJob", job("1")).await.unwrap();
    assert_eq!(ann.call("SubmitJob", job("1")).await.unwrap(), first);
    let status = ann.call("SubmitJob", job("2")).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn a_stream_tells_all_to_the_end_and_goes_on_where_it_was_left() {
    let stage = Stage::set().await;
    let ann = stage.with("ann");
    let id = stage.job("a.kind").await;
    let mut told = ann.open("StreamJob", json!({"job_id": id})).await.unwrap();
    let first = soon(told.next()).await.unwrap().unwrap();
    assert_eq!(
        (&first["event"], &first["id"]),
        (&json!("queued"), &json!(1))
    );
    drop(told);

    let claimed = stage.claim("will", "a.kind", 1).await.remove(0);
    let will = stage.with("will");
    let beat = json!({"extend_seconds": 30, "progress": {"done": 1, "total": 2}});
    let beat = about("will", &claimed, beat);
    will.call("Heartbeat", beat).await.unwrap();
    let result = about("will", &claimed, json!({"result_json": "[1.0]"}));
    will.call("CompleteJob", result).await.unwrap();

    let told = ann
        .open("StreamJob", json!({"job_id": id, "last_event_id": 1}))
        .await
        .unwrap();
    let rest = soon(told.rest()).await;
    let names: Vec<_> = rest
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["running", "progress", "done"]);
    assert_eq!(rest[1]["data_json"], r#"{"done":1,"total":2}"#);
    assert_eq!(rest[2]["data_json"], r#"{"result":[1.0]}"#);

    let last = json!({"job_id": id, "last_event_id": rest[2]["id"]});
    let told = ann.open("StreamJob", last).await.unwrap();
    assert!(soon(told.rest()).await.is_empty());
}
