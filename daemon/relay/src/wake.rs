//! Waking what hibernates: a frame out, a heartbeat back.
//!
//! ```text
//!  gateway ── Relay::wake ──► Frame::Wake ──► publisher ── runs its recipe
//!     ▲                                          │ awake: registers again without `hibernating`
//!     └── registry: active, or `lastError` ◄─────┴ failed: heartbeat with `wakeFailed`
//! ```
//! One frame per call. Who waits, for how long, and that one frame serves all of them, is the
//! gateway's business.

use shared::channel::{Frame, Heartbeat, Wake};
use shared::name::Name;

use crate::error::Error;
use crate::relay::Relay;
use crate::session::State;

/// The longest word of a publisher that is kept, in characters.
const MAX_WHY_CHARS: usize = 300;

impl Relay {
    /// Asks the publisher of `session_id` to wake `llm`. Does not wait for it to wake.
    ///
    /// The row's `lastError` is forgotten; one that comes afterwards is about this wake. Watch the
    /// registry before the call, so that no change is missed.
    /// Errors: [`Error::Offline`] where no proven channel offers the LLM, [`Error::Stuck`].
    pub fn wake(&self, session_id: &str, llm: &Name) -> Result<(), Error> {
        let session = self.0.sessions.get(session_id).map(|found| found.clone());
        let session = session.ok_or(Error::Offline)?;
        let mut guard = session.lock();
        let state = &mut *guard;
        let offered = state.offer.iter().any(|offered| offered.name == *llm);
        let channel = state.channel.as_mut();
        let channel = channel.filter(|channel| channel.acknowledged && offered);
        let channel = channel.ok_or(Error::Offline)?;
        // Under the session's lock, so that no heartbeat comes between the two.
        self.0.registry.note_failure(llm, session_id, None);
        if !channel.say(&Frame::Wake(Wake { llm: llm.clone() })) {
            channel.stuck = true;
            return Err(Error::Stuck);
        }
        tracing::info!(session.id = session_id, llm.name = %llm, "the publisher is asked to wake it");
        Ok(())
    }

    /// Takes over what a heartbeat says of wakes that failed. The caller holds the session.
    pub(crate) fn take_wake_failures(&self, session_id: &str, state: &State, beat: &Heartbeat) {
        for said in &beat.providers {
            let Some(why) = &said.wake_failed else {
                continue;
            };
            let mut offered = state.offer.iter();
            if !offered.any(|offered| offered.name == said.name && offered.asleep) {
                continue;
            }
            let printable = why.chars().filter(|c| !c.is_control());
            let why: String = printable.take(MAX_WHY_CHARS).collect();
            tracing::warn!(session.id = session_id, llm.name = %said.name, why, "it could not be woken");
            let registry = &self.0.registry;
            registry.note_failure(&said.name, session_id, Some(&why));
        }
    }
}
