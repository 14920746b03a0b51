//! One connection: HTTP/1.1 until it closes, the server stops, or a response takes it over.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kit::lifecycle::Lifecycle;
use tokio::net::TcpStream;

use crate::http::body::ResponseBody;

/// A caller has so long to send the head of a request; an idle connection is kept as long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// The read and write buffer's ceiling per connection, in bytes: what a slow peer can make us hold,
/// and the largest head that we take.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// A response that lasts, with the socket it goes to.
pub(crate) struct Takeover {
    pub(crate) stream: TcpStream,
    pub(crate) response: Response<ResponseBody>,
}

/// Serves `stream` with `serve`. Answers the takeover, where a response lasts.
pub(crate) async fn converse<S, F>(
    stream: TcpStream,
    serve: S,
    lifecycle: Lifecycle,
) -> Option<Takeover>
where
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<ResponseBody>>,
{
    // Filled by the service, looked at after each poll of the connection: one task, no contention.
    let lasting = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<Incoming>| {
        // Older clients know no chunks; theirs is served by hyper.
        let can_last = request.version() == Version::HTTP_11;
        let answer = serve(request);
        let lasting = lasting.clone();
        async move {
            let response = answer.await;
            if can_last && matches!(response.body(), ResponseBody::Channel { .. }) {
                *lock(&lasting) = Some(response);
                // The connection is taken from hyper before it would be polled again.
                return std::future::pending().await;
            }
            Ok::<_, Infallible>(response)
        }
    });
    // A publisher that comes during the drain brings one answer that it owes.
    let is_draining = lifecycle.is_stopping();
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(!is_draining)
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut until_over = poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Ready(ended) => Poll::Ready(Err(ended)),
        Poll::Pending => match lock(&lasting).take() {
            Some(response) => Poll::Ready(Ok(response)),
            None => Poll::Pending,
        },
    });
    let mut over = tokio::select! {
        biased;
        over = &mut until_over => Some(over),
        () = lifecycle.stopping(), if !is_draining => None,
    };
    if over.is_none() {
        // Finish the request that runs, take no further one.
        Pin::new(&mut connection).graceful_shutdown();
        over = Some(Err(Pin::new(&mut connection).await));
    }
    match over? {
        Ok(response) => {
            let stream = connection.into_parts().io.into_inner();
            Some(Takeover { stream, response })
        }
        Err(Ok(())) => None,
        Err(Err(error)) => {
            tracing::debug!(%error, "a connection ended badly");
            None
        }
    }
}

fn lock<T>(cell: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}
