//! Work that must not stay half done where nobody waits for it any more.

use std::future::Future;
use std::panic::resume_unwind;

use tokio::sync::oneshot;

use crate::lifecycle::{Ends, Lifecycle};

impl Lifecycle {
    /// Runs `work` to its end in a task of its own, also where whoever waits here is dropped. It counts as a task that runs,
    /// and a polite stop waits for it.
    ///
    /// Where `work` panics, whoever waits does too, as if it had run in place.
    pub async fn to_its_end<T>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T
    where
        T: Send + 'static,
    {
        let (done, result) = oneshot::channel();
        self.spawn(name, Ends::Alone, async move {
            // Who is gone wants no result.
            let _ = done.send(work.await);
        });
        match result.await {
            Ok(result) => result,
            // The hard stop drops both, and whoever waits sees it first.
            Err(_) => resume_unwind(Box::new("what was waited for has panicked")),
        }
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
        let waiting = lifecycle.to_its_end("write", work);
        let gave_up = tokio::time::timeout(Duration::from_millis(1), waiting).await;
        assert!(gave_up.is_err());
        assert_eq!(lifecycle.task_count(), 1);
        may_end.notify_one();
        assert!(lifecycle.shut_down(Duration::from_secs(5)).await);
        assert!(has_ended.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_what_a_service_begins_at_the_last_moment() {
        let lifecycle = Lifecycle::new();
        let (last, has_ended) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (around, begin, flag) = (lifecycle.clone(), last.clone(), has_ended.clone());
        lifecycle.spawn_behind("service", async move {
            begin.notified().await;
            let work = async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                flag.store(true, Ordering::Relaxed);
            };
            around.to_its_end("write", work).await;
        });
        let stop = lifecycle.soft_token();
        lifecycle.spawn("task", Ends::Alone, async move {
            stop.cancelled().await;
            last.notify_one();
        });
        assert!(lifecycle.shut_down(Duration::from_secs(5)).await);
        assert!(has_ended.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn who_waits_has_the_result() {
        assert_eq!(Lifecycle::new().to_its_end("write", async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn a_panic_is_the_callers_too() {
        let around = Lifecycle::new();
        let (lifecycle, (end, ended)) = (around.clone(), oneshot::channel::<()>());
        around.spawn("connection", Ends::Alone, async move {
            let _end = end;
            lifecycle
                .to_its_end("write", async { panic!("on purpose") })
                .await
        });
        // The connection's state was dropped, and nothing was answered.
        assert!(ended.await.is_err());
        assert!(around.shut_down(Duration::from_secs(5)).await);
    }
}
