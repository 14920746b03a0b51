//! The tasks of one channel: each can be cancelled by its id, all of them by dropping the table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

/// Tasks that run at once over one channel. The server admits far fewer per provider.
const MAX_TASKS: usize = 4096;

/// The tasks that run.
#[derive(Default)]
pub struct Tasks {
    running: Mutex<Running>,
    empty: Notify,
}

#[derive(Default)]
struct Running {
    by_id: HashMap<Arc<str>, oneshot::Sender<()>>,
    /// No more are taken.
    closed: bool,
}

/// Why a task is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// The publisher is stopping, or the channel is gone.
    Closed,
    /// [`MAX_TASKS`] run already.
    Full,
    /// It runs already.
    Known,
}

/// A running task's place in the table; gives it up when dropped.
pub(super) struct Place {
    tasks: Arc<Tasks>,
    id: Arc<str>,
    cancelled: oneshot::Receiver<()>,
}

impl Tasks {
    /// Gives the task called `id` a place.
    pub(super) fn enter(self: &Arc<Self>, id: Arc<str>) -> Result<Place, NotTaken> {
        let mut running = self.lock();
        if running.closed {
            return Err(NotTaken::Closed);
        }
        if running.by_id.len() >= MAX_TASKS {
            return Err(NotTaken::Full);
        }
        if running.by_id.contains_key(&id) {
            return Err(NotTaken::Known);
        }
        let (cancel, cancelled) = oneshot::channel();
        running.by_id.insert(id.clone(), cancel);
        let tasks = self.clone();
        Ok(Place {
            tasks,
            id,
            cancelled,
        })
    }

    /// Stops a task; whether it ran.
    pub(super) fn cancel(&self, id: &str) -> bool {
        let cancel = self.lock().by_id.remove(id);
        // Dropped is cancelled.
        cancel.is_some()
    }

    /// Takes no more tasks.
    pub fn close(&self) {
        self.lock().closed = true;
        self.empty.notify_waiters();
    }

    /// Takes no more tasks and stops all that run.
    pub fn abort(&self) {
        let stopped = {
            let mut running = self.lock();
            running.closed = true;
            std::mem::take(&mut running.by_id)
        };
        drop(stopped);
        self.empty.notify_waiters();
    }

    /// Tasks that run now.
    pub fn count(&self) -> usize {
        self.lock().by_id.len()
    }

    /// Resolves once none runs.
    pub async fn empty(&self) {
        self.until(|running| running.by_id.is_empty()).await;
    }

    /// Resolves once none runs and none will.
    pub async fn over(&self) {
        self.until(|running| running.closed && running.by_id.is_empty())
            .await;
    }

    async fn until(&self, holds: impl Fn(&Running) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.empty.notified());
            // Before the look, so that the last change is not missed.
            changed.as_mut().enable();
            if holds(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Resolves once the task is to stop.
    pub(super) async fn cancelled(&mut self) {
        let _ = (&mut self.cancelled).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.tasks.lock();
        running.by_id.remove(&self.id);
        if running.by_id.is_empty() {
            self.tasks.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_is_cancelled_by_its_id_and_all_of_them_by_an_abort() {
        let tasks = Arc::new(Tasks::default());
        let mut a = tasks.enter("a".into()).unwrap();
        let mut b = tasks.enter("b".into()).unwrap();
        assert_eq!(tasks.enter("a".into()).err(), Some(NotTaken::Known));
        assert!(tasks.cancel("a") && !tasks.cancel("c"));
        a.cancelled().await;
        tasks.abort();
        b.cancelled().await;
        assert_eq!(tasks.enter("d".into()).err(), Some(NotTaken::Closed));
    }

    #[tokio::test]
    async fn a_closed_table_is_empty_when_the_last_task_has_left() {
        let tasks = Arc::new(Tasks::default());
        let place = tasks.enter("a".into()).unwrap();
        tasks.close();
        let mut empty = std::pin::pin!(tasks.empty());
        tokio::select! {
            biased;
            () = &mut empty => panic!("one still runs"),
            () = tokio::task::yield_now() => {}
        }
        drop(place);
        empty.await;
    }

    #[tokio::test]
    async fn a_table_is_over_when_it_is_closed_and_not_while_it_is_only_empty() {
        let tasks = Arc::new(Tasks::default());
        tasks.empty().await;
        let mut over = std::pin::pin!(tasks.over());
        tokio::select! {
            biased;
            () = &mut over => panic!("another may come"),
            () = tokio::task::yield_now() => {}
        }
        tasks.close();
        over.await;
    }
}
