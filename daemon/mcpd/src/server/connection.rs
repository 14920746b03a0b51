//! One connection: HTTP/1.1 until it closes, the server stops, or a response takes it over.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kit::lifecycle::Lifecycle;
use tokio::net::TcpStream;

use crate::http::body::ResponseBody;
use crate::http::request_body::{Hearing, RequestBody};
use crate::server::linger::lingered;
use crate::server::socket::{Lookout, Socket};
use crate::server::unread::{Bound, Unread};

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
    Bounded(Bound),
}

/// A request whose head names two ways to find its end: whoever serves it must refuse it.
#[derive(Clone, Copy)]
pub(crate) struct TwoLengths;

/// Serves `stream` with `serve`. Answers the takeover, where a response lasts.
pub(crate) async fn converse<S, F>(
    stream: TcpStream,
    serve: S,
    lifecycle: Lifecycle,
) -> Option<Takeover>
where
    S: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Response<ResponseBody>>,
{
    // Filled by the service, looked at after each poll of the connection: one task, no contention.
    let noted = Mutex::new(None);
    let hearing = Hearing::default();
    let socket = Socket::new(stream);
    let mut lookout = Lookout::new(socket.clone());
    let io = TokioIo::new(socket.clone());
    let service = service_fn(|request: Request<Incoming>| {
        hearing.begin();
        // Older clients know no chunks; theirs is served by hyper.
        let can_last = request.version() == Version::HTTP_11;
        let mut request = request.map(|body| RequestBody::new(body, hearing.clone()));
        let is_last = judge(&mut request, socket.names_length());
        let answer = serve(request);
        let (noted, hearing, socket) = (&noted, &hearing, &socket);
        async move {
            let mut response = answer.await;
            if hearing.is_whole() {
                socket.is_between_requests();
            }
            let bound = match response.body() {
                ResponseBody::Channel { .. } if can_last => {
                    *lock(noted) = Some(Note::Lasts(response));
                    // The connection is taken from hyper before it would be polled again.
                    return std::future::pending().await;
                }
                ResponseBody::Answer(answer) => Some(Bound::Answer(answer.limit())),
                ResponseBody::Axum(_) => response.extensions_mut().remove().map(Bound::Events),
                _ => None,
            };
            if let Some(bound) = bound {
                *lock(noted) = Some(Note::Bounded(bound));
            }
            if is_last {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(response)
        }
    });
    // A publisher that comes during the drain brings one answer that it owes.
    let mut is_stopping = lifecycle.is_stopping();
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(!is_stopping)
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(io, service);
    let mut stopping = pin!(lingered(&lifecycle));
    let mut unread: Option<Unread> = None;
    let over = poll_fn(|cx| {
        if let Poll::Ready(ended) = Pin::new(&mut connection).poll(cx) {
            return Poll::Ready(Err(ended));
        }
        match lock(&noted).take() {
            Some(Note::Lasts(response)) => return Poll::Ready(Ok(response)),
            // Most answers have gone out whole by now.
            Some(Note::Bounded(bound)) => unread = bound.applies().then(|| Unread::new(bound)),
            None => {}
        }
        if hearing.is_over() && lookout.poll_gone(cx).is_ready() {
            tracing::debug!("a caller that had sent more than its request is gone");
            return Poll::Ready(Err(Ok(())));
        }
        unread.take_if(|unread| unread.is_over());
        let must_go = unread
            .as_mut()
            .is_some_and(|unread| unread.poll(cx).is_ready());
        if must_go {
            tracing::debug!("an answer that nobody reads has ended");
            return Poll::Ready(Err(Ok(())));
        }
        if !is_stopping && stopping.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            // Finish the request that runs, take no further one.
            Pin::new(&mut connection).graceful_shutdown();
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
    match over {
        Ok(response) => {
            let io = connection.into_parts().io;
            drop((socket, lookout));
            let stream = io.into_inner().into_stream()?;
            Some(Takeover { stream, response })
        }
        Err(Ok(())) => None,
        Err(Err(error)) => {
            tracing::debug!(%error, "a connection ended badly");
            None
        }
    }
}

/// Marks a request whose head can't be right. Answers whether no other may follow it: with both
/// headers, its end is not where somebody else may see it.
fn judge(request: &mut Request<RequestBody>, names_length: Option<bool>) -> bool {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return false;
    }
    if names_length == Some(true) {
        request.extensions_mut().insert(TwoLengths);
    }
    names_length != Some(false)
}

fn lock<T>(cell: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}
