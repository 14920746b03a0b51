//! The service: each method in a line, its work in a file of its own.

use std::sync::Arc;

use jobs::Queue;
use kit::lifecycle::Lifecycle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Request, Response, Status};

use crate::callers::Caller;
use crate::proto::core_server::Core;
use crate::proto::{
    ClaimJobRequest, ClaimJobResponse, CompleteJobRequest, CompleteJobResponse, FailJobRequest,
    FailJobResponse, GetJobRequest, HeartbeatRequest, HeartbeatResponse, Job,
    RegisterWorkerRequest, RegisterWorkerResponse, ReportBenchmarkRequest, ReportBenchmarkResponse,
    ReportMetricsRequest, ReportMetricsResponse, StreamJobRequest, SubmitJobRequest,
    SubmitJobResponse,
};
use crate::refuse::revoked;
use crate::{finish, look, report, stream, submit, work};

/// Streams and claims that wait at once, of all connections: each looks at the database each second.
const MAX_WAITING: usize = 10_000;

/// What the methods work with.
pub(crate) struct Service {
    pub(crate) queue: Queue,
    pub(crate) lifecycle: Lifecycle,
    waiting: Arc<Semaphore>,
}

impl Service {
    pub(crate) fn new(queue: Queue, lifecycle: Lifecycle) -> Self {
        let waiting = Arc::new(Semaphore::new(MAX_WAITING));
        Self {
            queue,
            lifecycle,
            waiting,
        }
    }

    /// A place for something that waits long.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.waiting.clone().try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(
                "too many streams and claims wait here: close some, or poll with GetJob",
            )
        })
    }
}

type Answer<T> = Result<Response<T>, Status>;

/// The caller that the edge has let in by its head, who must still be so now that its message is here, and the message.
fn open<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    let caller = caller.ok_or_else(|| Status::unauthenticated("nobody knows who calls"))?;
    if caller.revoked.is_cancelled() {
        return Err(revoked());
    }
    Ok((caller, request.into_inner()))
}

#[tonic::async_trait]
impl Core for Service {
    async fn submit_job(&self, request: Request<SubmitJobRequest>) -> Answer<SubmitJobResponse> {
        let (caller, message) = open(request)?;
        submit::submit(self, &caller, message)
            .await
            .map(Response::new)
    }

    async fn get_job(&self, request: Request<GetJobRequest>) -> Answer<Job> {
        let (caller, message) = open(request)?;
        look::get(self, &caller, message).await.map(Response::new)
    }

    type StreamJobStream = stream::Events;

    async fn stream_job(&self, request: Request<StreamJobRequest>) -> Answer<stream::Events> {
        let (caller, message) = open(request)?;
        stream::stream(self, caller, message)
            .await
            .map(Response::new)
    }

    async fn register_worker(
        &self,
        request: Request<RegisterWorkerRequest>,
    ) -> Answer<RegisterWorkerResponse> {
        let (caller, message) = open(request)?;
        work::register(self, &caller, message).map(Response::new)
    }

    async fn claim_job(&self, request: Request<ClaimJobRequest>) -> Answer<ClaimJobResponse> {
        let (caller, message) = open(request)?;
        work::claim(self, &caller, message).await.map(Response::new)
    }

    async fn heartbeat(&self, request: Request<HeartbeatRequest>) -> Answer<HeartbeatResponse> {
        let (caller, message) = open(request)?;
        work::heartbeat(self, &caller, message)
            .await
            .map(Response::new)
    }

    async fn complete_job(
        &self,
        request: Request<CompleteJobRequest>,
    ) -> Answer<CompleteJobResponse> {
        let (caller, message) = open(request)?;
        finish::complete(self, &caller, message)
            .await
            .map(Response::new)
    }

    async fn fail_job(&self, request: Request<FailJobRequest>) -> Answer<FailJobResponse> {
        let (caller, message) = open(request)?;
        finish::fail(self, &caller, message)
            .await
            .map(Response::new)
    }

    async fn report_metrics(
        &self,
        request: Request<ReportMetricsRequest>,
    ) -> Answer<ReportMetricsResponse> {
        let (caller, message) = open(request)?;
        report::metrics(self, &caller, message).map(Response::new)
    }

    async fn report_benchmark(
        &self,
        request: Request<ReportBenchmarkRequest>,
    ) -> Answer<ReportBenchmarkResponse> {
        let (caller, message) = open(request)?;
        report::benchmark(self, &caller, message).map(Response::new)
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;
    use tonic::Code;

    use super::*;

    #[test]
    fn a_message_whose_caller_was_revoked_while_it_came_is_not_opened() {
        let caller = Caller {
            principal: "bob".into(),
            token_id: "t1".into(),
            is_admin: false,
            revoked: CancellationToken::new(),
        };
        let request = || {
            let mut request = Request::new("message");
            request.extensions_mut().insert(caller.clone());
            request
        };
        assert_eq!(open(request()).unwrap().1, "message");
        caller.revoked.cancel();
        assert_eq!(open(request()).unwrap_err().code(), Code::Unauthenticated);
        let nobody = open(Request::new("message")).unwrap_err();
        assert_eq!(nobody.code(), Code::Unauthenticated);
    }
}
