//! Jobs over gRPC while things go wrong: a server that is killed, a worker whose network goes dark, watchers that are cut
//! off or vanish. A stream that broke never looks ended, a job ends once, and nothing is kept for those who are gone.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use rpc::proto::core_client::CoreClient;
use rpc::proto::{
    ClaimJobRequest, ClaimedJob, CompleteJobRequest, GetJobRequest, JobEvent, StreamJobRequest,
    SubmitJobRequest,
};
use std::net::SocketAddr;
use std::time::Duration;
use system_tests::cluster::ports::free_address;
use system_tests::cluster::wait::when;
use system_tests::cluster::{Mcpd, until};
use system_tests::proxy::{Proxy, Rules};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

/// Longest that what is no wait may take.
const SOON: Duration = Duration::from_secs(15);
/// A silent peer is asked after 20 s, and has 20 s to answer.
const VANISHED: Duration = Duration::from_secs(60);

/// A server, its gRPC port, and a network in front of that.
struct Scene {
    mcpd: Mcpd,
    grpc: SocketAddr,
    proxy: Proxy,
}

impl Scene {
    async fn start() -> Self {
        let grpc = free_address();
        let settings = [
            ("MCPD_GRPC_LISTEN", &*grpc.to_string()),
            ("MCPD_WORKERS", "0"),
            ("MCPD_JOB_RETRY_MIN", "50ms"),
            ("MCPD_JOB_RETRY_MAX", "100ms"),
        ];
        let mcpd = Mcpd::start(&settings).await;
        let proxy = Proxy::start(grpc).unwrap();
        Self { mcpd, grpc, proxy }
    }

    /// A peer behind the network.
    fn peer(&self, name: &'static str) -> Peer {
        Peer::of(&self.mcpd, self.proxy.url(), name)
    }
}

/// Who calls, with the admin's token.
#[derive(Clone)]
struct Peer {
    client: CoreClient<Channel>,
    token: String,
    name: &'static str,
}

impl Peer {
    fn of(mcpd: &Mcpd, url: String, name: &'static str) -> Self {
        let channel = Endpoint::from_shared(url).unwrap().connect_lazy();
        Self {
            client: CoreClient::new(channel),
            token: mcpd.admin.clone(),
            name,
        }
    }

    fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = format!("Bearer {}", self.token);
        request
            .metadata_mut()
            .insert("authorization", token.parse().unwrap());
        request
    }

    async fn submit(&mut self) -> String {
        let job = SubmitJobRequest {
            kind: "work".into(),
            payload_json: "null".into(),
            ..SubmitJobRequest::default()
        };
        let submitted = self.client.submit_job(self.ask(job)).await;
        submitted.unwrap().into_inner().job_id
    }

    async fn claim(&mut self, lease_seconds: u32) -> ClaimedJob {
        let claim = ClaimJobRequest {
            worker_id: self.name.into(),
            kinds: vec!["work".into()],
            lease_seconds,
            limit: None,
            wait_s: 30,
        };
        let claimed = self.client.claim_job(self.ask(claim)).await.unwrap();
        claimed.into_inner().jobs.remove(0)
    }

    /// Brings a result that has the peer's name; the job's new status.
    async fn complete(&mut self, held: &ClaimedJob) -> Result<String, Status> {
        let complete = CompleteJobRequest {
            worker_id: self.name.into(),
            job_id: held.job.as_ref().unwrap().id.clone(),
            lease_token: held.lease_token.clone(),
            result_json: format!("{:?}", self.name),
            ..CompleteJobRequest::default()
        };
        let completed = self.client.complete_job(self.ask(complete)).await?;
        Ok(completed.into_inner().status)
    }

    async fn watch(&mut self, job_id: &str, last_event_id: u64) -> Streaming<JobEvent> {
        let look = StreamJobRequest {
            job_id: job_id.into(),
            last_event_id,
        };
        let stream = self.client.stream_job(self.ask(look)).await;
        stream.unwrap().into_inner()
    }

    /// Outcomes of the job's attempts, and its result.
    async fn history(&mut self, job_id: &str) -> (Vec<String>, String) {
        let look = GetJobRequest {
            job_id: job_id.into(),
            history: true,
        };
        let job = self.client.get_job(self.ask(look)).await.unwrap();
        let job = job.into_inner();
        let outcomes = job.history.into_iter().map(|attempt| attempt.outcome);
        (outcomes.collect(), job.result_json)
    }
}

/// The next event; `None` at a clean end.
async fn next(stream: &mut Streaming<JobEvent>) -> Result<Option<JobEvent>, Status> {
    let event = timeout(SOON, stream.message()).await;
    event.expect("an event or the stream's end comes in time")
}

/// How a stream that broke ends.
async fn broken(stream: &mut Streaming<JobEvent>) -> Status {
    loop {
        match next(stream).await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a stream that broke looks ended"),
            Err(status) => return status,
        }
    }
}

