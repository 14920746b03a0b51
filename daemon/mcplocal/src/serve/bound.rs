//! What every message about a task says: which server, which session, which epoch.

use std::time::Duration;

use http::{HeaderValue, Method};
use shared::headers;
use tokio_util::sync::CancellationToken;

use crate::link::{CallError, Mcpd};
use crate::serve::unsaid::Unsaid;

/// No server gets marks more often than this.
const MIN_SILENCE: Duration = Duration::from_millis(100);

/// A bound channel, as the results of its tasks name it.
pub struct Bound {
    pub(super) mcpd: Mcpd,
    session: HeaderValue,
    epoch: HeaderValue,
    /// Cancelled once the server has heard of an upload.
    upload_arrived: CancellationToken,
    /// The longest that an upload may be silent, where the server knows marks.
    pub(super) max_silence: Option<Duration>,
    /// What was refused on the way.
    pub(super) unsaid: Unsaid,
}

impl Bound {
    /// The channel of `epoch`; whoever beats for it says what is `unsaid`.
    pub fn new(mcpd: Mcpd, session: HeaderValue, epoch: u64, unsaid: Unsaid) -> Self {
        let epoch = HeaderValue::from(epoch);
        Self {
            mcpd,
            session,
            epoch,
            upload_arrived: CancellationToken::new(),
            max_silence: None,
            unsaid,
        }
    }

    /// Lets uploads say a mark after each `interval` of silence.
    pub fn keep_alive(&mut self, interval: Duration) {
        self.max_silence = Some(interval.max(MIN_SILENCE));
    }

    /// Notes that uploads reach the server as they are sent.
    pub fn upload_arrived(&self) {
        self.upload_arrived.cancel();
    }

    /// Whether the server has heard of an upload.
    pub(super) fn has_upload_arrived(&self) -> bool {
        self.upload_arrived.is_cancelled()
    }

    /// Resolves once the server has heard of an upload.
    pub(super) async fn until_upload_arrives(&self) {
        self.upload_arrived.cancelled().await;
    }

    /// A request about the task `id`: `_provider-task/ID` and `rest`.
    pub(super) fn call(
        &self,
        method: Method,
        id: &str,
        rest: &str,
        body: upstream::Body,
    ) -> Result<http::Request<upstream::Body>, CallError> {
        let path = ["_provider-task/", id, rest].concat();
        let mut call = self.mcpd.call(method, &path, body)?;
        let headers = call.headers_mut();
        headers.insert(headers::PROVIDER_SESSION, self.session.clone());
        headers.insert(headers::EPOCH, self.epoch.clone());
        Ok(call)
    }
}

/// Whether `id` can stand in a path.
pub(super) fn is_task_id(id: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    !id.is_empty() && id.len() <= 128 && id.bytes().all(fits)
}
