//! What every message about a task says: which server, which session, which epoch.

use http::{HeaderValue, Method};
use shared::headers;

use crate::link::{CallError, Mcpd};

/// A bound channel, as the results of its tasks name it.
pub struct Bound {
    pub(super) mcpd: Mcpd,
    session: HeaderValue,
    epoch: HeaderValue,
}

impl Bound {
    /// The channel of `epoch`.
    pub fn new(mcpd: Mcpd, session: HeaderValue, epoch: u64) -> Self {
        let epoch = HeaderValue::from(epoch);
        Self {
            mcpd,
            session,
            epoch,
        }
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
