//! One request and its answer over one connection, driven by whoever waits for the answer.
//!
//! hyper's connection is a future of its own. Usually it is spawned, so that each byte wakes the
//! connection's task, which wakes the caller's. Here the caller's task polls it in place. While a
//! connection is idle nobody polls it; that its peer closed it is seen when it is taken next.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use crate::body::Body;
use crate::connect::Stream;
use crate::error::Error;
use crate::origin::Origin;
use crate::pool::Pool;

/// The read buffer's ceiling per connection, in bytes: what a slow reader can make us hold.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// An open connection. Boxed once, since it moves between pool, future and body on each request.
pub(crate) struct Wire(Box<Halves>);

struct Halves {
    sender: SendRequest<Body>,
    connection: Connection<TokioIo<Stream>, Body>,
}

/// A request that did not reach its upstream, given back so that it may be tried again.
pub(crate) enum Failed {
    /// Nothing was sent: the connection was closed meanwhile.
    Unsent(Box<http::Request<Body>>),
    /// Something was sent, or came back broken.
    Broken(hyper::Error),
}

/// Whether the connection was gone, and nothing of an answer came over it.
pub(crate) fn was_gone(broken: &hyper::Error) -> bool {
    let reset = std::error::Error::source(broken)
        .and_then(|source| source.downcast_ref::<io::Error>())
        .is_some_and(|error| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
            matches!(
                error.kind(),
                ConnectionReset | ConnectionAborted | BrokenPipe
            )
        });
    reset || broken.is_incomplete_message() || broken.is_closed() || broken.is_canceled()
}

impl Wire {
    pub(crate) async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_BUFFER_BYTES)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Self(Box::new(Halves { sender, connection })))
    }

    /// Sends `request` and waits for the answer's head. Dropping the future closes the connection.
    pub(crate) async fn exchange(
        mut self,
        request: http::Request<Body>,
        home: Home,
    ) -> Result<http::Response<ResponseBody>, Failed> {
        let mut over = false;
        if self.0.sender.is_closed() || poll_fn(|cx| self.drive(cx, &mut over)).await {
            return Err(Failed::Unsent(Box::new(request)));
        }
        let answer = self.0.sender.try_send_request(request);
        let mut answer = pin!(answer);
        let head = poll_fn(|cx| {
            if !over {
                over = Pin::new(&mut self.0.connection).poll(cx).is_ready();
            }
            answer.as_mut().poll(cx)
        })
        .await;
        match head {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let wire = (!over).then_some(self);
                let body = ResponseBody::new(body, wire, home);
                Ok(http::Response::from_parts(parts, body))
            }
            Err(mut failed) => Err(match failed.take_message() {
                Some(request) => Failed::Unsent(Box::new(request)),
                None => Failed::Broken(failed.into_error()),
            }),
        }
    }

    /// Polls the connection once, so that a close that happened meanwhile is seen.
    fn drive(&mut self, cx: &mut Context<'_>, over: &mut bool) -> Poll<bool> {
        *over = Pin::new(&mut self.0.connection).poll(cx).is_ready();
        Poll::Ready(*over)
    }
}

/// Where a connection goes when its exchange is over.
pub(crate) struct Home {
    pub(crate) pool: Arc<Pool>,
    pub(crate) origin: Origin,
}

/// An answer's body, which drives its connection.
///
/// Dropped before its end, the connection is closed at once, so the upstream stops. At the end the
/// connection goes back to its pool.
pub struct ResponseBody {
    body: Incoming,
    wire: Option<Wire>,
    home: Home,
}

impl ResponseBody {
    fn new(body: Incoming, wire: Option<Wire>, home: Home) -> Self {
        Self { body, wire, home }
    }

    /// Hands a frame on. A reader that knows the length never asks for the end, so the connection is
    /// given back with the last byte.
    fn deliver(
        &mut self,
        frame: Option<Result<Frame<Bytes>, hyper::Error>>,
        cx: &mut Context<'_>,
    ) -> Option<Result<Frame<Bytes>, Error>> {
        if frame.is_none() || self.body.is_end_stream() {
            self.finish(cx);
        }
        frame.map(|frame| frame.map_err(Error::Broken))
    }

    /// The body has ended: keeps the connection where it can serve again.
    fn finish(&mut self, cx: &mut Context<'_>) {
        let Some(mut wire) = self.wire.take() else {
            return;
        };
        let over = Pin::new(&mut wire.0.connection).poll(cx).is_ready();
        if !over && wire.0.sender.is_ready() {
            self.home.pool.put(self.home.origin.label(), wire);
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        loop {
            // Asking first tells the connection that data is wanted.
            if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
                return Poll::Ready(this.deliver(frame, cx));
            }
            let Some(wire) = &mut this.wire else {
                return Poll::Pending;
            };
            if Pin::new(&mut wire.0.connection).poll(cx).is_ready() {
                // Over: what it read is still in the body, and then its end or its error.
                this.wire = None;
                continue;
            }
            return match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Ready(frame) => Poll::Ready(this.deliver(frame, cx)),
                Poll::Pending => Poll::Pending,
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
