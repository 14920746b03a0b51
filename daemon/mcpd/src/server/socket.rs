//! A caller's socket: hyper's, and looked at beside it.
//!
//! hyper stops to read once it has more bytes than its request: another request in advance, or a
//! stray line end. From then on it would not notice that its caller hangs up, and the model would
//! go on for nobody. So we look for that ourselves, and only then.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::server::heads::Heads;

/// Between two looks at a caller whose bytes wait unread: each byte of theirs would wake us.
const LOOK: Duration = Duration::from_millis(250);

/// The socket of one connection, for hyper and for who looks at it meanwhile: both are one task.
#[derive(Clone)]
pub(super) struct Socket(Arc<Mutex<Inner>>);

struct Inner {
    stream: TcpStream,
    heads: Heads,
    /// hyper has read all and waits for more, so it sees an end by itself.
    is_read: bool,
}

impl Socket {
    /// At the beginning of a connection.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            stream,
            heads: Heads::new(),
            is_read: false,
        })))
    }

    /// The stream itself, once nobody else has it.
    pub(super) fn into_stream(self) -> Option<TcpStream> {
        let inner = Arc::into_inner(self.0)?.into_inner();
        Some(inner.unwrap_or_else(PoisonError::into_inner).stream)
    }

    /// Whether the head of the request that has just begun names a length; `None` where it came
    /// together with another request, so that we can't tell.
    pub(super) fn names_length(&self) -> Option<bool> {
        self.lock().heads.take()
    }

    /// The request's body is read and its answer is there: where nothing came behind the body, the
    /// next byte begins the next request.
    pub(super) fn is_between_requests(&self) {
        let mut inner = self.lock();
        if inner.is_read {
            inner.heads.begin();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Ready when its peer will say no more: closed, half-closed or reset, whatever waits unread.
    fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<bool> {
        if ready!(self.stream.poll_read_ready(cx)).is_err() {
            return Poll::Ready(true);
        }
        // It is ready to be read, so this does not wait.
        match pin!(self.stream.ready(Interest::READABLE)).poll(cx) {
            Poll::Ready(Ok(ready)) => Poll::Ready(ready.is_read_closed()),
            Poll::Ready(Err(_)) => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Looks whether a caller is still there.
pub(super) struct Lookout {
    socket: Socket,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Lookout {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            pause: None,
        }
    }

    /// Ready when the caller is gone and hyper would not notice. To be asked while an answer is
    /// under way and the request's body is over.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let inner = self.socket.lock();
        if inner.is_read {
            self.pause = None;
            return Poll::Pending;
        }
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            if ready!(inner.poll_closed(cx)) {
                return Poll::Ready(());
            }
            self.pause = Some(Box::pin(tokio::time::sleep(LOOK)));
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let mut inner = self.lock();
        let polled = Pin::new(&mut inner.stream).poll_read(cx, buffer);
        inner.is_read = polled.is_pending();
        inner.heads.see(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.lock().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.lock().stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().stream.is_write_vectored()
    }
}
