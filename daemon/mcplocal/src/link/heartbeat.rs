//! Signs of life: on their own task and their own connection, so that bytes of answers, however
//! many, never look like death.
//!
//! One every 30 s, one at once where a provider could not be woken or a task has failed and something
//! on the way refused that word, since callers wait for it, and one right after each ping of the server: so the server hears within a ping's
//! interval that the channel still carries, and we hear from it as often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use shared::channel::Heartbeat;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::machine::Event;
use super::mcpd::{CALL_TIMEOUT, CallError, Mcpd};
use super::wire::Reports;
use crate::publish::Published;
use crate::serve::Unsaid;

/// Between two heartbeats where no ping asks for one.
const INTERVAL: Duration = Duration::from_secs(30);
/// Before a heartbeat that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// Without an answer for this long the server is taken for lost.
pub(super) const LOST: Duration = Duration::from_secs(40);

/// What the channel's reader tells the heartbeat.
#[derive(Default)]
pub(super) struct Pulse {
    last_ping: AtomicU64,
    ping: Notify,
}

impl Pulse {
    /// A ping came.
    pub(super) fn ping(&self, seq: u64) {
        self.last_ping.store(seq, Ordering::Relaxed);
        self.ping.notify_one();
    }
}

/// Beats until the server is lost.
pub(super) async fn beat(
    mcpd: Mcpd,
    session: HeaderValue,
    epoch: u64,
    pulse: Arc<Pulse>,
    unsaid: Unsaid,
    mut published: watch::Receiver<Arc<Published>>,
    reports: Reports,
) {
    // Wakes that failed, as far as the server has heard of them.
    let mut heard = 0;
    let mut answered_at = Instant::now();
    loop {
        let said = published.borrow().clone();
        let beat = Heartbeat {
            epoch: Some(epoch),
            last_ping: Some(pulse.last_ping.load(Ordering::Relaxed)),
            providers: said.readiness(heard),
            failed: unsaid.all(),
        };
        let left = LOST.saturating_sub(answered_at.elapsed());
        let call = mcpd.heartbeat(&session, &beat);
        let outcome = tokio::time::timeout(left.min(CALL_TIMEOUT), call).await;
        let pause = match outcome.unwrap_or(Err(CallError::Late)) {
            Ok(reply) => {
                answered_at = Instant::now();
                heard = said.last_failure().max(heard);
                unsaid.over(&beat.failed);
                let (bound, epoch) = (reply.bound, reply.epoch);
                reports.say(Event::HeartbeatAnswered { bound, epoch }).await;
                INTERVAL
            }
            Err(failed) if knows_us_not(&failed) => {
                let (bound, epoch) = (false, 0);
                reports.say(Event::HeartbeatAnswered { bound, epoch }).await;
                return;
            }
            Err(failed) => {
                tracing::debug!(%failed, "a heartbeat was not answered");
                if !beat.failed.is_empty() && is_refused(&failed) {
                    // What refused those words before refuses them here: they are not worth the channel.
                    tracing::warn!("failures of {} tasks can't be told", beat.failed.len());
                    unsaid.over(&beat.failed);
                }
                RETRY
            }
        };
        let left = LOST.saturating_sub(answered_at.elapsed());
        if left.is_zero() {
            reports.say(Event::HeartbeatLost).await;
            return;
        }
        let told = said.last_failure().max(heard);
        // Elapsed or asked for: either way it is time.
        let asked = async {
            tokio::select! {
                () = pulse.ping.notified() => {}
                () = unsaid.comes() => {}
                // What was said in vain is said again after the pause.
                Ok(_) = published.wait_for(|now| now.last_failure() > told) => {}
            }
        };
        let _ = tokio::time::timeout(pause.min(left), asked).await;
    }
}

/// Whether it was refused for what it says, and would be again.
fn is_refused(failed: &CallError) -> bool {
    let may_pass = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    let status = failed.status();
    status.is_some_and(|status| status.is_client_error() && !may_pass.contains(&status))
}

/// The session is gone, or belongs to somebody else by now.
fn knows_us_not(failed: &CallError) -> bool {
    matches!(
        failed.status(),
        Some(StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::GONE)
    )
}
