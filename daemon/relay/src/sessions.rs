//! All sessions: which one a publisher gets, how many there may be, and which are long over.

use std::sync::Arc;
use std::time::Duration;

use shared::channel::Register;
use shared::timestamp::Timestamp;
use store::llms::MAX_VIRTUAL_PER_PRINCIPAL;
use tokio::time::Instant;

use crate::error::Error;
use crate::relay::Relay;
use crate::session::Session;

/// Sessions that one principal may have, silent ones included until they are swept. No more than
/// [`MAX_VIRTUAL_PER_PRINCIPAL`] of them can serve anything; the rest is room for publishers that
/// forget their session at each start.
pub(crate) const MAX_SESSIONS_PER_PRINCIPAL: usize = 4 * MAX_VIRTUAL_PER_PRINCIPAL;

impl Relay {
    /// The session that the publisher names, where it is its own; else a new one. An unknown id and
    /// another principal's fare alike, so that the answer does not tell them apart. Whether it is
    /// new, too.
    ///
    /// Errors: [`Error::TooManySessions`] where it would be a new one, [`Error::Store`].
    pub(crate) async fn ensure_session(
        &self,
        principal: &str,
        offer: &Register,
    ) -> Result<(String, bool), Error> {
        let known = match &offer.provider_session_id {
            Some(id) => self.0.store.sessions().find(id).await?,
            None => None,
        };
        match known.filter(|session| session.principal == principal) {
            Some(own) => {
                let id = self.keep_session(Some(&own.id), principal, offer).await?;
                Ok((id, false))
            }
            None => {
                let _turn = self.0.beginning.lock().await;
                self.has_room(principal)?;
                let id = self.keep_session(None, principal, offer).await?;
                Ok((id, true))
            }
        }
    }

    async fn keep_session(
        &self,
        id: Option<&str>,
        principal: &str,
        offer: &Register,
    ) -> Result<String, Error> {
        let now = self.0.clock.now();
        let sessions = self.0.store.sessions();
        let kept = sessions.ensure(id, principal, &offer.node, now).await?;
        let id = kept.id;
        self.0.sessions.entry(id.clone()).or_insert_with(|| {
            let session = Session::new(id.clone(), kept.principal, kept.epoch, Instant::now());
            Arc::new(session)
        });
        Ok(id)
    }

    /// Takes back a session that nobody knows of.
    pub(crate) async fn forget_session(&self, id: &str) {
        self.0.sessions.remove(id);
        if let Err(error) = self.0.store.sessions().delete(id).await {
            tracing::warn!(%error, "a session that nobody uses stays until it is swept");
        }
    }

    /// Whether `principal` may have one more. Counted anew each time: sessions begin rarely.
    fn has_room(&self, principal: &str) -> Result<(), Error> {
        let owned = self
            .0
            .sessions
            .iter()
            .filter(|it| it.principal == principal);
        if owned.count() < MAX_SESSIONS_PER_PRINCIPAL {
            return Ok(());
        }
        tracing::warn!(principal, "a principal has as many sessions as it may have");
        Err(Error::TooManySessions {
            limit: MAX_SESSIONS_PER_PRINCIPAL,
        })
    }

    /// The session, for the principal that owns it.
    pub(crate) fn session_of(&self, id: &str, principal: &str) -> Result<Arc<Session>, Error> {
        match self.0.sessions.get(id) {
            Some(session) if session.principal == principal => Ok(session.clone()),
            Some(session) => {
                tracing::warn!(
                    session.id = %session.id, principal,
                    "a principal named a session that is not its own"
                );
                Err(Error::NotFound)
            }
            None => Err(Error::NotRegistered),
        }
    }

    /// Forgets the sessions that were silent for the retention time.
    pub(crate) fn forget_silent(&self, now: Instant) {
        let retention = self.0.timing.inactive_retention;
        let sessions = &self.0.sessions;
        sessions.retain(|_, session| session.silent_for(now) < retention);
    }

    /// The same in the store, but that a session that serves a row stays for as long as the row does.
    pub(crate) async fn sweep_store(&self, now: Instant) {
        let retention = self.0.timing.inactive_retention;
        let wall = self.0.clock.now();
        // Heartbeats are not stored: of those that are known here the store may know less.
        let heard = |id: &str| {
            let session = self.0.sessions.get(id)?;
            Some(before(wall, session.silent_for(now)))
        };
        let sessions = self.0.store.sessions();
        match sessions.delete_idle(before(wall, retention), heard).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "idle provider sessions deleted"),
            Err(error) => {
                tracing::warn!(%error, "the sweep of idle sessions failed; it is tried again");
            }
        }
    }
}

fn before(at: Timestamp, span: Duration) -> Timestamp {
    let span_ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(at.as_millis().saturating_sub(span_ms))
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
