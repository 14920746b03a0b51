//! What becomes of a request whose caller hangs up.
//!
//! A request is answered inside the future of its connection, so hanging up drops it wherever it stands. That is how
//! "stop" reaches a model. For a write it would be wrong: a statement that was sent is executed whether anybody waits for
//! it or not, and what belongs after it (what is in memory, who must be told) would never come.

use std::future::Future;
use std::panic::resume_unwind;

use kit::lifecycle::{Ends, Lifecycle};
use tokio::sync::oneshot;

/// What becomes of a request whose caller hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// It is dropped in that moment, with all that runs on its behalf. For whatever only reads, waits or streams.
    Drops,
    /// It goes to its end without its caller. For whatever changes both the database and what is in memory.
    Finishes,
}

/// Runs `work` to its end in a task of its own, also where whoever waits here is dropped. It counts as a task that runs,
/// and a polite stop waits for it.
///
/// Where `work` panics, whoever waits does too, as if it had run in place.
pub(crate) async fn to_its_end<T>(
    lifecycle: &Lifecycle,
    work: impl Future<Output = T> + Send + 'static,
) -> T
where
    T: Send + 'static,
{
    let (done, result) = oneshot::channel();
    lifecycle.spawn("write", Ends::Alone, async move {
        // A caller that is gone wants no answer.
        let _ = done.send(work.await);
    });
    match result.await {
        Ok(result) => result,
        // The hard stop drops both, and whoever waits sees it first.
        Err(_) => resume_unwind(Box::new("a write panicked")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_without_who_waits_and_a_stop_waits_for_it() {
        let lifecycle = Lifecycle::new();
        let (may_end, has_ended) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (gate, flag) = (may_end.clone(), has_ended.clone());
        let work = async move {
            gate.notified().await;
            flag.store(true, Ordering::Relaxed);
        };
        let waiting = to_its_end(&lifecycle, work);
        let gave_up = tokio::time::timeout(Duration::from_millis(1), waiting).await;
        assert!(gave_up.is_err());
        assert_eq!(lifecycle.task_count(), 1);
        may_end.notify_one();
        assert!(lifecycle.shut_down(Duration::from_secs(5)).await);
        assert!(has_ended.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn who_waits_has_the_result() {
        assert_eq!(to_its_end(&Lifecycle::new(), async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn a_panic_is_the_callers_too() {
        let around = Lifecycle::new();
        let (lifecycle, (end, ended)) = (around.clone(), oneshot::channel::<()>());
        around.spawn("connection", Ends::Alone, async move {
            let _end = end;
            to_its_end(&lifecycle, async { panic!("on purpose") }).await
        });
        // The connection's state was dropped, and nothing was answered.
        assert!(ended.await.is_err());
        assert!(around.shut_down(Duration::from_secs(5)).await);
    }
}
