//! Which names can take a job now: what the models say, less what is on its way to them.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::time::Instant;

use crate::models::Models;

/// A name that turned out to have no room, though it said so, is left alone for so long.
const REST: Duration = Duration::from_secs(1);
/// Names that are left alone; beyond, the list begins again.
const MAX_RESTING: usize = 1000;

/// The rooms as the dispatcher sees them.
pub(super) struct Rooms {
    models: Arc<dyn Models>,
    /// Jobs that were claimed and have not begun with their model.
    on_the_way: DashMap<String, u32>,
    resting: DashMap<String, Instant>,
}

/// A job on its way to its model; it is there, or will never be, when this is dropped.
pub(super) struct OnTheWay {
    rooms: Arc<Rooms>,
    name: String,
}

impl Rooms {
    pub(super) fn new(models: Arc<dyn Models>) -> Arc<Self> {
        Arc::new(Self {
            models,
            on_the_way: DashMap::new(),
            resting: DashMap::new(),
        })
    }

    /// How many further jobs `name` can take at once.
    pub(super) fn free(&self, name: &str) -> u32 {
        let rests = |until: &Instant| *until > Instant::now();
        if self.resting.get(name).is_some_and(|until| rests(&until)) {
            return 0;
        }
        let on_the_way = self.on_the_way.get(name).map_or(0, |count| *count);
        self.models.room(name).free.saturating_sub(on_the_way)
    }

    /// Notes that a job goes to `name`.
    pub(super) fn send(self: &Arc<Self>, name: &str) -> OnTheWay {
        *self.on_the_way.entry(name.to_owned()).or_insert(0) += 1;
        OnTheWay {
            rooms: self.clone(),
            name: name.to_owned(),
        }
    }

    /// Leaves `name` alone for a moment.
    pub(super) fn rest(&self, name: &str) {
        if self.resting.len() >= MAX_RESTING {
            self.resting.clear();
        }
        let until = Instant::now() + REST;
        self.resting.insert(name.to_owned(), until);
    }
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        if let Some(mut count) = self.rooms.on_the_way.get_mut(&self.name) {
            *count = count.saturating_sub(1);
        }
        let on_the_way = &self.rooms.on_the_way;
        on_the_way.remove_if(&self.name, |_, count| *count == 0);
    }
}
