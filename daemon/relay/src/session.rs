//! One publisher: its channel while one is bound, and the tasks that it works on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use registry::{Live, Registry};
use shared::channel::{Ack, Cancel, Frame};
use shared::lifecycle::Event;
use shared::name::Name;
use shared::timestamp::Timestamp;
use tokio::time::Instant;

use crate::channel::Channel;
use crate::error::Error;
use crate::task::{Task, TaskId};

/// A registered session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) principal: String,
    state: Mutex<State>,
}

/// What changes. Held for moments only, never across an await.
pub(crate) struct State {
    /// Of the newest bind.
    pub(crate) epoch: u64,
    pub(crate) channel: Option<Channel>,
    pub(crate) offer: Vec<Offered>,
    pub(crate) tasks: HashMap<u64, Task>,
    /// Tasks handed out in this epoch.
    pub(crate) task_count: u64,
    /// An upload has arrived on this channel, and its publisher was told so.
    pub(crate) upload_acknowledged: bool,
    /// The last register, bind, heartbeat or unbind.
    pub(crate) touched_at: Instant,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("epoch", &self.epoch)
            .field("channel", &self.channel)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

/// A provider that the session offers.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) name: Name,
    pub(crate) asleep: bool,
    pub(crate) live: Arc<Live>,
}

impl Offered {
    /// What happens to its row when the channel is proven.
    pub(crate) fn bound_event(&self) -> Event {
        if self.asleep {
            Event::BoundAsleep
        } else {
            Event::Bound
        }
    }
}

impl Session {
    pub(crate) fn new(id: String, principal: String, epoch: u64, now: Instant) -> Self {
        Self {
            id,
            principal,
            state: Mutex::new(State {
                epoch,
                channel: None,
                offer: Vec::new(),
                tasks: HashMap::new(),
                task_count: 0,
                upload_acknowledged: false,
                touched_at: now,
            }),
        }
    }

    /// How long there was no sign of life. A channel is one.
    pub(crate) fn silent_for(&self, now: Instant) -> Duration {
        let state = self.lock();
        match state.channel {
            Some(_) => Duration::ZERO,
            None => now.duration_since(state.touched_at),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the task that a publisher names, for `use_it`.
    ///
    /// Errors: [`Error::StaleEpoch`] for an older channel's, [`Error::TaskEnded`] for one that is
    /// over, [`Error::NotFound`] for one that never was.
    pub(crate) fn with_task<T>(
        &self,
        id: TaskId,
        use_it: impl FnOnce(&mut Task) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = self.lock();
        if id.epoch != state.epoch {
            let (found, current) = (id.epoch, state.epoch);
            return Err(if found < current {
                Error::StaleEpoch { found, current }
            } else {
                Error::NotFound
            });
        }
        let handed_out = id.number <= state.task_count && id.number > 0;
        match state.tasks.get_mut(&id.number) {
            Some(task) => use_it(task),
            None if handed_out => Err(Error::TaskEnded),
            None => Err(Error::NotFound),
        }
    }

    /// Tells the publisher, once per epoch, that an upload arrives as it is sent.
    pub(crate) fn acknowledge_upload(&self, id: TaskId) {
        let mut state = self.lock();
        if id.epoch != state.epoch || std::mem::replace(&mut state.upload_acknowledged, true) {
            return;
        }
        if let Some(channel) = &mut state.channel {
            let task_id = id.to_string();
            channel.stuck |= !channel.say(&Frame::Ack(Ack { task_id }));
        }
    }

    /// The task ended well, or the publisher knows that it did not.
    pub(crate) fn forget(&self, id: TaskId) {
        let mut state = self.lock();
        if id.epoch == state.epoch {
            state.tasks.remove(&id.number);
        }
    }

    /// The caller wants no more: tells the publisher to stop.
    pub(crate) fn cancel(&self, id: TaskId, reason: &str) {
        let mut state = self.lock();
        if id.epoch != state.epoch || state.tasks.remove(&id.number).is_none() {
            return;
        }
        let frame = Frame::Cancel(Cancel {
            task_id: id.to_string(),
            reason: reason.into(),
        });
        let said = state
            .channel
            .as_ref()
            .is_some_and(|channel| channel.say(&frame));
        if !said {
            // A publisher that can't be told to stop must notice that it is not listened to.
            tracing::warn!(session.id = %self.id, task.id = %id, "a cancel did not fit the channel");
            if let Some(channel) = &mut state.channel {
                channel.stuck = true;
            }
        }
    }
}

impl State {
    /// Takes the channel down: rows inactive, tasks failed. Idempotent.
    pub(crate) fn unbind(&mut self, session: &str, registry: &Registry, now: Timestamp) -> bool {
        self.touched_at = Instant::now();
        let Some(channel) = self.channel.take() else {
            return false;
        };
        if channel.acknowledged {
            for offered in &self.offer {
                registry.apply(&offered.name, session, Event::ChannelClosed, now);
            }
        }
        for (_, mut task) in self.tasks.drain() {
            task.fail(Error::Disconnected);
        }
        true
    }
}
