//! The serving threads.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway::Worker;
use http::{Request, Response};
use kit::lifecycle::{Ends, Lifecycle};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::http::body::ResponseBody;
use crate::http::request_body::RequestBody;
use crate::server::connection::{Takeover, converse};
use crate::server::stream::stream_out;

/// Connections that may wait for a worker to take them; then the acceptor waits.
const HANDOVER: usize = 64;

/// What a worker does with a request.
pub trait Serve: Send + Sync + 'static {
    /// Answers `request` on the thread of `worker`.
    fn serve(
        self: Arc<Self>,
        worker: Arc<Worker>,
        request: Request<RequestBody>,
    ) -> Pin<Box<dyn Future<Output = Response<ResponseBody>> + Send>>;
}

/// The serving threads' inboxes. Cheap to clone.
#[derive(Clone)]
pub struct Workers {
    inboxes: Arc<[mpsc::Sender<Accepted>]>,
    lifecycle: Lifecycle,
    next: Arc<AtomicUsize>,
}

struct Accepted {
    stream: std::net::TcpStream,
    slot: OwnedSemaphorePermit,
    /// Until a worker has it: a stop waits for it as for one that is served.
    held: TaskTrackerToken,
}

impl Workers {
    /// Starts `count` threads that answer with `app`.
    ///
    /// Errors: where the system gives no thread or no event queue.
    pub fn start(count: usize, app: Arc<dyn Serve>, lifecycle: &Lifecycle) -> io::Result<Self> {
        let inboxes: io::Result<Vec<_>> = (0..count.max(1))
            .map(|number| {
                let (inbox, accepted) = mpsc::channel(HANDOVER);
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                let (app, lifecycle) = (app.clone(), lifecycle.clone());
                std::thread::Builder::new()
                    .name(format!("serve-{number}"))
                    .spawn(move || runtime.block_on(work(number, accepted, app, lifecycle)))?;
                Ok(inbox)
            })
            .collect();
        Ok(Self {
            inboxes: inboxes?.into(),
            lifecycle: lifecycle.clone(),
            next: Arc::default(),
        })
    }

    /// Gives a connection to the next worker.
    pub(crate) async fn serve(&self, stream: TcpStream, slot: OwnedSemaphorePermit) {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.inboxes.len();
        match stream.into_std() {
            Ok(stream) => {
                // A worker that is gone is gone with the program.
                let held = self.lifecycle.hold();
                let accepted = Accepted { stream, slot, held };
                let _ = self.inboxes[next].send(accepted).await;
            }
            Err(error) => tracing::warn!(%error, "a connection can't be handed over"),
        }
    }
}

async fn work(
    number: usize,
    mut accepted: mpsc::Receiver<Accepted>,
    app: Arc<dyn Serve>,
    lifecycle: Lifecycle,
) {
    let worker = Arc::new(Worker::new(number));
    loop {
        let next = tokio::select! {
            biased;
            () = lifecycle.dropping() => return,
            next = accepted.recv() => next,
        };
        let Some(Accepted { stream, slot, held }) = next else {
            // No more come. Those that are there live on this thread until they end.
            return lifecycle.dropping().await;
        };
        let stream = match TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection can't be served");
                continue;
            }
        };
        let (app, worker, inner) = (app.clone(), worker.clone(), lifecycle.clone());
        lifecycle.spawn("connection", Ends::Alone, async move {
            let serve = |request| app.clone().serve(worker.clone(), request);
            // In a task of its own, what lasts is small: this one's state ends here.
            if let Some(takeover) = converse(stream, serve, inner.clone()).await {
                inner.spawn("channel", Ends::Alone, last(takeover, slot));
            }
        });
        drop(held);
    }
}

async fn last(takeover: Takeover, slot: OwnedSemaphorePermit) {
    if let Err(error) = stream_out(takeover.stream, takeover.response).await {
        tracing::debug!(%error, "a channel's connection ended badly");
    }
    drop(slot);
}
