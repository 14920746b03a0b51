//! A job's events as they come, from any number on, without a gap.
//!
//! What is told comes from the database alone; hints only say when to look. So a watcher misses
//! nothing when a hint is lost, when it comes back with the last number that it saw, or when the
//! database is away for a while.

use std::collections::VecDeque;
use std::time::Duration;

use shared::job::{Event, JobId, NumberedEvent, Status};

use crate::bell::Watching;
use crate::error::Error;
use crate::estimate::Outlook;
use crate::queue::{Queue, Viewer};

/// A watcher looks by itself so often: for what was not hinted at, and for its place in the queue.
const POLL: Duration = Duration::from_secs(1);
/// Events that are read at once.
const PAGE: u32 = 256;

/// A watcher of one job.
pub struct Watch {
    queue: Queue,
    id: JobId,
    watching: Watching,
    /// The last number that was told.
    after: u64,
    ready: VecDeque<NumberedEvent>,
    /// Its place in the queue as it was told last.
    told: Option<(Option<u64>, Outlook)>,
    is_over: bool,
}

impl Queue {
    /// Watches a job from the event after number `after`.
    ///
    /// Errors: [`Error::NotFound`].
    pub async fn watch(&self, id: &JobId, viewer: Viewer<'_>, after: u64) -> Result<Watch, Error> {
        self.check_visible(id, viewer).await?;
        Ok(Watch {
            watching: self.0.bell.watch(id),
            queue: self.clone(),
            id: id.clone(),
            after,
            ready: VecDeque::new(),
            told: None,
            is_over: false,
        })
    }
}

impl Watch {
    /// The next event; `None` after the terminal one, also where that was before the watch began, or
    /// where the job was deleted meanwhile.
    ///
    /// Shape: while the job is queued, `queued` comes again with the same number whenever its
    /// place or its outlook has changed. Waits through the database's absence. Cancel safe.
    pub async fn next(&mut self) -> Option<NumberedEvent> {
        loop {
            if let Some(event) = self.at_once().await {
                return event;
            }
            let _ = tokio::time::timeout(POLL, self.watching.news()).await;
        }
    }

    /// The next event that is there already; `None` where there is none yet, `Some(None)` at the
    /// end.
    pub async fn at_once(&mut self) -> Option<Option<NumberedEvent>> {
        if self.ready.is_empty() && !self.is_over {
            match self.look().await {
                Ok(()) => {}
                Err(Error::NotFound(_)) => self.is_over = true,
                Err(error) => {
                    tracing::debug!(job.id = %self.id, %error, "a job's events can't be read now");
                }
            }
        }
        if let Some(event) = self.ready.pop_front() {
            self.after = event.id;
            self.is_over |= event.event.is_terminal();
            return Some(Some(event));
        }
        self.is_over.then_some(None)
    }

    async fn look(&mut self) -> Result<(), Error> {
        let jobs = self.queue.0.store.jobs();
        let events = jobs.events(&self.id, self.after, PAGE).await?;
        let has_news = !events.is_empty();
        self.ready.extend(events);
        if has_news && !matches!(self.ready.back(), Some(last) if is_queued(&last.event)) {
            self.told = None;
            return Ok(());
        }
        self.look_at_place(has_news).await
    }

    /// Tells where a queued job stands, where that is news.
    async fn look_at_place(&mut self, has_news: bool) -> Result<(), Error> {
        if !has_news && self.told.is_none() && self.after == 0 {
            return Ok(());
        }
        let inner = &self.queue.0;
        let job = inner.store.jobs().head(&self.id).await?;
        if job.status != Status::Queued {
            // It moved on between two looks; its event comes with the next. Unless the watcher has
            // seen the end: it was written in one with the status.
            if !has_news && job.status.is_ended() {
                let jobs = inner.store.jobs();
                self.is_over = jobs.events(&self.id, self.after, 1).await?.is_empty();
            }
            return Ok(());
        }
        let outlook = inner.estimates.of(&job, &inner.store, &*inner.models);
        let place = (job.position, outlook.await?);
        if !has_news && self.told.as_ref() == Some(&place) {
            return Ok(());
        }
        let event = Event::Queued {
            position: place.0,
            eta_s: place.1.eta_s,
            reason: place.1.reason.clone(),
        };
        self.told = Some(place);
        match self.ready.back_mut() {
            Some(last) => last.event = event,
            None => self.ready.push_back(NumberedEvent {
                id: self.after,
                event,
            }),
        }
        Ok(())
    }
}

const fn is_queued(event: &Event) -> bool {
    matches!(event, Event::Queued { .. })
}
