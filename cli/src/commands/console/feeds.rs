//! One task for each feed that the console wants, and no others; and errands, which end.
//!
//! All of them tell through one bounded channel: who draws slowly is told slowly.

use std::collections::BTreeMap;
use std::pin::Pin;

use console::{Feed, News};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{AbortHandle, JoinSet};

use super::fetch;
use crate::client::Client;

/// News that may wait to be taken.
const MAX_WAITING: usize = 256;

/// What a task tells.
#[derive(Debug)]
pub(super) enum Told {
    News(News),
    /// An errand ended: what is to be said of it.
    Did {
        what: String,
        well: bool,
    },
}

/// Something that is done once, and what is to be said of its end.
pub(super) type Errand =
    Box<dyn FnOnce(Client) -> Pin<Box<dyn Future<Output = Told> + Send>> + Send>;

/// The tasks; dropping it ends them.
pub(super) struct Feeds {
    client: Client,
    tell: Sender<Told>,
    told: Receiver<Told>,
    running: BTreeMap<Feed, AbortHandle>,
    tasks: JoinSet<()>,
}

impl Feeds {
    pub(super) fn new(client: Client) -> Self {
        let (tell, told) = channel(MAX_WAITING);
        Self {
            client,
            tell,
            told,
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Begins what is wanted and does not run, ends what runs and is not wanted.
    pub(super) fn follow(&mut self, wanted: &[Feed]) {
        self.running.retain(|feed, task| {
            let keep = wanted.contains(feed);
            if !keep {
                task.abort();
            }
            keep
        });
        for feed in wanted {
            if !self.running.contains_key(feed) {
                let fetch = fetch::run(feed.clone(), self.client.clone(), self.tell.clone());
                let task = self.tasks.spawn(fetch);
                self.running.insert(feed.clone(), task);
            }
        }
    }

    /// Ends all feeds until they are wanted again; errands go on.
    pub(super) fn pause(&mut self) {
        self.follow(&[]);
    }

    /// Fetches everything again, now.
    pub(super) fn begin_anew(&mut self) {
        self.pause();
    }

    /// Does something once.
    pub(super) fn errand(&mut self, errand: Errand) {
        let (work, tell) = (errand(self.client.clone()), self.tell.clone());
        self.tasks.spawn(async move {
            // Nobody listens only when the run is over.
            let _ = tell.send(work.await).await;
        });
    }

    /// What comes next. Cancel-safe.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            tokio::select! {
                biased;
                Some(end) = self.tasks.join_next() => {
                    // Ours is the fault; it must not go unseen.
                    if let Err(why) = end
                        && why.is_panic()
                    {
                        std::panic::resume_unwind(why.into_panic());
                    }
                }
                Some(told) = self.told.recv() => return told,
            }
        }
    }

    /// What is there already.
    pub(super) fn ready(&mut self) -> Option<Told> {
        self.told.try_recv().ok()
    }
}
