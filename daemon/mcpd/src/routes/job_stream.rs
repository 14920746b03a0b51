//! `GET /v1/jobs/{id}/stream`: a job's events, from the first or from the one after
//! `Last-Event-ID`, to the terminal one.

use std::sync::Arc;

use ::jobs::Watch;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::header::HeaderName;
use serde::Deserialize;
use shared::job::NumberedEvent;
use shared::sse;

use crate::auth::Credential;
use crate::http::error::ApiError;
use crate::http::event_stream::{COMMENT, COMMENT_INTERVAL, Events, event_stream};
use crate::http::resource::Segment;
use crate::routes::{App, jobs};

/// What a reader that comes back has seen last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[derive(Deserialize)]
pub(crate) struct StreamQuery {
    #[serde(default = "yes")]
    follow: bool,
}

const fn yes() -> bool {
    true
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Arc<Credential>>,
    Segment(text): Segment,
    headers: HeaderMap,
    query: Result<Query<StreamQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let id = jobs::id(&text)?;
    let Query(query) =
        query.map_err(|_| ApiError::bad_request("`follow` takes `true` or `false`"))?;
    let after = match headers.get(LAST_EVENT_ID) {
        None => 0,
        Some(seen) => {
            let number = seen.to_str().ok().and_then(|text| text.trim().parse().ok());
            number.ok_or_else(|| {
                ApiError::bad_request("`Last-Event-ID` must be the id of an event of this stream")
            })?
        }
    };
    let watch = app.jobs.watch(&id, caller.viewer(), after).await?;
    Ok(event_stream(
        &app.lifecycle,
        &caller,
        "job stream",
        |events| tell(watch, query.follow, events),
    ))
}

async fn tell(mut watch: Watch, follow: bool, events: Events) -> Option<()> {
    // The head goes out at once, however long the first event takes.
    events.send(COMMENT).await.ok()?;
    loop {
        let next = match follow {
            true => tokio::time::timeout(COMMENT_INTERVAL, watch.next()).await,
            false => Ok(watch.at_once().await.flatten()),
        };
        match next {
            Ok(Some(event)) => events.send(encoded(&event)).await.ok()?,
            Ok(None) => return Some(()),
            Err(_) => events.send(COMMENT).await.ok()?,
        }
    }
}

fn encoded(numbered: &NumberedEvent) -> Bytes {
    let mut bytes = Vec::new();
    let event = &numbered.event;
    sse::encode_numbered(numbered.id, event.name(), &event.data(), &mut bytes);
    bytes.into()
}
