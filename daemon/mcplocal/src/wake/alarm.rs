//! Between those who want a provider awake and the one who wakes it.
//!
//! Requests and frames of the server ring; the reconciler hears it, and says how the provider is.
//! It also counts requests: only they keep a provider awake.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use shared::local_control::Wakefulness;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How a provider is, for those who wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Where it is; absent where it has no wake recipe, and is never waited for.
    pub now: Option<Wakefulness>,
    /// How often it became awake.
    pub wakes: u64,
    /// How often it could not be woken, and why the last time, in words for the server.
    pub failed: (u64, Arc<str>),
}

impl Default for Life {
    fn default() -> Self {
        Self {
            now: None,
            wakes: 0,
            failed: (0, "".into()),
        }
    }
}

impl Life {
    /// One that has no recipe is never waited for.
    fn is_up(&self) -> bool {
        matches!(self.now, None | Some(Wakefulness::Awake))
    }
}

/// A moment in a provider's life, to wait for what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    wakes: u64,
    failures: u64,
}

/// One provider's alarm. Shared by all adapters that it ever has.
pub struct Alarm {
    in_flight: AtomicU32,
    last_used: Mutex<Instant>,
    rung: AtomicBool,
    unreachable: AtomicBool,
    /// The reconciler's ear, one for all providers.
    ear: Arc<Notify>,
    life: watch::Receiver<Life>,
}

impl Alarm {
    /// An alarm that `ear` hears; the sender says how the provider is.
    pub fn new(ear: Arc<Notify>) -> (Arc<Self>, watch::Sender<Life>) {
        let sender = watch::Sender::new(Life::default());
        let alarm = Self {
            in_flight: AtomicU32::new(0),
            last_used: Mutex::new(Instant::now()),
            rung: AtomicBool::new(false),
            unreachable: AtomicBool::new(false),
            ear,
            life: sender.subscribe(),
        };
        (Arc::new(alarm), sender)
    }

    /// Wants it awake. Does not wait.
    pub fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.ear.notify_one();
    }

    /// This moment.
    pub fn mark(&self) -> Mark {
        let life = self.life.borrow();
        Mark {
            wakes: life.wakes,
            failures: life.failed.0,
        }
    }

    /// Whether somebody rang since the last look, and whether a request could not reach it.
    pub(crate) fn heard(&self) -> (bool, bool) {
        let unreachable = self.unreachable.swap(false, Ordering::SeqCst);
        (self.rung.swap(false, Ordering::SeqCst), unreachable)
    }

    /// Waits until it is awake, and wakes it where it is not.
    ///
    /// Errors: why it could not be woken, in words for the server.
    pub async fn awake(&self) -> Result<(), Arc<str>> {
        let mark = self.mark();
        if self.life.borrow().is_up() {
            return Ok(());
        }
        self.ring();
        self.awake_after(mark).await
    }

    /// For a request that could not reach it since `mark`: waits until it is awake again, and wakes
    /// it. `None`, at once, where it can't be woken.
    ///
    /// Errors: as of [`Alarm::awake`].
    pub async fn awake_again(&self, mark: Mark) -> Option<Result<(), Arc<str>>> {
        self.life.borrow().now?;
        if self.mark() == mark {
            self.unreachable.store(true, Ordering::SeqCst);
            self.ring();
        }
        Some(self.awake_after(mark).await)
    }

    async fn awake_after(&self, mark: Mark) -> Result<(), Arc<str>> {
        let mut life = self.life.clone();
        let decided = |life: &Life| life.wakes != mark.wakes || life.failed.0 != mark.failures;
        match life.wait_for(decided).await {
            Ok(life) if life.is_up() => Ok(()),
            Ok(life) => Err(life.failed.1.clone()),
            Err(_) => Err("its publisher is stopping, or no longer offers it".into()),
        }
    }

    /// Counts a request for as long as the guard lives.
    pub fn enter(&self) -> InFlight<'_> {
        // Before a look at the life: whoever puts it to sleep says so first and counts then.
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        self.touch();
        InFlight(self)
    }

    /// Requests running now, or waiting for it to wake.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// When a request last began or ended.
    pub(crate) fn last_used(&self) -> Instant {
        *self
            .last_used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        *self
            .last_used
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A request that is being served.
pub struct InFlight<'a>(&'a Alarm);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm() -> (Arc<Alarm>, watch::Sender<Life>) {
        Alarm::new(Arc::default())
    }

    fn awake(life: &mut Life) {
        life.now = Some(Wakefulness::Awake);
        life.wakes += 1;
    }

    #[tokio::test]
    async fn whoever_waits_rings_and_hears_how_it_ended() {
        let (alarm, life) = alarm();
        assert_eq!(alarm.awake().await, Ok(()), "no recipe, no waiting");
        assert_eq!(alarm.awake_again(alarm.mark()).await, None);
        life.send_modify(|life| life.now = Some(Wakefulness::Asleep));
        let answer = async {
            alarm.ear.notified().await;
            assert_eq!(alarm.heard(), (true, false));
            life.send_modify(|life| life.now = Some(Wakefulness::Waking));
            life.send_modify(awake);
        };
        assert_eq!(tokio::join!(alarm.awake(), answer).0, Ok(()));
        let mark = alarm.mark();
        let answer = async {
            alarm.ear.notified().await;
            assert_eq!(alarm.heard(), (true, true));
            life.send_modify(awake);
        };
        let again = tokio::join!(alarm.awake_again(mark), answer).0;
        assert_eq!(again, Some(Ok(())));
        life.send_modify(|life| life.now = Some(Wakefulness::Asleep));
        let answer = async {
            alarm.ear.notified().await;
            life.send_modify(|life| life.failed = (1, "no power".into()));
        };
        let failed = tokio::join!(alarm.awake(), answer).0;
        assert_eq!(failed.unwrap_err(), "no power".into());
    }

    #[tokio::test]
    async fn nobody_waits_for_a_publisher_that_stops() {
        let (alarm, life) = alarm();
        life.send_modify(|life| life.now = Some(Wakefulness::Asleep));
        let stop = async { drop(life) };
        assert!(tokio::join!(alarm.awake(), stop).0.is_err());
    }
}
