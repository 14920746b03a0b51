//! On whose behalf a request runs.

use tokio_util::sync::CancellationToken;

use crate::accounts::Payer;
use crate::limits::Ledger;

/// A caller who was authenticated.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose account it is.
    pub payer: Payer,
    /// What it may use.
    pub ledger: Ledger,
    /// Cancelled when the caller's credential is revoked: ends what runs on its behalf.
    pub revoked: CancellationToken,
}
