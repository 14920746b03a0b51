//! One connection: HTTP/1.1 until it closes, the server stops, or a response takes it over.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use gateway::Limit;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kit::lifecycle::Lifecycle;
use tokio::net::TcpStream;

use crate::http::body::ResponseBody;
use crate::server::linger::lingered;
use crate::server::unread::Unread;

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

/// What the service tells the connection about the response that it is about to send.
enum Note {
    /// It takes the connection over.
    Lasts(Response<ResponseBody>),
    /// It must end in time, read or not.
    Limited(Limit),
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
    let noted = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<Incoming>| {
        // Older clients know no chunks; theirs is served by hyper.
        let can_last = request.version() == Version::HTTP_11;
        let answer = serve(request);
        let noted = noted.clone();
        async move {
            let response = answer.await;
            match response.body() {
                ResponseBody::Channel { .. } if can_last => {
                    *lock(&noted) = Some(Note::Lasts(response));
                    // The connection is taken from hyper before it would be polled again.
                    return std::future::pending().await;
                }
                ResponseBody::Answer(answer) => {
                    *lock(&noted) = Some(Note::Limited(answer.limit()));
                }
                _ => {}
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
    let mut unread: Option<Unread> = None;
    let mut until_over = poll_fn(|cx| {
        if let Poll::Ready(ended) = Pin::new(&mut connection).poll(cx) {
            return Poll::Ready(Err(ended));
        }
        match lock(&noted).take() {
            Some(Note::Lasts(response)) => return Poll::Ready(Ok(response)),
            // Most answers have gone out whole by now.
            Some(Note::Limited(limit)) => unread = limit.applies().then(|| Unread::new(limit)),
            None => {}
        }
        unread.take_if(|unread| unread.is_over());
        let must_go = unread
            .as_mut()
            .is_some_and(|unread| unread.poll(cx).is_ready());
        if must_go {
            tracing::debug!("an answer that nobody reads has ended");
            return Poll::Ready(Err(Ok(())));
        }
        Poll::Pending
    });
    let mut over = tokio::select! {
        biased;
        over = &mut until_over => Some(over),
        () = lingered(&lifecycle), if !is_draining => None,
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
