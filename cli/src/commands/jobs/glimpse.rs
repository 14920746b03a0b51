//! What a running job tells at the moment, for its bar. A look on the side: it holds nothing up,
//! and where it fails the bar shows less.

use std::sync::{Arc, Mutex, PoisonError};

use shared::job::JobId;
use tokio::task::JoinSet;

use super::event::What;
use super::follow::{Follow, Told};
use crate::client::Client;

/// A stream that is followed until this is dropped.
pub(super) struct Glimpse {
    last: Arc<Mutex<Option<String>>>,
    /// Dropping the set ends its task.
    _follower: JoinSet<()>,
}

impl Glimpse {
    pub(super) fn new(client: &Client, id: &JobId) -> Self {
        let last = Arc::new(Mutex::new(None));
        let follow = Follow::new(client.clone(), id.clone());
        let mut follower = JoinSet::new();
        follower.spawn(look(follow, last.clone()));
        Self {
            last,
            _follower: follower,
        }
    }

    /// What it told last, in words.
    pub(super) fn words(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

async fn look(mut follow: Follow, last: Arc<Mutex<Option<String>>>) {
    let mut chars = 0;
    loop {
        let words = match follow.next().await {
            Ok(Told::Event(event)) => match &event.what {
                What::Chunk(piece) => {
                    chars += piece.chars().count();
                    Some(format!("answering, {chars} characters"))
                }
                // Another attempt begins with an empty answer.
                What::Running => {
                    chars = 0;
                    None
                }
                What::Progress => event.words(),
                _ => continue,
            },
            Ok(Told::Lost(_) | Told::Back) => continue,
            Ok(Told::End) | Err(_) => return,
        };
        *last.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}
