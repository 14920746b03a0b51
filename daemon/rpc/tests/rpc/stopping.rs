//! What ends when the server stops, and what ends with a token.

use serde_json::json;
use tonic::Code;

use crate::fixture::{Stage, about, soon};

#[tokio::test]
async fn a_soft_stop_ends_streams_and_waiting_claims_and_results_are_still_taken() {
    let stage = Stage::set().await;
    let (ann, will) = (stage.with("ann"), stage.with("will"));
    let id = stage.job("a.kind").await;
    let claimed = stage.claim("will", "a.kind", 1).await.remove(0);
    let mut told = ann.open("StreamJob", json!({"job_id": id})).await.unwrap();
    soon(told.next()).await.unwrap();
    let waits = json!({"worker_id": "will", "kinds": ["b"], "lease_seconds": 30, "wait_s": 60});
    let stop = async {
        tokio::task::yield_now().await;
        stage.lifecycle.stop();
    };
    let (claim, ()) = soon(async { tokio::join!(will.call("ClaimJob", waits), stop) }).await;
    assert_eq!(claim.unwrap_err().code(), Code::Unavailable);
    let ended = soon(async {
        loop {
            match told.next().await {
                Ok(Some(_)) => {}
                other => return other,
            }
        }
    });
    assert_eq!(ended.await.unwrap_err().code(), Code::Unavailable);
    let result = about("will", &claimed, json!({"result_json": "1"}));
    let done = will.call("CompleteJob", result).await.unwrap();
    assert_eq!(done["status"], "done");

    stage.closing.cancel();
    soon(stage.ended).await.unwrap();
}

#[tokio::test]
async fn a_deleted_token_ends_its_streams() {
    let stage = Stage::set().await;
    let id = stage.job("a.kind").await;
    let ann = stage.with("ann");
    let mut told = ann.open("StreamJob", json!({"job_id": id})).await.unwrap();
    soon(told.next()).await.unwrap();
    stage.revoked.cancel();
    let ended = soon(told.next()).await.unwrap_err();
    assert_eq!(ended.code(), Code::Unauthenticated);
}
