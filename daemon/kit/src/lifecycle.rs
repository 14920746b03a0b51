//! Start, soft stop, hard stop; and no task without a name and an owner.
//!
//! ```text
//! running ──stop()──► draining (soft token) ──all tasks done──► services end ──their tasks done──► stopped
//!                         └───────────────────grace over──► dropping (hard token) ──► stopped
//! ```
//! Soft: take no new work, finish what runs. Hard: drop what is left.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The two stop signals and the tasks that must heed them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    /// Ends the services.
    services: CancellationToken,
    tracker: TaskTracker,
    behind: TaskTracker,
}

/// What the end of a task means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// It serves one caller or one thing; the rest goes on.
    Alone,
    /// The program is of no use without it: stop softly, so that a supervisor starts it anew.
    WithTheProgram,
}

impl Lifecycle {
    /// A program that runs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Resolves once work should no longer be taken.
    pub async fn stopping(&self) {
        self.soft.cancelled().await;
    }

    /// Resolves once everything must be dropped.
    pub async fn dropping(&self) {
        self.hard.cancelled().await;
    }

    /// Whether work should no longer be taken.
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// The soft stop signal.
    pub fn soft_token(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Asks for the soft stop. Returns at once.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Runs `work` on the current runtime until it ends or the hard stop drops it.
    ///
    /// A panic is logged with the task's name; `ends` says what it means for the rest.
    pub fn spawn<F>(&self, name: &'static str, ends: Ends, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let until = self.hard.clone();
        self.start(name, ends, until, self.tracker.track_future(work));
    }

    /// Runs a service that everything needs, also while the rest drains: until nothing runs that could need it, or the
    /// hard stop.
    pub fn spawn_behind<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = self.behind.track_future(work);
        self.start(name, Ends::WithTheProgram, self.services.clone(), work);
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    fn start<F>(&self, name: &'static str, ends: Ends, until: CancellationToken, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let this = self.clone();
        tokio::spawn(async move {
            let end = Ending {
                name,
                ends,
                lifecycle: &this,
                clean: false,
            };
            tokio::select! {
                biased;
                () = until.cancelled() => {}
                () = work => {}
            }
            end.cleanly();
        });
    }

    /// Soft stop, wait up to `grace` for the tasks, those that services have begun among them, then hard stop. Returns whether
    /// all ended by themselves.
    pub async fn shut_down(&self, grace: Duration) -> bool {
        self.soft.cancel();
        self.tracker.close();
        self.behind.close();
        let drained = tokio::time::timeout(grace, async {
            self.tracker.wait().await;
            // A service may have begun a task meanwhile that must not stay half done. Once it has ended it begins none.
            self.services.cancel();
            self.behind.wait().await;
            self.tracker.wait().await;
        })
        .await
        .is_ok();
        self.services.cancel();
        self.hard.cancel();
        self.tracker.wait().await;
        self.behind.wait().await;
        drained
    }

    /// Counts as a task that runs while it is held: for work on its way to a thread that will do it.
    pub fn hold(&self) -> TaskTrackerToken {
        self.tracker.token()
    }

    /// Tasks that run now, services not counted.
    pub fn task_count(&self) -> usize {
        self.tracker.len()
    }
}

/// Notices a panic: dropped without [`Ending::cleanly`].
struct Ending<'a> {
    name: &'static str,
    ends: Ends,
    lifecycle: &'a Lifecycle,
    clean: bool,
}

impl Ending<'_> {
    fn cleanly(mut self) {
        self.clean = true;
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        // A runtime that ends drops its tasks as well: that is no panic.
        if !self.clean && std::thread::panicking() {
            tracing::error!(task = self.name, "a task panicked");
        }
        if self.ends == Ends::WithTheProgram && !self.lifecycle.is_stopping() {
            tracing::error!(
                task = self.name,
                "a part that everything needs ended: stopping"
            );
            self.lifecycle.stop();
        }
    }
}

/// Resolves at SIGTERM or SIGINT.
///
/// Errors: where the process can't listen to signals.
pub async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_heeds_the_soft_stop_is_waited_for() {
        let lifecycle = Lifecycle::new();
        let inner = lifecycle.clone();
        lifecycle.spawn("polite", Ends::Alone, async move {
            inner.stopping().await;
            tokio::time::sleep(Duration::from_secs(2)).await;
        });
        assert!(lifecycle.shut_down(Duration::from_secs(5)).await);
        assert_eq!(lifecycle.task_count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_is_dropped_after_the_grace() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("stubborn", Ends::Alone, std::future::pending());
        assert!(!lifecycle.shut_down(Duration::from_secs(5)).await);
        assert_eq!(lifecycle.task_count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_runs_until_the_rest_has_drained() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn_behind("service", std::future::pending());
        assert!(lifecycle.shut_down(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn a_vital_task_that_panics_stops_the_program() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("vital", Ends::WithTheProgram, async {
            panic!("on purpose")
        });
        lifecycle.stopping().await;
    }
}
