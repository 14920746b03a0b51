//! The handle: register, bind, heartbeat, unbind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use kit::clock::SharedClock;
use registry::Registry;
use shared::channel::{
    Frame, Goaway, Heartbeat, HeartbeatReply, Hello, PROTOCOL, Register, Registered,
};
use shared::lifecycle::Event;
use shared::llm::Phase;
use store::Store;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::channel::{Channel, ChannelBody};
use crate::error::Error;
use crate::failed::take_task_failures;
use crate::session::{Offered, Session};

/// Providers that one session may offer.
const MAX_OFFERS: usize = 256;
/// Characters of a session id.
const MAX_SESSION_ID_CHARS: usize = 64;

/// So many publishers may come back from a restart at once: each costs a write to the database.
const RETURN_TOGETHER: u32 = 50;
/// Each further one comes so much after the one before.
const RETURN_SPACING: Duration = Duration::from_millis(10);

/// The channel's clockwork.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How often a ping is said.
    pub ping_interval: Duration,
    /// A channel whose publisher has not proven for so long that it hears pings is taken down.
    pub proof_timeout: Duration,
    /// A channel without any heartbeat for so long is taken down.
    pub heartbeat_timeout: Duration,
    /// A row that nobody served for so long is deleted.
    pub inactive_retention: Duration,
    /// How often rows and sessions are swept.
    pub gc_interval: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(15),
            proof_timeout: Duration::from_secs(42),
            heartbeat_timeout: Duration::from_secs(90),
            inactive_retention: Duration::from_secs(4 * 3600),
            gc_interval: Duration::from_secs(60),
        }
    }
}

/// The relay. Cheap to clone; clones are the same relay.
#[derive(Clone)]
pub struct Relay(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) sessions: DashMap<String, Arc<Session>>,
    /// Held while a session is begun, so that none is begun beyond the bound.
    pub(crate) beginning: Mutex<()>,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) clock: SharedClock,
    pub(crate) timing: Timing,
    /// Bytes of answers that went to callers.
    pub(crate) relayed_bytes: Arc<AtomicU64>,
}

impl Relay {
    /// A relay without sessions.
    pub fn new(registry: Registry, store: Store, clock: SharedClock, timing: Timing) -> Self {
        Self(Arc::new(Inner {
            sessions: DashMap::new(),
            beginning: Mutex::default(),
            registry,
            store,
            clock,
            timing,
            relayed_bytes: Arc::default(),
        }))
    }

    /// Takes a publisher's whole offer. Idempotent; does not disturb a bound channel.
    ///
    /// Errors: [`Error::NameTaken`] where not one of the offered names could be taken, [`Error::TooManySessions`],
    /// [`Error::BadMessage`], [`Error::Store`].
    pub async fn register(&self, principal: &str, offer: Register) -> Result<Registered, Error> {
        check(&offer)?;
        let (id, is_new) = self.ensure_session(principal, &offer).await?;
        let registered = self.take_offer(principal, id.clone(), &offer).await;
        if registered.is_err() && is_new {
            // Its publisher was not told its id: it would come back without it, again and again.
            self.forget_session(&id).await;
        }
        registered
    }

    async fn take_offer(
        &self,
        principal: &str,
        id: String,
        offer: &Register,
    ) -> Result<Registered, Error> {
        let now = self.0.clock.now();
        let session = self.session_of(&id, principal)?;
        let outcome = self
            .0
            .registry
            .register_offer(&id, principal, &offer.providers, now)
            .await?;
        if outcome.rows.is_empty() && !outcome.conflicts.is_empty() {
            return Err(Error::NameTaken(outcome.conflicts));
        }
        let mut state = session.lock();
        state.touched_at = Instant::now();
        state.offer = outcome
            .rows
            .iter()
            .map(|row| Offered {
                name: row.name().clone(),
                asleep: offer.providers.iter().any(|offered| {
                    offered.name == *row.name() && offered.status == Some(Phase::Hibernating)
                }),
                live: row.live().clone(),
            })
            .collect();
        let proven = state
            .channel
            .as_ref()
            .is_some_and(|channel| channel.acknowledged);
        // Said again under the session's lock: the channel may have come or gone meanwhile.
        self.settle(&session.id, &state.offer, proven);
        drop(state);
        let names = outcome.rows.iter().map(|row| row.name());
        let llms = names
            .filter_map(|name| self.0.registry.find(name.as_str()))
            .map(|row| row.document())
            .collect();
        Ok(Registered {
            provider_session_id: id,
            llms,
            conflicts: outcome.conflicts,
        })
    }

