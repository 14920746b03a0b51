//! Keeps the lease of one job, in a task of its own: whatever the command does, the server hears from us.
//!
//! ```text
//!  every lease/3 ─┐   (10 s at most: so soon a cancelled job is noticed)
//!  progress ──────┴─► heartbeat ─► held | canceled (goes on: the lease is needed to say `fail`) | lost (ends)
//! ```
//!
//! Progress goes with a heartbeat, twice a second at most; when its sender is dropped the last one is sent, and told of
//! as flushed. While the server is away it is tried again: only the server can say that a lease is lost.

use std::time::Duration;

use shared::job::{Heartbeat, JobId, LeaseToken, Progress, WorkerId};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::backoff::Backoff;
use super::outcome::Stopped;
use crate::client::{Client, Refused};
use crate::exit_code::Exit;
use crate::failure::Failure;

/// The longest time between two heartbeats: only there a worker hears that its job was canceled.
const MAX_INTERVAL: Duration = Duration::from_secs(10);
/// Between two heartbeats that tell progress.
const PACE: Duration = Duration::from_millis(500);

/// The right to a job, and how to keep it.
#[derive(Clone)]
pub(super) struct Lease {
    pub(super) client: Client,
    pub(super) worker_id: WorkerId,
    pub(super) job_id: JobId,
    pub(super) token: LeaseToken,
    pub(super) length: Duration,
}

/// What the keeper has seen.
#[derive(Clone, Debug, Default)]
struct Seen {
    end: Option<Stopped>,
    is_flushed: bool,
}

/// Dropped, the lease is kept no more.
pub(super) struct Keeper {
    seen: watch::Receiver<Seen>,
    _task: JoinSet<()>,
}

impl Keeper {
    /// Begins to keep `lease`.
    pub(super) fn start(lease: Lease, progress: watch::Receiver<Option<Progress>>) -> Self {
        let (tell, seen) = watch::channel(Seen::default());
        let mut task = JoinSet::new();
        let now = Instant::now();
        let interval = (lease.length / 3).min(MAX_INTERVAL);
        let beat = Beat {
            interval,
            backoff: Backoff::up_to(lease.length / 3),
            next: now + interval,
            last: now.checked_sub(PACE).unwrap_or(now),
            is_unsent: false,
            is_closed: false,
        };
        task.spawn(keep(lease, progress, tell, beat));
        Self { seen, _task: task }
    }

    /// Waits until somebody wants the job to end, or it is not ours any more.
    pub(super) async fn ended(&self) -> Stopped {
        let mut seen = self.seen.clone();
        let ended = seen.wait_for(|seen| seen.end.is_some()).await;
        let end = ended.ok().and_then(|seen| seen.end.clone());
        end.unwrap_or_else(|| Stopped::Lost("its heartbeat broke off".into()))
    }

    /// Waits until the last progress was sent; its sender must be gone.
    pub(super) async fn flushed(&self) {
        let mut seen = self.seen.clone();
        // A keeper that has ended has nothing more to send.
        let _ = seen.wait_for(|seen| seen.is_flushed).await;
    }
}

async fn keep(
    lease: Lease,
    mut progress: watch::Receiver<Option<Progress>>,
    seen: watch::Sender<Seen>,
    mut beat: Beat,
) {
    loop {
        tokio::select! {
            biased;
            changed = progress.changed(), if !beat.is_closed => {
                match changed {
                    Ok(()) => beat.is_unsent = true,
                    Err(_) => beat.is_closed = true,
                }
                if beat.is_closed && !beat.is_unsent {
                    seen.send_modify(|seen| seen.is_flushed = true);
                }
                continue;
            }
            () = sleep_until(beat.due()) => {}
        }
        let told = beat.is_unsent.then(|| progress.borrow_and_update().clone());
        let told = told.flatten();
        match say(&lease, told.clone()).await {
            Ok(is_canceled) => {
                beat.done();
                if is_canceled {
                    seen.send_modify(|seen| seen.end = Some(Stopped::Canceled));
                }
            }
            Err(Refused::Stale) => {
                let why = "the server gave it to another worker, or ended it";
                return lose(&seen, why.into());
            }
            Err(Refused::Later(_)) => beat.failed(),
            // The progress may be at fault: once more without.
            Err(Refused::Never(why)) if told.is_some() && why.exit() != Exit::Auth => beat.done(),
            Err(Refused::Never(why)) => return lose(&seen, said(&why)),
        }
        if beat.is_closed && !beat.is_unsent {
            seen.send_modify(|seen| seen.is_flushed = true);
        }
    }
}

fn lose(seen: &watch::Sender<Seen>, why: String) {
    seen.send_modify(|seen| seen.end = Some(Stopped::Lost(why)));
}

async fn say(lease: &Lease, progress: Option<Progress>) -> Result<bool, Refused> {
    let heartbeat = Heartbeat {
        worker_id: lease.worker_id.clone(),
        job_id: lease.job_id.clone(),
        lease_token: lease.token.clone(),
        extend_seconds: lease.length.as_secs(),
        progress,
    };
    let answer = lease.client.heartbeat(&heartbeat, lease.length / 2).await?;
    Ok(answer.canceled)
}

/// The first line of a failure.
pub(super) fn said(why: &Failure) -> String {
    let first = why.lines().first().map(|(_, text)| (*text).to_owned());
    first.unwrap_or_default()
}

/// When to speak next.
struct Beat {
    interval: Duration,
    backoff: Backoff,
    /// The next heartbeat, if there is no progress before.
    next: Instant,
    /// The last one.
    last: Instant,
    /// There is progress to tell.
    is_unsent: bool,
    /// There will be no more.
    is_closed: bool,
}

impl Beat {
    fn due(&self) -> Instant {
        match (self.is_unsent, self.is_closed) {
            (true, true) => self.last.min(self.next),
            (true, false) => self.next.min(self.last + PACE),
            (false, _) => self.next,
        }
    }

    fn done(&mut self) {
        self.is_unsent = false;
        self.backoff.reset();
        self.last = Instant::now();
        self.next = self.last + self.interval;
    }

    /// The next try, with or without progress.
    fn failed(&mut self) {
        self.next = Instant::now() + self.backoff.wait();
        self.last = self.next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(now: Instant) -> Beat {
        let interval = Duration::from_secs(20);
        Beat {
            interval,
            backoff: Backoff::default(),
            next: now + interval,
            last: now,
            is_unsent: false,
            is_closed: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn progress_is_told_twice_a_second_and_the_last_one_at_once() {
        let now = Instant::now();
        let mut beat = beat(now);
        assert_eq!(beat.due(), now + Duration::from_secs(20));
        beat.is_unsent = true;
        assert_eq!(beat.due(), now + PACE);
        beat.is_closed = true;
        assert_eq!(beat.due(), now);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_away_is_tried_again_soon_with_or_without_progress() {
        let now = Instant::now();
        let mut beat = beat(now);
        for (unsent, closed) in [(false, false), (true, false), (true, true)] {
            (beat.is_unsent, beat.is_closed) = (unsent, closed);
            beat.failed();
            assert!(beat.due() > now && beat.due() <= now + Duration::from_secs(5));
        }
    }
}
