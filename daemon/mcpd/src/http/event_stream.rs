//! An answer that goes on: server-sent events from a task of their own.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body::Frame;
use kit::lifecycle::{Ends, Lifecycle};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::auth::Credential;
use crate::http::unbuffered::unbuffered;

/// Events that wait for a slow reader.
const WAITING_EVENTS: usize = 64;
/// A proxy in between must not take silence for death.
pub const COMMENT_INTERVAL: Duration = Duration::from_secs(15);
/// What a reader hears then.
pub const COMMENT: Bytes = Bytes::from_static(b": here\n\n");

/// Where the events go.
pub type Events = mpsc::Sender<Bytes>;

/// An event stream that `tell` fills. It ends with `tell`, with its reader, with the credential
/// and with the server.
pub fn event_stream<F>(
    lifecycle: &Lifecycle,
    caller: &Credential,
    name: &'static str,
    tell: impl FnOnce(Events) -> F,
) -> Response
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let (events, queue) = mpsc::channel(WAITING_EVENTS);
    let (revoked, stopping) = (caller.caller.revoked.clone(), lifecycle.soft_token());
    let closed = events.clone();
    let told = tell(events);
    lifecycle.spawn(name, Ends::Alone, async move {
        tokio::select! {
            biased;
            () = revoked.cancelled() => {}
            () = stopping.cancelled() => {}
            () = closed.closed() => {}
            _ = told => {}
        }
    });
    let under_way = Arc::new(());
    let watched = Watched {
        revoked: caller.caller.revoked.clone(),
        under_way: Arc::downgrade(&under_way),
    };
    let body = EventBody {
        queue,
        _under_way: under_way,
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    unbuffered(&mut headers);
    let mut response = (headers, axum::body::Body::new(body)).into_response();
    response.extensions_mut().insert(watched);
    response
}

/// What the connection must know of an event stream: it is told no more while nobody reads.
#[derive(Clone)]
pub(crate) struct Watched {
    /// Cancelled once the reader's credential is revoked.
    pub(crate) revoked: CancellationToken,
    under_way: Weak<()>,
}

impl Watched {
    /// Whether the stream has not ended.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.strong_count() > 0
    }
}

struct EventBody {
    queue: mpsc::Receiver<Bytes>,
    _under_way: Arc<()>,
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.get_mut().queue.poll_recv(cx);
        next.map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}