    /// Binds a channel. A channel that was bound before is told that it is superseded.
    ///
    /// Errors: [`Error::NotFound`], [`Error::NotRegistered`], [`Error::Store`].
    pub async fn bind(&self, principal: &str, session_id: &str) -> Result<ChannelBody, Error> {
        let session = self.session_of(session_id, principal)?;
        let sessions = self.0.store.sessions();
        let epoch = sessions
            .bind(session_id, principal, self.0.clock.now())
            .await?
            .epoch;
        let now = Instant::now();
        let timing = &self.0.timing;
        let (channel, queue) = Channel::open(epoch, now, now + timing.ping_interval);
        channel.say(&Frame::Hello(Hello {
            epoch,
            ping_interval_ms: u64::try_from(timing.ping_interval.as_millis()).unwrap_or(u64::MAX),
            protocol: PROTOCOL,
            keepalive: true,
        }));
        let mut state = session.lock();
        if epoch < state.epoch {
            // Another bind overtook this one on its way back from the store.
            let (found, current) = (epoch, state.epoch);
            return Err(Error::StaleEpoch { found, current });
        }
        if let Some(old) = &state.channel {
            old.say(&Frame::Superseded);
            tracing::info!(
                session.id = session_id,
                epoch,
                "a newer channel takes the session over"
            );
        }
        state.unbind(session_id, &self.0.registry, self.0.clock.now());
        state.epoch = epoch;
        state.task_count = 0;
        state.upload_acknowledged = false;
        state.channel = Some(channel);
        drop(state);
        tracing::info!(session.id = session_id, principal, epoch, "channel bound");
        Ok(ChannelBody::new(queue, self.clone(), session, epoch))
    }

    /// Takes a sign of life. Costs no database access.
    ///
    /// Errors: none today. A session without a channel, unknown or foreign, is no error: the answer
    /// says that nothing is bound.
    pub fn heartbeat(
        &self,
        principal: &str,
        session_id: &str,
        heartbeat: &Heartbeat,
    ) -> Result<HeartbeatReply, Error> {
        let server_time = self.0.clock.now();
        let session = match self.session_of(session_id, principal) {
            // Unknown since a restart of ours, or another principal's: the answer is the same.
            Err(Error::NotRegistered | Error::NotFound) => {
                let (bound, epoch) = (false, 0);
                return Ok(HeartbeatReply {
                    bound,
                    epoch,
                    server_time,
                });
            }
            found => found?,
        };
        let mut guard = session.lock();
        let state = &mut *guard;
        let now = Instant::now();
        state.touched_at = now;
        let epoch = state.epoch;
        let Some(channel) = &mut state.channel else {
            return Ok(HeartbeatReply {
                bound: false,
                epoch,
                server_time,
            });
        };
        if heartbeat.epoch.is_some_and(|said| said != channel.epoch) {
            return Ok(HeartbeatReply {
                bound: false,
                epoch,
                server_time,
            });
        }
        channel.heard_at = now;
        if let Some(seen) = heartbeat.last_ping
            && channel
                .ping_seen
                .is_none_or(|before| seen > before || seen == channel.pings_sent)
        {
            channel.ping_seen = Some(seen.min(channel.pings_sent));
            channel.proven_at = now;
        }
        let first = !std::mem::replace(&mut channel.acknowledged, true);
        for offered in &state.offer {
            offered.live.heard_at(server_time);
        }
        if first {
            self.settle(session_id, &state.offer, true);
        }
        self.take_wake_failures(session_id, state, heartbeat);
        take_task_failures(session_id, state, heartbeat);
        Ok(HeartbeatReply {
            bound: true,
            epoch,
            server_time,
        })
    }