/// The rest of a stream that ends cleanly, by names; each event is newer than `last`.
async fn rest(mut stream: Streaming<JobEvent>, mut last: u64) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(event) = next(&mut stream).await.unwrap() {
        assert!(event.id > last, "{event:?} comes behind {last}");
        last = event.id;
        names.push(event.event);
    }
    names
}

#[tokio::test]
async fn a_server_that_is_killed_breaks_its_streams_and_takes_the_result_afterwards() {
    let mut scene = Scene::start().await;
    let (mut watcher, mut worker) = (scene.peer("watcher"), scene.peer("worker"));
    let id = watcher.submit().await;
    let held = worker.claim(60).await;
    let mut stream = watcher.watch(&id, 0).await;
    let first = next(&mut stream).await.unwrap().unwrap();
    assert_eq!(first.event, "queued");

    scene.mcpd.process.kill();
    let status = broken(&mut stream).await;
    assert!(status.code() != Code::Ok, "{status:?}");
    scene.mcpd.start_again().await;

    assert_eq!(worker.complete(&held).await.unwrap(), "done");
    let names = rest(watcher.watch(&id, first.id).await, first.id).await;
    assert_eq!(names.last().unwrap(), "done", "{names:?}");
    assert!(!names.iter().any(|name| name == "queued"), "{names:?}");
    let (history, result) = watcher.history(&id).await;
    assert_eq!((history, &*result), (vec!["done".into()], "\"worker\""));
    drop((watcher, worker));
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_worker_whose_network_goes_dark_is_late_and_the_second_result_stands() {
    let scene = Scene::start().await;
    let mut first = scene.peer("first");
    let mut second = Peer::of(&scene.mcpd, format!("http://{}", scene.grpc), "second");
    let id = second.submit().await;
    let held = first.claim(2).await;
    scene.proxy.set(Rules::dark());
    let mut late = JoinSet::new();
    let (mut in_the_dark, lost) = (first.clone(), held.clone());
    late.spawn(async move { in_the_dark.complete(&lost).await });
    let again = timeout(SOON, second.claim(60)).await.unwrap();
    assert_eq!(again.job.as_ref().unwrap().id, id);
    scene.proxy.set(Rules::default());
    let refused = timeout(SOON, late.join_next()).await.unwrap();
    let refused = refused.unwrap().unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    assert_eq!(second.complete(&again).await.unwrap(), "done");
    let refused = first.complete(&held).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");

    let (history, result) = second.history(&id).await;
    let expected = ["lease_ended", "done"].map(String::from);
    assert_eq!((history, &*result), (expected.into(), "\"second\""));
    drop((first, second));
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_watcher_whose_connection_breaks_twice_misses_nothing_and_sees_nothing_twice() {
    let scene = Scene::start().await;
    let mut watcher = scene.peer("watcher");
    let mut worker = Peer::of(&scene.mcpd, format!("http://{}", scene.grpc), "worker");
    let id = watcher.submit().await;
    let mut stream = watcher.watch(&id, 0).await;
    let queued = next(&mut stream).await.unwrap().unwrap();
    scene.proxy.reset();
    broken(&mut stream).await;
    let held = worker.claim(60).await;
    let mut stream = watcher.watch(&id, queued.id).await;
    let running = next(&mut stream).await.unwrap().unwrap();
    scene.proxy.reset();
    broken(&mut stream).await;
    worker.complete(&held).await.unwrap();
    let last = running.id;
    let mut seen = vec![queued.event, running.event];
    seen.extend(rest(watcher.watch(&id, last).await, last).await);
    let uncut = rest(worker.watch(&id, 0).await, 0).await;
    assert_eq!(seen, uncut);
    drop((watcher, worker));
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn nothing_is_kept_for_watchers_that_vanish_without_a_word() {
    let scene = Scene::start().await;
    let id = scene.peer("submitter").submit().await;
    let (before, files) = (scene.mcpd.running().await, scene.mcpd.process.open_files());
    let mut watchers = Vec::new();
    for _ in 0..20 {
        let mut watcher = scene.peer("watcher");
        let mut stream = watcher.watch(&id, 0).await;
        next(&mut stream).await.unwrap().unwrap();
        watchers.push((watcher, stream));
    }
    let during = scene.mcpd.running().await;
    assert!(during >= before + 20, "{during} tasks, {before} before");
    scene.proxy.set(Rules::dark());
    until("the server to let them go", VANISHED, async || {
        let (now, open) = (scene.mcpd.running().await, scene.mcpd.process.open_files());
        let is_over = now <= before && open.sockets <= files.sockets;
        when(is_over, format!("{now} tasks, {before} before, {open:?}"))
    })
    .await;
    drop(watchers);
    scene.mcpd.at_rest().await;
}
