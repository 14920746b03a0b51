//! Taking connections: a cap, no delay, and a limit to the time in which a peer must begin to speak.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tokio_stream::Stream;
use tonic::transport::server::Connected;

/// After a failed accept (out of file descriptors): long enough to free some.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);
/// What a peer may take to its first words. From then on HTTP/2's own pings find out who is gone.
const OPENING_LIMIT: Duration = Duration::from_secs(10);
/// Its first words: HTTP/2's preface.
const PREFACE_BYTES: usize = 24;

/// Connections as they come.
pub(crate) struct Incoming {
    listener: TcpListener,
    free: Arc<Semaphore>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Incoming {
    /// Connections of `listener`, `max_connections` at once. One beyond is closed at once, which
    /// its client reports as UNAVAILABLE.
    pub(crate) fn new(listener: TcpListener, max_connections: usize) -> Self {
        Self {
            listener,
            free: Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS))),
            pause: None,
        }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let stream = match ready!(self.listener.poll_accept(cx)) {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "can't accept a gRPC connection");
                    self.pause = Some(Box::pin(sleep(PAUSE_AFTER_FAILURE)));
                    continue;
                }
            };
            let Ok(slot) = self.free.clone().try_acquire_owned() else {
                tracing::debug!("a gRPC connection beyond the cap was closed");
                continue;
            };
            // Nagle and delayed acknowledgements together hold a small answer back for 40 ms.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection was gone before it was served");
                continue;
            }
            return Poll::Ready(Some(Ok(Connection {
                stream,
                opening: Some(Opening {
                    missing: PREFACE_BYTES,
                    until: Box::pin(sleep(OPENING_LIMIT)),
                }),
                _slot: slot,
            })));
        }
    }
}

/// A connection and its slot.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Until the peer has begun to speak.
    opening: Option<Opening>,
    _slot: OwnedSemaphorePermit,
}

struct Opening {
    missing: usize,
    until: Pin<Box<Sleep>>,
}

impl Connected for Connection {
    type ConnectInfo = Option<SocketAddr>;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.peer_addr().ok()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some(opening) = &mut self.opening else {
            return polled;
        };
        opening.missing = opening
            .missing
            .saturating_sub(buffer.filled().len() - before);
        if opening.missing == 0 {
            self.opening = None;
        } else if polled.is_pending() && opening.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
