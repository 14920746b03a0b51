//! On whose behalf a request runs.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// A caller who was authenticated.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal's name.
    pub principal: Arc<str>,
    /// Cancelled when the caller's credential is revoked: ends what runs on its behalf.
    pub revoked: CancellationToken,
}
