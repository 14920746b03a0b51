//! StreamJob: a job's events, from the first or from the one after `last_event_id`, to the terminal
//! one. A stream that ends without it ends with an error, so that nobody takes it for the end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use jobs::Watch;
use kit::lifecycle::Ends;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::Stream;
use tonic::Status;

use crate::callers::Caller;
use crate::core::Service;
use crate::proto::{JobEvent, StreamJobRequest};
use crate::read::job_id;
use crate::refuse::{refused, revoked};

/// Events that wait for a slow reader.
const WAITING_EVENTS: usize = 64;

pub(crate) async fn stream(
    service: &Service,
    caller: Caller,
    request: StreamJobRequest,
) -> Result<Events, Status> {
    let id = job_id(&request.job_id)?;
    let place = service.place()?;
    let watch = service
        .queue
        .watch(&id, caller.viewer(), request.last_event_id);
    let watch = watch.await.map_err(refused)?;
    let (events, waiting) = mpsc::channel(WAITING_EVENTS);
    let (early, ended_early) = oneshot::channel();
    let stopping = service.lifecycle.soft_token();
    service
        .lifecycle
        .spawn("grpc job stream", Ends::Alone, async move {
            let _place = place;
            let why = tokio::select! {
                biased;
                () = caller.revoked.cancelled() => Some(revoked()),
                () = stopping.cancelled() => Some(refused(jobs::Error::Stopping)),
                () = events.closed() => None,
                _ = tell(watch, &events) => None,
            };
            if let Some(why) = why {
                // Nobody listens where the reader is gone.
                let _ = early.send(why);
            }
        });
    Ok(Events {
        waiting,
        ended_early: Some(ended_early),
    })
}

async fn tell(mut watch: Watch, events: &mpsc::Sender<JobEvent>) -> Option<()> {
    while let Some(numbered) = watch.next().await {
        let event = JobEvent {
            id: numbered.id,
            event: numbered.event.name().into(),
            data_json: numbered.event.data(),
        };
        events.send(event).await.ok()?;
    }
    Some(())
}

/// The events on their way, and then why there are no more, where that is not the job's end.
pub(crate) struct Events {
    waiting: mpsc::Receiver<JobEvent>,
    ended_early: Option<oneshot::Receiver<Status>>,
}

impl Stream for Events {
    type Item = Result<JobEvent, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = ready!(self.waiting.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(event)));
        }
        let Some(early) = &mut self.ended_early else {
            return Poll::Ready(None);
        };
        let why = ready!(Pin::new(early).poll(cx));
        self.ended_early = None;
        Poll::Ready(why.ok().map(Err))
    }
}
