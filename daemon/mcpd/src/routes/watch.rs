//! `GET /api/v1/llms?watch=true`: the rows, and then every change of them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::IntoResponse;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body::Frame;
use kit::lifecycle::Ends;
use registry::{Change, Row};
use shared::sse;
use tokio::sync::mpsc;

use crate::auth::Credential;
use crate::http::unbuffered::unbuffered;
use crate::routes::App;

/// Events that wait for a slow watcher; it falls behind then and starts from the whole list again.
const WAITING_EVENTS: usize = 64;
/// A proxy in between must not take silence for death.
const COMMENT_INTERVAL: Duration = Duration::from_secs(15);

pub(crate) fn llms(app: &Arc<App>, caller: &Arc<Credential>) -> impl IntoResponse + use<> {
    let (events, queue) = mpsc::channel(WAITING_EVENTS);
    let (watching, caller) = (app.clone(), caller.clone());
    app.lifecycle.spawn("watch", Ends::Alone, async move {
        tokio::select! {
            biased;
            () = caller.caller.revoked.cancelled() => {}
            () = watching.lifecycle.stopping() => {}
            () = events.closed() => {}
            _ = tell(&watching, &events) => {}
        }
    });
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    unbuffered(&mut headers);
    (headers, axum::body::Body::new(EventBody(queue)))
}

/// Tells everything, until the watcher is gone.
async fn tell(app: &App, events: &mpsc::Sender<Bytes>) -> Option<()> {
    let mut changes = app.registry.watch();
    let mut is_first = true;
    loop {
        if !std::mem::replace(&mut is_first, false) {
            // Changes were missed: what was told before counts no more.
            let reset = Bytes::from_static(b"event: reset\ndata: {}\n\n");
            events.send(reset).await.ok()?;
        }
        for row in app.registry.list() {
            events.send(event("added", &row)).await.ok()?;
        }
        events
            .send(Bytes::from_static(b"event: synced\ndata: {}\n\n"))
            .await
            .ok()?;
        loop {
            let change = match tokio::time::timeout(COMMENT_INTERVAL, changes.next()).await {
                Ok(Some(change)) => change,
                // Too far behind: from the start.
                Ok(None) => break,
                Err(_) => {
                    events.send(Bytes::from_static(b": here\n\n")).await.ok()?;
                    continue;
                }
            };
            let event = match change {
                Change::Added(row) => event("added", &row),
                Change::Modified(row) => event("modified", &row),
                Change::Deleted(row) => event("deleted", &row),
            };
            events.send(event).await.ok()?;
        }
    }
}

fn event(what: &str, row: &Row) -> Bytes {
    let mut bytes = Vec::new();
    let document = serde_json::to_string(&row.document()).unwrap_or_default();
    sse::encode(what, &document, &mut bytes);
    bytes.into()
}

struct EventBody(mpsc::Receiver<Bytes>);

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.get_mut().0.poll_recv(cx);
        next.map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}
