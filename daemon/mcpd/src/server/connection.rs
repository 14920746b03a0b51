//! One connection: HTTP/1.1 until it closes or the server stops.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
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

/// Serves `stream` with `serve`.
pub(crate) async fn converse<S, F>(stream: TcpStream, serve: S, lifecycle: Lifecycle)
where
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<ResponseBody>>,
{
    let service = service_fn(|request| {
        let answer = serve(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    // A publisher that comes during the drain brings one answer that it owes.
    let is_draining = lifecycle.is_stopping();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(!is_draining)
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = lifecycle.stopping(), if !is_draining => {
            // Finish the request that runs, take no further one.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
