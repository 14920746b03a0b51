//! The gRPC port of the real server: its tokens, its words, its queue.

use rpc::proto::core_client::CoreClient;
use rpc::proto::{
    ClaimJobRequest, CompleteJobRequest, GetJobRequest, StreamJobRequest, SubmitJobRequest,
};
use serde_json::json;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

use crate::client::{Caller, PATIENCE};
use crate::fixture::Mcpd;
use crate::ports::free_address;

/// A server with gRPC on a port of its own.
async fn start() -> (Mcpd, CoreClient<Channel>) {
    let address = free_address();
    let settings = [("grpc_listen", &*address.to_string()), ("workers", "0")];
    let mcpd = Mcpd::start_with(&settings).await;
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    (mcpd, CoreClient::new(endpoint.connect_lazy()))
}

fn by<T>(caller: &Caller, header: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let token = caller.token().unwrap();
    let value = match header {
        "authorization" => format!("Bearer {token}"),
        _ => token.to_owned(),
    };
    request
        .metadata_mut()
        .insert(header, value.parse().unwrap());
    request
}

#[tokio::test]
async fn a_job_goes_its_way_over_grpc_and_is_the_same_over_http() {
    let (mcpd, mut client) = start().await;
    let (user, worker) = (
        mcpd.token("user", "user").await,
        mcpd.token("worker", "worker").await,
    );
    let submit = SubmitJobRequest {
        kind: "a.kind".into(),
        payload_json: "{\"a\": 1.0}".into(),
        ..SubmitJobRequest::default()
    };
    let submitted = client.submit_job(by(&user, "authorization", submit)).await;
    let job_id = submitted.unwrap().into_inner().job_id;
    let claim = ClaimJobRequest {
        worker_id: "w".into(),
        kinds: vec!["a.kind".into()],
        lease_seconds: 30,
        limit: None,
        wait_s: 5,
    };
    let claimed = client
        .claim_job(by(&worker, "x-api-key", claim))
        .await
        .unwrap();
    let claimed = claimed.into_inner().jobs.remove(0);
    let complete = CompleteJobRequest {
        worker_id: "w".into(),
        job_id: job_id.clone(),
        lease_token: claimed.lease_token,
        result_json: "[1.0]".into(),
        ..CompleteJobRequest::default()
    };
    let completed = client
        .complete_job(by(&worker, "authorization", complete))
        .await;
    assert_eq!(completed.unwrap().into_inner().status, "done");
    let shown = user.get(&format!("/v1/jobs/{job_id}")).await.is(200);
    assert_eq!(shown.json()["result"], json!([1.0]));
}

#[tokio::test]
async fn a_caller_without_a_token_or_role_is_told_what_http_tells() {
    let (mcpd, mut client) = start().await;
    let worker = mcpd.token("worker", "worker").await;
    let look = GetJobRequest::default();
    let status = client.get_job(look.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let http = mcpd.nobody().get("/v1/jobs/x").await.is(401).json();
    let said = http["error"]["message"].as_str().unwrap();
    assert!(status.message().starts_with(said), "{status}");

    let status = client
        .get_job(by(&worker, "authorization", look))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let http = worker.get("/v1/jobs/x").await.is(403).json();
    let said = http["error"]["message"].as_str().unwrap();
    assert!(status.message().starts_with(said), "{status}");
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it_and_with_the_server() {
    let (mcpd, mut client) = start().await;
    let user = mcpd.token("user", "user").await;
    let submit = SubmitJobRequest {
        kind: "a.kind".into(),
        payload_json: "1".into(),
        ..SubmitJobRequest::default()
    };
    let submitted = client.submit_job(by(&user, "authorization", submit)).await;
    let look = StreamJobRequest {
        job_id: submitted.unwrap().into_inner().job_id,
        last_event_id: 0,
    };
    let by_user = by(&user, "authorization", look.clone());
    let mut users = client.stream_job(by_user).await.unwrap().into_inner();
    let by_admin = by(&mcpd.admin, "authorization", look);
    let mut admins = client.stream_job(by_admin).await.unwrap().into_inner();
    for stream in [&mut users, &mut admins] {
        let first = stream.message().await.unwrap().unwrap();
        assert_eq!(first.event, "queued");
    }
    mcpd.admin.delete("/api/v1/tokens/user").await.is(200);
    let ended = tokio::time::timeout(PATIENCE, users.message())
        .await
        .unwrap();
    assert_eq!(ended.unwrap_err().code(), Code::Unauthenticated);
    mcpd.stop().await;
    let ended = tokio::time::timeout(PATIENCE, admins.message())
        .await
        .unwrap();
    assert_eq!(ended.unwrap_err().code(), Code::Unavailable);
}
