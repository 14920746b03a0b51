//! The worker as its jobs see it (who it is, what it runs, how far it is on its way out), and how it claims them.

use std::time::Duration;

use shared::job::{Claim, Platform, Register, WorkerId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::backoff::Backoff;
use super::keeper::said;
use super::recipe::Recipe;
use super::stop::Level;
use crate::client::{ClaimedJob, Client, Refused};
use crate::failure::Result;
use crate::output::Output;

/// How long a claim waits at the server for a job.
const WAIT_SECONDS: u64 = 30;
/// Two claims that found nothing are so far apart, also where the server does not wait.
const MIN_TURN: Duration = Duration::from_secs(1);
/// Jobs of one claim: their payloads, of 4 MiB each, must fit into one answer.
const MAX_CLAIMED: usize = 8;

/// All that the jobs of one worker share.
pub(super) struct Worker {
    pub(super) client: Client,
    pub(super) output: Output,
    pub(super) id: WorkerId,
    pub(super) platform: Platform,
    pub(super) kinds: Vec<String>,
    pub(super) lease: Duration,
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) recipe: Recipe,
    pub(super) level: watch::Receiver<Level>,
}

impl Worker {
    /// Claims up to `room` jobs; waits for some at the server where `patient`, and for the server where it is away.
    ///
    /// Shape: empty when there was none. Dropped in the very moment of a claim, its jobs come back when their leases end.
    pub(super) async fn claim(&self, room: usize, patient: bool) -> Result<Vec<ClaimedJob>> {
        let claim = self.claim_of(room, patient);
        let mut backoff = Backoff::default();
        let mut was_away = false;
        loop {
            let begun = Instant::now();
            match self.client.claim_jobs(&claim).await {
                Ok(jobs) => {
                    if was_away {
                        self.come_back().await;
                    }
                    if jobs.is_empty() && patient {
                        sleep_until(begun + MIN_TURN).await;
                    }
                    return Ok(jobs);
                }
                Err(Refused::Later(why)) => {
                    if !was_away {
                        let why = said(&why);
                        self.output
                            .warning(&format!("{why}; trying again until it is back"));
                    }
                    was_away = true;
                    sleep(backoff.wait()).await;
                }
                Err(Refused::Never(why)) => return Err(why),
                // A claim has no lease: the server means something else.
                Err(Refused::Stale) => sleep(backoff.wait()).await,
            }
        }
    }

    /// A server that was restarted has forgotten our name, and takes us by our id all the same.
    async fn come_back(&self) {
        let worker = Platform {
            id: Some(self.id.clone()),
            ..self.platform.clone()
        };
        // Only a name in a list: the next outage is told by the next claim.
        let _ = self.client.register_worker(&Register { worker }).await;
        self.output.note("The server is back");
    }

    /// What to ask for.
    fn claim_of(&self, room: usize, patient: bool) -> Claim {
        Claim {
            worker_id: self.id.clone(),
            kinds: self.kinds.clone(),
            lease_seconds: self.lease.as_secs(),
            limit: u32::try_from(room.clamp(1, MAX_CLAIMED)).unwrap_or(1),
            wait_s: if patient { WAIT_SECONDS } else { 0 },
        }
    }
}
