//! Who may call what.

use serde_json::json;
use tonic::Code;

use crate::fixture::Stage;
use crate::stranger::{By, Stranger};

/// What an empty message of the method is answered with.
async fn code(caller: &Stranger, method: &str) -> Code {
    let answer = match method {
        "StreamJob" => caller.open(method, json!({})).await.map(drop),
        _ => caller.call(method, json!({})).await.map(drop),
    };
    answer.map_or_else(|status| status.code(), |()| Code::Ok)
}

#[tokio::test]
async fn each_method_is_for_its_role_and_an_admin() {
    let stage = Stage::set().await;
    let methods = stage.stranger.methods();
    assert_eq!(methods.len(), 10);
    for method in methods {
        let is_users = ["SubmitJob", "GetJob", "StreamJob"].contains(&&*method);
        let (yes, no) = match is_users {
            true => ("ann", "will"),
            false => ("will", "ann"),
        };
        let code = async |caller: &Stranger| code(caller, &method).await;
        assert_eq!(
            code(&stage.stranger).await,
            Code::Unauthenticated,
            "{method}"
        );
        let unknown = stage.with("nobody");
        assert_eq!(code(&unknown).await, Code::Unauthenticated, "{method}");
        assert_eq!(
            code(&stage.with(no)).await,
            Code::PermissionDenied,
            "{method}"
        );
        for allowed in [yes, "root"] {
            // An empty message is no good, but it was read.
            let code = code(&stage.with(allowed)).await;
            let read = [Code::InvalidArgument, Code::NotFound, Code::Ok];
            assert!(read.contains(&code), "{method}: {code:?}");
        }
    }
}

#[tokio::test]
async fn the_older_name_of_reflection_tells_the_same() {
    let stage = Stage::set_by(By::V1Alpha).await;
    assert_eq!(stage.stranger.methods().len(), 10);
}

#[tokio::test]
async fn a_job_is_its_owners_and_an_admins() {
    let stage = Stage::set().await;
    let id = stage.job("a.kind").await;
    let look = json!({"job_id": id});
    for one in ["ann", "root"] {
        let job = stage.with(one).call("GetJob", look.clone()).await.unwrap();
        assert_eq!(job["principal"], "ann");
    }
    let ben = stage.with("ben");
    let status = ben.call("GetJob", look.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let status = ben.open("StreamJob", look).await.map(drop).unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}