    /// Takes down the channel of `epoch`, unless a newer one is bound.
    pub(crate) fn unbind(&self, session: &Session, epoch: u64, why: &'static str) {
        let mut state = session.lock();
        if state
            .channel
            .as_ref()
            .is_some_and(|channel| channel.epoch == epoch)
            && state.unbind(&session.id, &self.0.registry, self.0.clock.now())
        {
            tracing::info!(session.id = %session.id, epoch, why, "channel down");
        }
    }

    /// Makes the rows of an offer callable, or not. The caller holds the session.
    fn settle(&self, session_id: &str, offer: &[Offered], proven: bool) {
        let now = self.0.clock.now();
        for offered in offer {
            let event = match proven {
                true => offered.bound_event(),
                false => Event::ChannelClosed,
            };
            self.0.registry.apply(&offered.name, session_id, event, now);
        }
    }

    /// Tells every publisher that the server is about to stop, and when to come back: where there are
    /// many, not all at once.
    pub fn goaway(&self, reconnect_after: Duration) {
        let mut told = 0;
        for session in &self.0.sessions {
            if let Some(channel) = &session.lock().channel {
                let turn = RETURN_SPACING * u32::saturating_sub(told, RETURN_TOGETHER);
                let after = (reconnect_after + turn).as_millis();
                let reconnect_after_ms = u64::try_from(after).unwrap_or(u64::MAX);
                channel.say(&Frame::Goaway(Goaway { reconnect_after_ms }));
                told += 1;
            }
        }
    }

    /// Takes every channel down.
    pub fn close(&self) {
        for session in &self.0.sessions {
            session
                .lock()
                .unbind(&session.id, &self.0.registry, self.0.clock.now());
        }
    }

    /// Bytes of answers that went to callers since the start.
    pub fn relayed_bytes(&self) -> u64 {
        self.0.relayed_bytes.load(Ordering::Relaxed)
    }

    /// Sessions with a bound channel, and tasks that run.
    pub fn load(&self) -> (usize, usize) {
        self.0
            .sessions
            .iter()
            .fold((0, 0), |(bound, tasks), session| {
                let state = session.lock();
                let bound = bound + usize::from(state.channel.is_some());
                (bound, tasks + state.tasks.len())
            })
    }
}

fn check(offer: &Register) -> Result<(), Error> {
    let bad = |why: &str| Err(Error::BadMessage(why.into()));
    if offer.providers.len() > MAX_OFFERS {
        return bad("a session may offer at most 256 providers");
    }
    if let Some(id) = &offer.provider_session_id {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > MAX_SESSION_ID_CHARS || !id.chars().all(fits) {
            return bad("a provider session id has 1 to 64 letters, digits, `-` or `_`");
        }
    }
    for (at, provider) in offer.providers.iter().enumerate() {
        let before = &offer.providers[..at];
        if before.iter().any(|other| other.name == provider.name) {
            return Err(Error::BadMessage(format!(
                "`{}` is offered twice",
                provider.name
            )));
        }
        if provider.max_concurrency == Some(0) {
            let name = &provider.name;
            return Err(Error::BadMessage(format!(
                "`{name}`: maxConcurrency must be at least 1"
            )));
        }
        if provider.model.is_empty() || provider.model.len() > 256 {
            let name = &provider.name;
            return Err(Error::BadMessage(format!(
                "`{name}`: model must have 1 to 256 characters"
            )));
        }
    }
    Ok(())
}
