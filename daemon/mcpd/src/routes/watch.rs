//! `GET /api/v1/llms?watch=true`: the rows, and then every change of them.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use registry::{Change, Row};
use shared::sse;

use crate::auth::Credential;
use crate::http::event_stream::{COMMENT, COMMENT_INTERVAL, Events, event_stream};
use crate::routes::App;

pub(crate) fn llms(app: &Arc<App>, caller: &Arc<Credential>) -> Response {
    let watching = app.clone();
    event_stream(&app.lifecycle, caller, "watch", |events| async move {
        tell(&watching, &events).await
    })
}

/// Tells everything, until the watcher is gone.
async fn tell(app: &App, events: &Events) -> Option<()> {
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
                    events.send(COMMENT).await.ok()?;
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
