//! Who calls; the server implements it over its credentials.

use std::sync::Arc;

use http::HeaderMap;
use jobs::{Submitter, Viewer};
use shared::role::Role;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// The server's credentials.
pub trait Callers: Send + Sync + 'static {
    /// The caller behind these headers, where it may do what takes `role`.
    fn authorize(&self, headers: &HeaderMap, role: Role) -> Result<Caller, Denied>;
}

/// Somebody who may.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal.
    pub principal: Arc<str>,
    /// The access token's public id.
    pub token_id: Arc<str>,
    /// Whether it sees everybody's jobs.
    pub is_admin: bool,
    /// Cancelled when the access token is deleted or over.
    pub revoked: CancellationToken,
}

/// Why a caller may not. The text is the caller's to read.
#[derive(Clone, Debug)]
pub enum Denied {
    /// Nobody knows who it is.
    Unknown(String),
    /// Its token lacks the role.
    Forbidden(String),
}

impl Caller {
    /// Whose jobs it sees.
    pub(crate) fn viewer(&self) -> Viewer<'_> {
        match self.is_admin {
            true => Viewer::Admin,
            false => Viewer::Principal(&self.principal),
        }
    }

    /// On whose behalf its jobs run.
    pub(crate) fn submitter(&self) -> Submitter<'_> {
        Submitter {
            principal: &self.principal,
            token_id: &self.token_id,
        }
    }
}

impl From<Denied> for Status {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown(why) => Self::unauthenticated(why),
            Denied::Forbidden(why) => Self::permission_denied(why),
        }
    }
}
