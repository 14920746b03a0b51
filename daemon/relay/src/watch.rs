//! The clockwork: pings, silence, and the sweep of what is long over.

use std::time::Duration;

use shared::channel::{Frame, Ping};
use tokio::time::Instant;

use crate::relay::{Relay, Timing};
use crate::session::{Session, State};

/// How often the sessions are looked at. One look at 5,000 sessions takes well under 1 ms.
const TICK: Duration = Duration::from_secs(1);

impl Relay {
    /// Watches the channels until it is dropped. Run it once.
    pub async fn watch(&self) {
        // Apart, so that a database that is slow keeps nothing else back.
        tokio::join!(
            self.keep_looking(),
            self.sweep_again_and_again(Self::sweep),
            self.sweep_again_and_again(Self::sweep_store),
        );
    }

    async fn keep_looking(&self) {
        let mut ticks = tokio::time::interval(TICK.min(self.0.timing.ping_interval));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await;
            for session in &self.0.sessions {
                self.look_at(&session, now);
            }
        }
    }

    async fn sweep_again_and_again(&self, sweep: impl AsyncFn(&Self, Instant)) {
        let timing = self.0.timing;
        // After a start, publishers get one heartbeat timeout to come back before they are judged.
        let grace = timing.heartbeat_timeout.max(timing.gc_interval);
        let interval = timing.gc_interval.max(TICK);
        let mut ticks = tokio::time::interval_at(Instant::now() + grace, interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            sweep(self, Instant::now()).await;
        }
    }

    fn look_at(&self, session: &Session, now: Instant) {
        let timing = &self.0.timing;
        let mut state = session.lock();
        let Some(channel) = &mut state.channel else {
            return;
        };
        if now >= channel.ping_due {
            channel.ping_due = now + timing.ping_interval;
            channel.pings_sent += 1;
            let seq = channel.pings_sent;
            channel.stuck |= !channel.say(&Frame::Ping(Ping { seq }));
        }
        let Some(why) = trouble(&state, now, timing) else {
            return;
        };
        let epoch = state.epoch;
        state.unbind(&session.id, &self.0.registry, self.0.clock.now());
        tracing::warn!(session.id = %session.id, epoch, why, "channel down");
    }

    /// Deletes rows that nobody served for the retention time, and forgets sessions as old.
    async fn sweep(&self, now: Instant) {
        let retention = self.0.timing.inactive_retention;
        if let Err(error) = self.0.registry.sweep(retention, self.0.clock.now()).await {
            tracing::warn!(%error, "the sweep of inactive rows failed; it is tried again");
        }
        self.forget_silent(now);
    }
}

/// Why the channel must be taken down.
fn trouble(state: &State, now: Instant, timing: &Timing) -> Option<&'static str> {
    let channel = state.channel.as_ref()?;
    if channel.stuck {
        return Some("the publisher takes no frames");
    }
    if now - channel.heard_at >= timing.heartbeat_timeout {
        return Some("no heartbeat");
    }
    // Only a publisher that names pings can be held to them.
    if channel.ping_seen.is_some() && now - channel.proven_at >= timing.proof_timeout {
        return Some("the publisher does not hear the pings, or is not heard");
    }
    None
}
