//! The link's state as its owner sees it.

use shared::channel::Conflict;
use shared::local_control::Link;
use shared::timestamp::Timestamp;
use tokio::time::Instant;

use super::machine::State;

/// A snapshot of the link.
#[derive(Clone, Debug)]
pub struct LinkStatus {
    /// The machine's state.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// The session id.
    pub session: Option<String>,
    /// The last failure; none once connected.
    pub last_error: Option<String>,
    /// When the next attempt is due.
    pub retry_at: Option<Instant>,
    /// Offers that the server refused.
    pub conflicts: Vec<Conflict>,
}

impl LinkStatus {
    pub(super) fn new(since: Timestamp) -> Self {
        Self {
            state: State::Idle,
            since,
            session: None,
            last_error: None,
            retry_at: None,
            conflicts: Vec::new(),
        }
    }

    /// The snapshot in the words of the control socket.
    pub fn shown(&self) -> Link {
        let (state, epoch) = match self.state {
            State::Idle | State::Stopped => ("idle", None),
            State::Waiting { superseded: true } => ("superseded", None),
            State::Waiting { superseded: false } => ("waiting", None),
            State::Registering | State::Opening => ("connecting", None),
            State::Proving { epoch } => ("connecting", Some(epoch)),
            State::Connected { epoch, .. } => ("connected", Some(epoch)),
            State::Parting | State::Draining => ("connected", None),
        };
        let waiting = matches!(self.state, State::Waiting { .. });
        let retry_at = self.retry_at.filter(|_| waiting);
        let left = retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        Link {
            state: state.into(),
            epoch,
            provider_session_id: self.session.clone(),
            since: self.since,
            last_error: self.last_error.clone(),
            retry_in_ms: left.and_then(|left| u64::try_from(left.as_millis()).ok()),
        }
    }
}
